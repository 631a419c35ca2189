import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto'
import { claimsFromText, textFromClaims, type SessionClaims } from './claims.ts'
import type { TokenHash } from '../hash.ts'

/** The longest session token: it travels with every request, and some clients and proxies bear no more in a header. */
export const MAX_SESSION_LENGTH = 2_048

/** The 43 characters of base64url that 32 bytes take. */
const MAC_LENGTH = 43

/** How session tokens begin. @param prefix of all tokens of this gateway, without the underscore */
export function sessionMark(prefix: string): string {
  return `${prefix}s_`
}

/** The key of all session tokens of this gateway, made of the pepper: with the same pepper it is the same on every replica. */
export function sessionKey(hash: TokenHash): KeyObject {
  return createSecretKey(Buffer.from(hash('session-tokens'), 'hex'))
}

function macOf(signed: string, key: KeyObject): string {
  return createHmac('sha256', key).update(signed).digest('base64url')
}

/**
 * The token that says these claims: `<prefix>s_`, their JSON in base64url, a dot, and the HMAC-SHA-256 of all before it.
 * No field names an algorithm, so there is none to be confused about. It may be longer than `MAX_SESSION_LENGTH`.
 */
export function sealSession(claims: SessionClaims, key: KeyObject, prefix: string): string {
  const signed = sessionMark(prefix) + Buffer.from(textFromClaims(claims)).toString('base64url')
  return `${signed}.${macOf(signed, key)}`
}

/** Whether a text looks like a session token, whatever it says: enough to tell the kinds of credentials apart. */
export function isSessionShaped(text: string, prefix: string): boolean {
  return text.startsWith(sessionMark(prefix))
}

/**
 * What a session token says; it says nothing about whether its time has come, is over, or its parent lives.
 * The whole MAC is compared, as text, before anything that stands before it is read: of two texts that decode to the
 * same bytes only one is a token.
 * @returns null for everything that was not sealed with this key under this prefix
 */
export function openSession(text: string, key: KeyObject, prefix: string): SessionClaims | null {
  const dot = text.length - MAC_LENGTH - 1
  if (text.length > MAX_SESSION_LENGTH || !isSessionShaped(text, prefix) || text[dot] !== '.') return null
  const signed = text.slice(0, dot)
  const expected = Buffer.from(macOf(signed, key))
  const given = Buffer.from(text.slice(dot + 1))
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null
  return claimsFromText(Buffer.from(signed.slice(sessionMark(prefix).length), 'base64url').toString())
}
