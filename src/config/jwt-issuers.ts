import type { Jwk } from '../lib/jwk.ts'

/** Signatures that can be told apart by a public key alone (RFC 7518, 8037, 9864). None that a shared secret makes. */
export const JWT_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const

export type JwtAlgorithm = (typeof JWT_ALGORITHMS)[number]

/** Where the public keys of an issuer are read. */
export type JwtKeySource =
  /** At `jwks_uri` in the document that the issuer publishes (OpenID Connect Discovery 1.0, section 4). */
  | { readonly kind: 'discovery' }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'keys'; readonly keys: readonly Jwk[] }

/** An identity provider of the operator's, whose tokens (JWTs) the gateway takes. Times are milliseconds. */
export interface JwtIssuer {
  /** By which logs, metrics and ids call it. */
  readonly name: string
  /** Exactly what `iss` says. */
  readonly issuer: string
  /** One of these stands in `aud`. */
  readonly audiences: readonly string[]
  readonly keys: JwtKeySource
  readonly algorithms: readonly JwtAlgorithm[]
  /** The claim that names the user; null: all tokens are the fixed user's. */
  readonly userClaim: string | null
  readonly user: string | null
  /** The claim that names the end user; null: none does. */
  readonly endUserClaim: string | null
  /** The claim that names the plan of a user who is made. */
  readonly planClaim: string | null
  /** The plan of a user who is made where no claim names one that exists; null only where no users are made. */
  readonly plan: string | null
  readonly createsUsers: boolean
  /** Whether what the claim says is the user's id as it stands; otherwise it begins with the issuer's name. */
  readonly sharesUsers: boolean
  /** By how much clocks may differ. */
  readonly leewayMs: number
  /** From `iat` to `exp` at the most. */
  readonly maxAgeMs: number
  /** Claims that must be there with just this value, or be lists with it in them. */
  readonly requiredClaims: Readonly<Record<string, string | number | boolean>>
  /** Names, `modality.*` or `*`; null: all. */
  readonly operations: readonly string[] | null
  readonly models: readonly string[] | null
  /** Web origins from whose pages alone its tokens may be used; null: not bound to any. */
  readonly origins: readonly string[] | null
}
