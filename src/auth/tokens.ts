import { GatewayError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Limits, Store, Token } from '../store/store.ts'
import type { Authenticator } from './authenticator.ts'
import type { TokenHash } from './hash.ts'
import { checkOperationPatterns } from './rules.ts'
import { newToken } from './token.ts'
import { checkToken, type CheckedToken } from './token-check.ts'
import { networksFrom, originsFrom } from './token-places.ts'

/** What a new token may do and for how long; what is left out is not restricted. */
export interface TokenRules {
  readonly name?: string | null | undefined
  /** Milliseconds from now. */
  readonly expiresInMs?: number | undefined
  /** Names, `modality.*` or `*`. */
  readonly operations?: readonly string[] | null | undefined
  readonly models?: readonly string[] | null | undefined
  /** Web origins from whose pages alone it may be used, as people write them. */
  readonly origins?: readonly string[] | null | undefined
  /** Networks (CIDR) from which alone it may be used; bits after the prefix are cleared. */
  readonly networks?: readonly string[] | null | undefined
  /** Of the token alone, beside those of its user. */
  readonly limits?: Limits | null | undefined
}

/** What may change about a token; null takes a restriction away. */
export interface TokenChange extends Omit<TokenRules, 'expiresInMs'> {
  /** Milliseconds from now; null: it has no end. */
  readonly expiresInMs?: number | null | undefined
}

/** A token that was just made: the only time that its text is known. */
export interface IssuedToken {
  readonly id: string
  readonly token: string
  readonly record: Token
}

/** A token that took the place of another. */
export interface RotatedToken extends IssuedToken {
  /** The other, as it stands now. */
  readonly replaced: Token
}

/** Issues tokens and ends them. A change is in the store before anybody hears of it. */
export interface TokenService {
  /** @throws GatewayError `not_found` (no such user), `invalid_request` */
  create(userId: string, rules?: TokenRules): Promise<IssuedToken>
  /** @throws GatewayError `not_found` */
  get(id: string): Promise<Token>
  /**
   * Whose a whole token, or a session of one, is and whether it lives. It is not counted as a use.
   * @returns undefined when it is none of this gateway's
   * @throws GatewayError `store_unavailable`
   */
  check(text: string): Promise<CheckedToken | undefined>
  /**
   * Holds from the next request on; what is left out stays. New limits take the place of all limits of before. What is
   * under way ends at the sooner of the old end and the new one.
   * @throws GatewayError `not_found`, `invalid_request`; `conflict` for a new end of what was revoked or rotated
   */
  update(id: string, change: TokenChange): Promise<Token>
  /** Holds from the next request on, and ends what is underway. Idempotent. @throws GatewayError `not_found` */
  revoke(id: string): Promise<Token>
  /**
   * Refuses a token because of how it was used, until it is reinstated: from the next request on, and ends what is
   * underway. Idempotent: one that is suspended keeps its time and its incident.
   * @param by the id of the incident
   * @returns undefined when there is no such token, so nothing to stop
   */
  suspend(id: string, by: string): Promise<Token | undefined>
  /**
   * Lets a suspended token go on, from the next request on. Idempotent; one that is revoked or expired stays so.
   * @throws GatewayError `not_found`
   */
  reinstate(id: string): Promise<Token>
  /**
   * Puts a token with the same rules in its place. A lifetime starts anew; the old token ends after the grace, or at its
   * own expiry if that is sooner. Of a suspended token the successor is not suspended; the old one stays so.
   * @throws GatewayError `not_found`; `conflict` when it is revoked, expired or replaced already
   */
  rotate(id: string, graceMs?: number): Promise<RotatedToken>
}

export interface TokenServiceOptions {
  readonly store: Store
  readonly hash: TokenHash
  /** How tokens begin, without the underscore. */
  readonly prefix: string
  readonly clock: Clock
  readonly authenticator: Pick<Authenticator, 'authenticate' | 'forget' | 'refresh' | 'welcome'>
  /** The names of all operations, against which patterns are checked. */
  readonly operations: readonly string[]
}

/** The last moment that a date can say. */
const NEVER = 8.64e15

/** What every new token begins with. */
const UNENDED = {
  revokedAt: null,
  replacedBy: null,
  suspendedAt: null,
  suspendedBy: null,
  lastUsedAt: null,
  lastUsedAddress: null,
  expiryNoticedAt: null,
} as const

function noSuchToken(): GatewayError {
  return new GatewayError('not_found', 'There is no such token.')
}

function outOfRange(path: string): GatewayError {
  return new GatewayError('invalid_request', `${path} is out of range.`, { path })
}

