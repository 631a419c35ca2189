import type { JwtIssuer } from '../../config/jwt-issuers.ts'
import { JwtError } from './verify.ts'
import type { JsonObject } from './text.ts'

/** The latest time that is one: year 9999. Beyond it, dates and additions stop being what they seem. */
const LAST_SECOND = 253_402_300_799

/** The longest text of a claim that names somebody. */
const MAX_NAME = 1_024

/** What the gateway takes from a token that is valid. */
export interface JwtClaims {
  /** Who the user is, in the issuer's words; '' where the issuer's tokens are a fixed user's. */
  readonly user: string
  /** Who the end user is; '' where no claim says so. */
  readonly endUser: string
  readonly plan: string | null
  readonly name: string | null
  /** null as well when the issuer does not say that it is verified. */
  readonly email: string | null
  /** From when on it is refused: `exp` and the leeway. Milliseconds since the Unix epoch. */
  readonly endsAt: number
}

function refused(claim: string): JwtError {
  return new JwtError('claim', claim)
}

/** A NumericDate (RFC 7519, section 2) in whole seconds. */
function secondsOf(claims: JsonObject, claim: string): number {
  const value = claims[claim]
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > LAST_SECOND)
    throw refused(claim)
  return value
}

/** Who is named by a claim. Whole numbers too: ids are some, though not `sub` (RFC 7519, section 4.1.2). */
function nameIn(claims: JsonObject, claim: string): string {
  const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined
  const text = claim !== 'sub' && Number.isSafeInteger(value) ? String(value) : value
  if (typeof text !== 'string' || text === '' || text.length > MAX_NAME) throw refused(claim)
  return text
}

function isMet(value: unknown, wanted: string | number | boolean): boolean {
  return value === wanted || (Array.isArray(value) && value.includes(wanted))
}

function lineIn(claims: JsonObject, claim: string, pattern: RegExp): string | null {
  const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined
  return typeof value === 'string' && pattern.test(value) ? value : null
}

/** As the admin API takes them; what is otherwise is left out, since nobody can mend it here. */
const NAME = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,100}$/u
const EMAIL = /^(?=.{3,254}$)[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u
const PLAN = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,64}$/u

/** Nobody can be asked here whether they hold the key that a token is bound to (RFC 7800), so it is no credential. */
function checkUnbound(claims: JsonObject): void {
  if (Object.hasOwn(claims, 'cnf')) throw refused('cnf')
}

function checkTimes(claims: JsonObject, { leewayMs, maxAgeMs }: JwtIssuer, now: number): number {
  const [issuedAt, expiresAt] = [secondsOf(claims, 'iat'), secondsOf(claims, 'exp')]
  const startsAt = claims.nbf === undefined ? issuedAt : secondsOf(claims, 'nbf')
  const latest = (now + leewayMs) / 1000
  if (issuedAt > latest) throw refused('iat')
  if (startsAt > latest) throw refused('nbf')
  if (expiresAt <= issuedAt || (expiresAt - issuedAt) * 1000 > maxAgeMs) throw refused('exp')
  return expiresAt * 1000 + leewayMs
}

/**
 * What a token says that the library has found valid; checks what the library leaves to us.
 * @param now milliseconds since the Unix epoch
 * @throws JwtError that names the claim which is wrong
 */
export function readClaims(claims: JsonObject, issuer: JwtIssuer, now: number): JwtClaims {
  const endsAt = checkTimes(claims, issuer, now)
  nameIn(claims, 'sub')
  checkUnbound(claims)
  for (const [claim, wanted] of Object.entries(issuer.requiredClaims)) {
    if (!Object.hasOwn(claims, claim) || !isMet(claims[claim], wanted)) throw refused(claim)
  }
  const { userClaim, endUserClaim, planClaim } = issuer
  return {
    user: userClaim === null ? '' : nameIn(claims, userClaim),
    endUser: endUserClaim === null ? '' : nameIn(claims, endUserClaim),
    plan: planClaim === null ? null : lineIn(claims, planClaim, PLAN),
    name: lineIn(claims, 'name', NAME),
    email: claims.email_verified === true ? lineIn(claims, 'email', EMAIL) : null,
    endsAt,
  }
}
