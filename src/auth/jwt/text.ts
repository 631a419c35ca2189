import { strictJson } from '../../lib/strict-json.ts'

/** The longest token that is looked at: with the other headers it must fit into the 16 KiB that the server reads. */
export const MAX_JWT = 8_192

/** How deep claims may nest: `realm_access.roles` and its like, and some more. */
const MAX_DEPTH = 16

const MAX_KID = 256

/** Three parts of base64url; the signature of an algorithm `none` would be empty (RFC 7515, section 7.1). */
const COMPACT = /^(eyJ[A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/

/** How access and ID tokens say what they are (RFC 7519, section 5.1; RFC 9068). Others are for somebody else. */
const TYPES = new Set(['jwt', 'at+jwt', 'application/jwt', 'application/at+jwt'])

/**
 * What no header may have: a key of its own or where to get one (`jwk`, `jku`, `x5u`, `x5c`), an extension that must be
 * understood (`crit`, `b64`), a token within the token (`cty`), encryption (`enc`) or compression (`zip`).
 */
const FORBIDDEN = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'cty', 'enc', 'zip']

/** A JSON object that was parsed. */
export type JsonObject = Readonly<Record<string, unknown>>

/** A token that is well-formed. Nothing that it says is proved. */
export interface JwtText {
  readonly alg: string
  /** undefined: it names no key. */
  readonly kid: string | undefined
  readonly claims: JsonObject
}

/** Whether a credential is to be taken for a JWT: cheap, and true for everything that begins as one. */
export function looksLikeJwt(credential: string): boolean {
  return credential.startsWith('eyJ') && credential.includes('.')
}

function objectOf(part: string): JsonObject | null {
  const bytes = Buffer.from(part, 'base64url')
  // A text that decodes to the same bytes as another would be a second name for one token.
  if (bytes.toString('base64url') !== part) return null
  const value = strictJson(bytes, MAX_DEPTH)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
}

function isHeader({ alg, kid, typ, ...rest }: JsonObject): boolean {
  if (typeof alg !== 'string') return false
  if (kid !== undefined && (typeof kid !== 'string' || kid === '' || kid.length > MAX_KID)) return false
  if (typ !== undefined && (typeof typ !== 'string' || !TYPES.has(typ.toLowerCase()))) return false
  return !FORBIDDEN.some((name) => Object.hasOwn(rest, name))
}

/** Reads a token in the compact form, and nothing else. @returns null when it is not one that could be valid */
export function readJwt(credential: string): JwtText | null {
  if (credential.length > MAX_JWT) return null
  const [, header = '', payload = '', signature = ''] = COMPACT.exec(credential) ?? []
  if (signature === '') return null
  if (Buffer.from(signature, 'base64url').toString('base64url') !== signature) return null
  const head = objectOf(header)
  if (head === null || !isHeader(head)) return null
  const claims = objectOf(payload)
  const { alg, kid } = head
  if (claims === null || typeof alg !== 'string') return null
  return { alg, kid: typeof kid === 'string' ? kid : undefined, claims }
}