export function createTokenService(options: TokenServiceOptions): TokenService {
  const { store, hash, prefix, clock, authenticator, operations: known } = options

  /** The time so many milliseconds from now; beyond what a date can say is refused, not stored. */
  function timeAfter(now: number, milliseconds: number, path: string): number {
    const time = now + milliseconds
    if (!(milliseconds >= 0) || Number.isNaN(new Date(time).getTime())) throw outOfRange(path)
    return time
  }

  async function requireUser(userId: string): Promise<void> {
    if ((await store.users.get(userId)) === undefined) {
      throw new GatewayError('not_found', 'There is no such user.')
    }
  }

  /** When a token ends that is made or changed now; undefined: nothing was said. */
  function endAfter(now: number, expiresInMs: number | null | undefined): number | null | undefined {
    if (expiresInMs === 0) throw outOfRange('expires_in')
    return typeof expiresInMs === 'number' ? timeAfter(now, expiresInMs, 'expires_in') : expiresInMs
  }

  /** What was revoked or rotated away has the end that it was given then. */
  async function requireUnended(id: string): Promise<void> {
    const token = await store.tokens.get(id)
    if (token === undefined) throw noSuchToken()
    if (token.revokedAt === null && token.replacedBy === null) return
    throw new GatewayError('conflict', 'The token was revoked or rotated, and its end stands.', {
      path: 'expires_in',
    })
  }

  function draft(fields: Omit<Token, 'id' | 'kind' | 'hash' | keyof typeof UNENDED>) {
    const { id, text } = newToken(prefix)
    const record: Token = {
      ...fields,
      id,
      kind: 'server',
      hash: hash(text),
      ...UNENDED,
    }
    return { id, token: text, record }
  }

  return {
    async create(userId, { name = null, expiresInMs, ...rules } = {}) {
      const { operations = null, models = null, limits = null } = rules
      if (operations !== null) checkOperationPatterns(operations, known)
      const origins = rules.origins ? originsFrom(rules.origins) : null
      const networks = rules.networks ? networksFrom(rules.networks) : null
      const createdAt = clock.now()
      const expiresAt = endAfter(createdAt, expiresInMs) ?? null
      await requireUser(userId)
      const issued = draft({
        userId,
        name,
        operations,
        models,
        origins,
        networks,
        limits,
        createdAt,
        expiresAt,
      })
      if (!(await store.tokens.add(issued.record))) throw new GatewayError('internal')
      authenticator.welcome(issued.record.hash)
      return issued
    },

    async get(id) {
      const token = await store.tokens.get(id)
      if (token === undefined) throw noSuchToken()
      return token
    },

    check: (text) => checkToken(authenticator, text),

    async update(id, { name, operations, models, origins, networks, limits, expiresInMs }) {
      if (operations) checkOperationPatterns(operations, known)
      const expiresAt = endAfter(clock.now(), expiresInMs)
      if (expiresAt !== undefined) await requireUnended(id)
      const change = {
        ...(name !== undefined && { name }),
        ...(operations !== undefined && { operations }),
        ...(models !== undefined && { models }),
        ...(origins !== undefined && { origins: origins && originsFrom(origins) }),
        ...(networks !== undefined && { networks: networks && networksFrom(networks) }),
        ...(limits !== undefined && { limits }),
        ...(expiresAt !== undefined && { expiresAt }),
      }
      const token = await store.tokens.update(id, change)
      if (token === undefined) throw noSuchToken()
      authenticator.refresh(token.userId)
      // What was let in under the end of before is to end at this one.
      if (expiresAt !== undefined) {
        authenticator.forget({ tokenId: id, at: expiresAt ?? NEVER, code: 'token_expired' })
      }
      return token
    },

    async revoke(id) {
      const now = clock.now()
      const token = await store.tokens.revoke(id, now)
      if (token === undefined) throw noSuchToken()
      authenticator.forget({ tokenId: id, at: now })
      return token
    },

    async suspend(id, by) {
      const now = clock.now()
      const token = await store.tokens.suspend(id, by, now)
      if (token !== undefined) authenticator.forget({ tokenId: id, at: now, code: 'token_suspended' })
      return token
    },

    async reinstate(id) {
      const token = await store.tokens.reinstate(id)
      if (token === undefined) throw noSuchToken()
      authenticator.refresh(token.userId)
      return token
    },

    async rotate(id, graceMs = 0) {
      const now = clock.now()
      const endsAt = timeAfter(now, graceMs, 'grace')
      const old = await store.tokens.get(id)
      if (old === undefined) throw noSuchToken()
      const { userId, name, operations, models, origins, networks, limits } = old
      const expiresAt = old.expiresAt === null ? null : now + (old.expiresAt - old.createdAt)
      const rules = { operations, models, origins, networks, limits }
      const issued = draft({ userId, name, ...rules, createdAt: now, expiresAt })
      const ended = await store.tokens.rotate(id, issued.record, endsAt, now)
      if (ended === undefined) {
        throw new GatewayError('conflict', 'The token is revoked, expired or replaced already.')
      }
      authenticator.welcome(issued.record.hash)
      // A suspended one has no grace: what it was suspended for must not go on until then.
      const at = ended.suspendedAt === null ? (ended.revokedAt ?? ended.expiresAt ?? endsAt) : now
      authenticator.forget({ tokenId: id, at })
      return { ...issued, replaced: ended }
    },
  }
}
