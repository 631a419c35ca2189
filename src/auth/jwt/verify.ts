import { createLocalJWKSet, jwtVerify } from 'jose'
import type { JwtIssuer } from '../../config/jwt-issuers.ts'
import type { Jwk } from '../../lib/jwk.ts'
import type { JsonObject } from './text.ts'

/** Why a token is not valid. */
export type JwtProblem =
  /** No key of that `kid` and kind is among those that are known. */
  | 'key'
  | 'signature'
  | 'expired'
  /** Any of the claims, see `claim`. */
  | 'claim'

/** A token that is not valid. Nothing of what it says stands in the message. */
export class JwtError extends Error {
  override readonly name = 'JwtError'
  readonly problem: JwtProblem
  /** The claim that is wrong; '' where it is none. Said of a token alone whose signature is right. */
  readonly claim: string

  constructor(problem: JwtProblem, claim = '') {
    super(claim === '' ? `the JWT is refused: ${problem}` : `the JWT is refused: ${problem} ${claim}`)
    this.problem = problem
    this.claim = claim
  }
}

/** The keys of an issuer, with which its tokens are checked. */
export interface JwtKeySet {
  readonly keys: readonly Jwk[]
  /**
   * Checks signature, `iss`, `aud`, `exp`, `nbf` and `iat`.
   * @param now milliseconds since the Unix epoch
   * @returns the claims. Rejects with a JwtError
   */
  verify(token: string, issuer: JwtIssuer, now: number): Promise<JsonObject>
}

/** What the library's errors are called (docs of jose 6, `errors`). */
const PROBLEMS: Readonly<Record<string, JwtProblem>> = {
  ERR_JWKS_NO_MATCHING_KEY: 'key',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'key',
  ERR_JWT_EXPIRED: 'expired',
  ERR_JWT_CLAIM_VALIDATION_FAILED: 'claim',
}

function textIn(error: unknown, name: 'code' | 'claim'): string {
  if (typeof error !== 'object' || error === null || !(name in error)) return ''
  const value: unknown = Reflect.get(error, name)
  return typeof value === 'string' ? value : ''
}

/** The library's own errors hold the claims of the token, so that none of them goes any further. */
function problemOf(error: unknown): JwtError {
  const problem = PROBLEMS[textIn(error, 'code')] ?? 'signature'
  return new JwtError(problem, problem === 'claim' ? textIn(error, 'claim') : '')
}

/** What checks tokens with these keys; of keys that fit alike, none is tried unless the token names it. */
export function keySetOf(keys: readonly Jwk[]): JwtKeySet {
  const find = createLocalJWKSet({ keys: keys.map((key) => ({ ...key })) })
  return {
    keys,
    async verify(token, { issuer, audiences, algorithms, leewayMs }, now) {
      try {
        const { payload } = await jwtVerify(token, find, {
          algorithms: [...algorithms],
          issuer,
          audience: [...audiences],
          requiredClaims: ['exp', 'iat', 'iss', 'aud', 'sub'],
          currentDate: new Date(now),
          clockTolerance: Math.floor(leewayMs / 1000),
        })
        return payload
      } catch (error) {
        throw problemOf(error)
      }
    },
  }
}
