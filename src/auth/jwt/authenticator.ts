import { hash as digest, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { JwtIssuer } from '../../config/jwt-issuers.ts'
import { GatewayError } from '../../errors.ts'
import type { Clock } from '../../lib/clock.ts'
import { admitted, type Entry } from '../authenticator-entries.ts'
import { FRESH_MS } from '../authenticator-lookups.ts'
import type { JwtAuthenticator } from '../authenticator.ts'
import type { Identity } from '../identity.ts'
import { readClaims, type JwtClaims } from './claims.ts'
import { jwtIdentity } from './identity.ts'
import type { IssuerKeys } from './keys.ts'
import { readJwt, MAX_JWT, type JwtText } from './text.ts'
import type { JwtUsers } from './users.ts'
import { JwtError, type JwtKeySet } from './verify.ts'
import type { PageOrigins } from '../place.ts'

/** How long a token that is not valid is refused from memory. */
const INVALID_MS = 10_000

/** A look-up that changes keep overtaking is answered, after so many tries, by refusing. */
const MAX_TRIES = 5

/** An issuer with its keys. */
export interface KnownIssuer {
  readonly issuer: JwtIssuer
  readonly keys: Pick<IssuerKeys, 'known' | 'get'>
}

export interface JwtAuthenticatorOptions {
  readonly issuers: readonly KnownIssuer[]
  readonly users: Pick<JwtUsers, 'find'>
  readonly clock: Clock
  /** Web origins that the operator lets in with any credential. */
  readonly origins?: PageOrigins | undefined
  /** Tokens kept in memory, and as many that are not valid. Default: 10,000. */
  readonly cacheSize?: number
}

/** A token whose signature and claims are right. */
interface Verified {
  readonly known: KnownIssuer
  /** With which keys that was found. */
  readonly keySet: JwtKeySet
  readonly claims: JwtClaims
}

type Kept = Verified & { readonly entry: Entry | null }

/** What is wrong, for whoever made the token. Said of tokens alone that the issuer has signed. */
function refusalFrom(error: unknown): unknown {
  if (!(error instanceof JwtError)) return error
  if (error.problem === 'expired') return new GatewayError('token_expired', undefined, { cause: error })
  const detail =
    error.claim === ''
      ? undefined
      : `The token is not valid here: see its claim ${JSON.stringify(error.claim)}.`
  return new GatewayError('token_invalid', detail, { cause: error })
}

function audiencesOf({ claims }: JwtText): readonly unknown[] {
  return Array.isArray(claims.aud) ? claims.aud : [claims.aud]
}

/** Checks JWTs, and remembers them by their whole hash: what they say until they end, what the store says for a short time. */
class CachingJwtAuthenticator implements JwtAuthenticator {
  readonly #options: JwtAuthenticatorOptions
  readonly #salt = randomBytes(32).toString('hex')
  readonly #kept: LRUCache<string, Kept>
  readonly #invalid: LRUCache<string, { readonly error: unknown; readonly at: number }>
  readonly #underway = new Map<string, Promise<Identity>>()
  /** Rises with every change; what was read under an older one may be out of date. */
  #epoch = 0

  constructor(options: JwtAuthenticatorOptions) {
    const { cacheSize: max = 10_000 } = options
    this.#options = options
    this.#kept = new LRUCache({ max })
    this.#invalid = new LRUCache({ max })
  }

  authenticate(credential: string): Identity | Promise<Identity> {
    if (credential.length > MAX_JWT) throw new GatewayError('token_invalid')
    const { clock } = this.#options
    const now = clock.monotonic()
    const key = digest('sha256', this.#salt + credential, 'base64')
    const kept = this.#kept.get(key)
    if (kept !== undefined && kept.keySet === kept.known.keys.known) {
      const { entry } = kept
      if (entry !== null && now - entry.readAt <= FRESH_MS) return admitted(entry, clock)
    }
    const invalid = this.#invalid.get(key)
    if (invalid !== undefined && now - invalid.at <= INVALID_MS) throw invalid.error
    return this.#enterOnce(key, credential)
  }

  drop(isChanged: (identity: Identity) => boolean): void {
    this.#epoch++
    for (const [key, kept] of [...this.#kept]) {
      if (kept.entry !== null && isChanged(kept.entry.identity)) this.#kept.set(key, { ...kept, entry: null })
    }
  }

  #enterOnce(key: string, credential: string): Promise<Identity> {
    const shared = this.#underway.get(key)
    if (shared !== undefined) return shared
    const started = this.#enter(key, credential).finally(() => this.#underway.delete(key))
    this.#underway.set(key, started)
    return started
  }

  async #enter(key: string, credential: string): Promise<Identity> {
    let verified: Verified
    try {
      verified = await this.#verified(this.#kept.get(key), credential)
    } catch (thrown) {
      this.#kept.delete(key)
      const error = refusalFrom(thrown)
      if (thrown instanceof JwtError) this.#refuseLater(key, error)
      throw error
    }
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const [readAt, epoch] = [this.#options.clock.monotonic(), this.#epoch]
      const entry = await this.#look(key, verified, readAt)
      if (epoch !== this.#epoch) continue
      this.#kept.set(key, { ...verified, entry })
      return admitted(entry, this.#options.clock)
    }
    throw new GatewayError('store_unavailable')
  }

  /** What was found valid stays so while the keys stay the same; that its time is over is told with its identity. */
  async #verified(kept: Verified | undefined, credential: string): Promise<Verified> {
    const text = readJwt(credential)
    const known = text === null ? undefined : this.#issuerOf(text)
    if (text === null || known === undefined) throw new JwtError('signature')
    const keySet = await known.keys.get(text.kid)
    if (kept?.keySet === keySet) return kept
    const now = this.#options.clock.now()
    const claims = readClaims(await keySet.verify(credential, known.issuer, now), known.issuer, now)
    return { known, keySet, claims }
  }

  /** By what the token says of itself, which only the signature proves. */
  #issuerOf(text: JwtText): KnownIssuer | undefined {
    const audiences = audiencesOf(text)
    const fitting = this.#options.issuers.filter(
      ({ issuer }) =>
        issuer.issuer === text.claims.iss &&
        issuer.algorithms.some((algorithm) => algorithm === text.alg) &&
        issuer.audiences.some((audience) => audiences.includes(audience)),
    )
    // A token for two of the operator's audiences would be two credentials.
    return fitting.length === 1 ? fitting[0] : undefined
  }

  async #look(key: string, { known: { issuer }, claims }: Verified, readAt: number): Promise<Entry> {
    try {
      const { user, plan } = await this.#options.users.find(issuer, claims)
      const identity = jwtIdentity(issuer, claims, user, plan, this.#options.origins)
      return { identity, refusal: user.status === 'suspended' ? 'user_suspended' : null, readAt }
    } catch (error) {
      if (!(error instanceof GatewayError))
        throw new GatewayError('store_unavailable', undefined, { cause: error })
      if (error.code === 'user_not_known') this.#refuseLater(key, error)
      throw error
    }
  }

  #refuseLater(key: string, error: unknown): void {
    this.#invalid.set(key, { error, at: this.#options.clock.monotonic() })
  }
}

/** What tells who presents a JWT. */
export function createJwtAuthenticator(options: JwtAuthenticatorOptions): JwtAuthenticator {
  return new CachingJwtAuthenticator(options)
}
