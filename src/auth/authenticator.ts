import { hash as digest, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { GatewayError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Store } from '../store/store.ts'
import { admitted, entryFrom, sessionEntry, type Entry } from './authenticator-entries.ts'
import { FRESH_MS, Lookups } from './authenticator-lookups.ts'
import { Gate, type EndUserGate } from './end-user-gate.ts'
import { isSameHash, type TokenHash } from './hash.ts'
import type { Ending, Identity } from './identity.ts'
import type { PageOrigins } from './place.ts'
import type { SessionClaims } from './session/claims.ts'
import { isSessionShaped, openSession, sessionKey } from './session/token.ts'
import { parseToken } from './token.ts'

/** Tokens that may be slowed down at a time; beyond it, those looked up the longest ago go at their own speed again. */
const MAX_THROTTLED = 10_000

/** What the identity provider of the operator signs: three parts of base64url (RFC 7515 section 3.1). */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]*$/

/** Tells who calls. */
export interface Authenticator {
  /**
   * Who holds a credential, whatever its kind. A cached one is answered at once, without a promise.
   * @throws GatewayError (or rejects with it) `token_invalid`, `store_unavailable`
   * @throws TokenRefusal (or rejects with it) `token_expired`, `token_revoked`, `token_suspended`, `user_suspended`,
   * `end_user_suspended`
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
   * Slows a token down, with its sessions, from the next request on, in this process; its own limits hold beside it.
   * @param requestsPerMinute a whole number from 1; null: it goes at its own speed again
   * @throws RangeError for any other number; nothing changes then
   */
  throttle(tokenId: string, requestsPerMinute: number | null): void
  /** @returns stops the listening; a listener must not throw */
  onEnding(listener: (ending: Ending) => void): () => void
}

/** Tells who presents a JWT. What it remembers of users and plans is dropped when they change. */
export interface JwtAuthenticator {
  /** As `Authenticator.authenticate`. */
  authenticate(credential: string): Identity | Promise<Identity>
  /** What the store says of these is not what it said before: it is read again before it is used. */
  drop(isChanged: (identity: Identity) => boolean): void
}

export interface AuthenticatorOptions {
  readonly store: { readonly tokens: Pick<Store['tokens'], 'findByHash' | 'findById'> }
  readonly hash: TokenHash
  /** How tokens begin, without the underscore. */
  readonly prefix: string
  readonly clock: Clock
  /** Web origins that the operator lets in with any token. Default: none. */
  readonly origins?: PageOrigins | undefined
  /** Default: no JWT is taken. */
  readonly jwt?: JwtAuthenticator | undefined
  /** Default: every end user is let in, without limits of their own. */
  readonly endUsers?: EndUserGate | undefined
  /** Tokens kept in memory, and as many sessions. Default: 10,000. */
  readonly cacheSize?: number
  /** Unknown hashes kept in memory. Default: 10,000. */
  readonly negativeCacheSize?: number
}

