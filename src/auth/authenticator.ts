import { hash as digest, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { GatewayError, type RefusalCode } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Plan, Store, Token, User } from '../store/store.ts'
import { identityFrom } from './effective.ts'
import { isSameHash, type TokenHash } from './hash.ts'
import type { Ending, Identity } from './identity.ts'
import type { PageOrigins } from './place.ts'
import { TokenRefusal } from './refusal.ts'
import { parseToken } from './token.ts'

/** How long a token is served from memory before the store is asked again. */
const FRESH_MS = 30_000

/** How long a hash that the store did not know is refused from memory. */
const UNKNOWN_MS = 10_000

/** A look-up that changes keep overtaking is answered, after so many tries, by refusing. */
const MAX_TRIES = 5

/** Tokens that may be slowed down at a time; beyond it, those looked up the longest ago go at their own speed again. */
const MAX_THROTTLED = 10_000

/** Tells who calls. */
export interface Authenticator {
  /**
   * Who holds a credential. A cached one is answered at once, without a promise.
   * @throws GatewayError (or rejects with it) `token_invalid`, `store_unavailable`
   * @throws TokenRefusal (or rejects with it) `token_expired`, `token_revoked`, `token_suspended`, `user_suspended`
   */
  authenticate(credential: string): Identity | Promise<Identity>
  /** A token or user has ended, and the store says so already: nothing older is used from now on, and listeners are told. */
  forget(ending: Ending): void
  /** A user has changed without ending, and the store says so already. */
  refresh(userId: string): void
  /** A plan was added, changed or removed, and the store says so already. */
  refreshPlan(planId: string): void
  /** A token was added: its hash is not unknown any more, whoever tried it before. */
  welcome(hash: string): void
  /**
   * Slows a token down from the next request on, in this process; its own limits hold beside it.
   * @param requestsPerMinute a whole number from 1; null: it goes at its own speed again
   * @throws RangeError for any other number; nothing changes then
   */
  throttle(tokenId: string, requestsPerMinute: number | null): void
  /** @returns stops the listening; a listener must not throw */
  onEnding(listener: (ending: Ending) => void): () => void
}

export interface AuthenticatorOptions {
  readonly store: Pick<Store, 'tokens'>
  readonly hash: TokenHash
  /** How tokens begin, without the underscore. */
  readonly prefix: string
  readonly clock: Clock
  /** Web origins that the operator lets in with any token. Default: none. */
  readonly origins?: PageOrigins
  /** Tokens kept in memory. Default: 10,000. */
  readonly cacheSize?: number
  /** Unknown hashes kept in memory. Default: 10,000. */
  readonly negativeCacheSize?: number
}

interface Entry {
  readonly identity: Identity
  readonly refusal: RefusalCode | null
  readonly readAt: number
}

interface Found {
  readonly token: Token
  readonly user: User
  readonly plan: Plan | null
}

/** The one that takes the most to be mended comes first. */
function refusalOf({ token, user }: Found): RefusalCode | null {
  if (token.revokedAt !== null) return 'token_revoked'
  if (user.status === 'suspended') return 'user_suspended'
  return token.suspendedAt === null ? null : 'token_suspended'
}

function entryFrom(
  found: Found,
  readAt: number,
  origins: PageOrigins | undefined,
  throttledTo: number | null,
): Entry {
  const { token, user, plan } = found
  return {
    identity: identityFrom(token, user, plan, origins, throttledTo),
    refusal: refusalOf(found),
    readAt,
  }
}

/** Looks tokens up and remembers them by their whole hash, for a short and bounded time. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { store, hash, prefix, clock, cacheSize = 10_000, negativeCacheSize = 10_000 } = options
  /** By the whole hash of the credential under a salt of this process: a tenth of the cost of the HMAC that the store knows. */
  const known = new LRUCache<string, Entry>({ max: cacheSize })
  const salt = randomBytes(32).toString('hex')
  const unknown = new LRUCache<string, number>({ max: negativeCacheSize })
  const throttled = new LRUCache<string, number>({ max: MAX_THROTTLED })
  const underway = new Map<string, Promise<Identity>>()
  const listeners = new Set<(ending: Ending) => void>()
  /** Rises with every change; what was read under an older one may be out of date. */
  let epoch = 0

  function admit({ identity, refusal }: Entry): Identity {
    if (refusal === 'token_revoked') throw new TokenRefusal(refusal, identity)
    if (clock.now() >= identity.expiresAt) throw new TokenRefusal('token_expired', identity)
    if (refusal !== null) throw new TokenRefusal(refusal, identity)
    return identity
  }

  async function read(key: string): Promise<Awaited<ReturnType<Store['tokens']['findByHash']>>> {
    try {
      return await store.tokens.findByHash(key)
    } catch (cause) {
      throw new GatewayError('store_unavailable', undefined, { cause })
    }
  }

  async function lookUp(key: string, cacheKey: string): Promise<Identity> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const readAt = clock.monotonic()
      const readIn = epoch
      const found = await read(key)
      if (readIn !== epoch) continue
      if (found === undefined || !isSameHash(found.token.hash, key)) {
        known.delete(cacheKey)
        unknown.set(key, readAt)
        throw new GatewayError('token_invalid')
      }
      const entry = entryFrom(found, readAt, options.origins, throttled.get(found.token.id) ?? null)
      known.set(cacheKey, entry)
      return admit(entry)
    }
    throw new GatewayError('store_unavailable')
  }

  function lookUpOnce(key: string, cacheKey: string): Promise<Identity> {
    const shared = underway.get(key)
    if (shared !== undefined) return shared
    const started = lookUp(key, cacheKey).finally(() => underway.delete(key))
    underway.set(key, started)
    return started
  }

  function dropWhere(matches: (identity: Identity) => boolean): void {
    epoch++
    for (const [key, { identity }] of known) if (matches(identity)) known.delete(key)
  }

  return {
    authenticate(credential) {
      const now = clock.monotonic()
      const cacheKey = digest('sha256', salt + credential, 'base64')
      const entry = known.get(cacheKey)
      if (entry !== undefined && now - entry.readAt <= FRESH_MS) return admit(entry)
      // What is not a token is told from one that is unknown by its checksum, before anything is looked up.
      if (parseToken(credential, prefix) === null) throw new GatewayError('token_invalid')
      const key = hash(credential)
      const missedAt = unknown.get(key)
      if (missedAt !== undefined && now - missedAt <= UNKNOWN_MS) throw new GatewayError('token_invalid')
      return lookUpOnce(key, cacheKey)
    },

    forget(ending) {
      dropWhere(({ tokenId, userId }) => tokenId === ending.tokenId || userId === ending.userId)
      for (const listener of [...listeners]) listener(ending)
    },

    refresh: (changed) => dropWhere(({ userId }) => userId === changed),

    // By the name that users have: one may have been there before the plan was.
    refreshPlan: (changed) => dropWhere(({ plan }) => plan === changed),

    welcome(added) {
      epoch++
      unknown.delete(added)
    },

    throttle(slowed, rate) {
      if (rate === null) throttled.delete(slowed)
      else if (Number.isSafeInteger(rate) && rate >= 1) throttled.set(slowed, rate)
      else throw new RangeError(`a token cannot be slowed down to ${rate} requests a minute`)
      dropWhere(({ tokenId }) => tokenId === slowed)
    },

    onEnding(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