/** Looks tokens up and remembers them by their whole hash, for a short and bounded time. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { hash, prefix, clock, jwt, cacheSize = 10_000, negativeCacheSize = 10_000 } = options
  const { tokens } = options.store
  /** By the whole hash of the credential under a salt of this process: a tenth of the cost of the HMAC that the store knows. */
  const known = new LRUCache<string, Entry>({ max: cacheSize })
  /** Apart from tokens: a page may have any number of them made, and must not push out those. */
  const sessions = new LRUCache<string, Entry>({ max: cacheSize })
  /** What sessions were made of, by the id of the token. */
  const parents = new LRUCache<string, Entry>({ max: cacheSize })
  const salt = randomBytes(32).toString('hex')
  const throttled = new LRUCache<string, number>({ max: MAX_THROTTLED })
  const lookups = new Lookups(clock, negativeCacheSize)
  const key = sessionKey(hash)
  const gate = new Gate(options.endUsers)
  const listeners = new Set<(ending: Ending) => void>()

  const isFresh = (entry: Entry, now: number): boolean => now - entry.readAt <= FRESH_MS
  const keyOf = (credential: string): string => digest('sha256', salt + credential, 'base64')
  const throttleOf = (tokenId: string): number | null => throttled.get(tokenId) ?? null

  function ofServerToken(credential: string): Identity | Promise<Identity> {
    const cacheKey = keyOf(credential)
    const entry = known.get(cacheKey)
    if (entry !== undefined && isFresh(entry, clock.monotonic())) return admitted(entry, clock)
    // What is not a token is told from one that is unknown by its checksum, before anything is looked up.
    if (parseToken(credential, prefix) === null) throw new GatewayError('token_invalid')
    const tokenHash = hash(credential)
    lookups.refuseUnknown(tokenHash)
    return lookups.find(
      tokenHash,
      () => tokens.findByHash(tokenHash),
      (found, readAt) => {
        if (!isSameHash(found.token.hash, tokenHash)) throw new GatewayError('token_invalid')
        const read = entryFrom(found, readAt, options.origins, throttleOf(found.token.id))
        known.set(cacheKey, read)
        return admitted(read, clock)
      },
    )
  }

  function ofSession(credential: string): Identity | Promise<Identity> {
    const cacheKey = keyOf(credential)
    const now = clock.monotonic()
    const entry = sessions.get(cacheKey)
    if (entry !== undefined && isFresh(entry, now)) return gate.admit(admitted(entry, clock))
    const claims = openSession(credential, key, prefix)
    if (claims === null) throw new GatewayError('token_invalid')
    const parent = parents.get(claims.tokenId)
    if (parent !== undefined && isFresh(parent, now)) return enter(cacheKey, claims, parent)
    return ofParent(claims, cacheKey)
  }

  async function ofParent(claims: SessionClaims, cacheKey: string): Promise<Identity> {
    const { tokenId } = claims
    lookups.refuseUnknown(tokenId)
    return lookups.find(
      tokenId,
      () => tokens.findById(tokenId),
      (found, readAt) => {
        const parent = entryFrom(found, readAt, options.origins, throttleOf(tokenId))
        parents.set(tokenId, parent)
        return enter(cacheKey, claims, parent)
      },
    )
  }

  function enter(cacheKey: string, claims: SessionClaims, parent: Entry): Identity {
    const entry = sessionEntry(claims, parent, clock.now())
    sessions.set(cacheKey, entry)
    return gate.admit(admitted(entry, clock))
  }

  function ofJwt(credential: string): Identity | Promise<Identity> {
    if (jwt === undefined || !JWT.test(credential)) throw new GatewayError('token_invalid')
    const identity = jwt.authenticate(credential)
    return identity instanceof Promise ? identity.then((one) => gate.admit(one)) : gate.admit(identity)
  }

  function dropWhere(isChanged: (identity: Identity) => boolean): void {
    lookups.changed()
    for (const cache of [known, sessions, parents]) {
      for (const [cacheKey, { identity }] of cache) if (isChanged(identity)) cache.delete(cacheKey)
    }
    jwt?.drop(isChanged)
  }

  const serverMark = `${prefix}_`

  return {
    authenticate(credential) {
      if (credential.startsWith(serverMark)) return ofServerToken(credential)
      if (isSessionShaped(credential, prefix)) return ofSession(credential)
      return ofJwt(credential)
    },

    forget(ending) {
      dropWhere(({ tokenId, userId }) => tokenId === ending.tokenId || userId === ending.userId)
      for (const listener of [...listeners]) listener(ending)
    },

    refresh: (changed) => dropWhere(({ userId }) => userId === changed),

    // By the name that users have: one may have been there before the plan was.
    refreshPlan: (changed) => dropWhere(({ plan }) => plan === changed),

    welcome: (added) => lookups.welcome(added),

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
