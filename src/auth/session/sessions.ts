import { GatewayError } from '../../errors.ts'
import type { Clock } from '../../lib/clock.ts'
import { randomBase62 } from '../../lib/ids.ts'
import type { Store, Token } from '../../store/store.ts'
import { refusalOf } from '../authenticator-entries.ts'
import { identityFrom } from '../effective.ts'
import type { TokenHash } from '../hash.ts'
import type { PageOrigins } from '../place.ts'
import type { SessionClaims, SessionLimits } from './claims.ts'
import { grant, type AskedRules } from './rules.ts'
import { MAX_SESSION_LENGTH, sealSession, sessionKey } from './token.ts'

const ID_LENGTH = 12
const DEFAULT_MS = 15 * 60_000
const SHORTEST_MS = 1_000
const LONGEST_MS = 3_600_000

/** Tokens of a user that are read at a time. */
const STEP = 100

/** What is asked for a session. Of all that is left out it has what its token has. */
export interface SessionRules extends AskedRules {
  /** Milliseconds from now: a second to an hour; 15 minutes unless said. It never outlives its token. */
  readonly expiresInMs?: number | undefined
  /** The user's own end user: 1 to 128 visible ASCII characters. */
  readonly endUser?: string | undefined
  readonly limits?: SessionLimits | undefined
}

/** A session that was just made: the only time that its text is known. */
export interface IssuedSession {
  readonly token: string
  readonly claims: SessionClaims
}

/** Makes sessions: credentials that can do no more than the token that they are made of, and for a short while. */
export interface SessionService {
  /**
   * @param tokenId of a server token
   * @throws GatewayError `invalid_request` with the path of what is wrong, or more than the token allows; `token_invalid`
   * when there is no such token; why it is refused itself
   */
  create(tokenId: string, rules: SessionRules): Promise<IssuedSession>
  /**
   * For the operator.
   * @param tokenId which of the user's tokens; undefined: the newest that is valid
   * @throws GatewayError `invalid_request` as above; `not_found` when there is no such user, or no such token of theirs;
   * `conflict` when it is not valid any more, or none of theirs is
   */
  createFor(userId: string, tokenId: string | undefined, rules: SessionRules): Promise<IssuedSession>
}

export interface SessionServiceOptions {
  readonly store: {
    readonly users: Pick<Store['users'], 'get'>
    readonly tokens: Pick<Store['tokens'], 'findById' | 'list'>
  }
  readonly hash: TokenHash
  /** How tokens begin, without the underscore. */
  readonly prefix: string
  readonly clock: Clock
  /** The names of all operations, against which patterns are checked. */
  readonly operations: readonly string[]
  /** Web origins that the operator lets in with any token. */
  readonly origins: PageOrigins
}

/** @throws GatewayError `invalid_request` */
function endOf(now: number, expiresInMs: number, parentEnds: number): number {
  if (expiresInMs >= SHORTEST_MS && expiresInMs <= LONGEST_MS) return Math.min(now + expiresInMs, parentEnds)
  throw new GatewayError('invalid_request', 'The field "expires_in" is to be from 1s to 1h.', {
    path: 'expires_in',
  })
}

function isLive(token: Token, now: number): boolean {
  const { revokedAt, suspendedAt, expiresAt } = token
  return revokedAt === null && suspendedAt === null && (expiresAt === null || expiresAt > now)
}

export function createSessionService(options: SessionServiceOptions): SessionService {
  const { store, hash, prefix, clock, operations, origins } = options
  const key = sessionKey(hash)

  function seal(claims: SessionClaims): IssuedSession {
    const token = sealSession(claims, key, prefix)
    if (token.length <= MAX_SESSION_LENGTH) return { token, claims }
    throw new GatewayError(
      'invalid_request',
      `The token would have ${token.length} characters, and may have ${MAX_SESSION_LENGTH}. Name fewer models, origins, networks or operations, or patterns such as "chat.*".`,
    )
  }

  async function create(tokenId: string, rules: SessionRules): Promise<IssuedSession> {
    // Asked anew, however fresh the caller's identity is: what is made now outlives what is in memory.
    const found = await store.tokens.findById(tokenId)
    if (found === undefined) throw new GatewayError('token_invalid')
    const now = clock.now()
    const { token, user, plan } = found
    const identity = identityFrom(token, user, plan, origins)
    const refusal = refusalOf(found) ?? (identity.expiresAt <= now ? 'token_expired' : null)
    if (refusal !== null) throw new GatewayError(refusal)
    const { expiresInMs = DEFAULT_MS, endUser = '', limits = {} } = rules
    return seal({
      id: randomBase62(ID_LENGTH),
      tokenId,
      userId: user.id,
      userSince: user.createdAt,
      issuedAt: now,
      expiresAt: endOf(now, expiresInMs, identity.expiresAt),
      endUser,
      ...grant(rules, { identity, token }, operations, origins),
      limits,
    })
  }

  /** Lists begin with the oldest, and few users have more than a page of tokens. */
  async function newestOf(userId: string): Promise<string> {
    let newest: string | undefined
    for (let cursor: string | undefined; ;) {
      const page = await store.tokens.list({ limit: STEP, userId, ...(cursor !== undefined && { cursor }) })
      const now = clock.now()
      newest = page.items.findLast((token) => isLive(token, now))?.id ?? newest
      if (page.next === null) break
      cursor = page.next
    }
    if (newest !== undefined) return newest
    throw new GatewayError(
      'conflict',
      'The user has no valid token of which a session could be made. Issue one first.',
    )
  }

  async function checkUser(userId: string): Promise<void> {
    const user = await store.users.get(userId)
    if (user === undefined) throw new GatewayError('not_found', 'There is no such user.')
    if (user.status === 'suspended') throw new GatewayError('conflict', 'The user is suspended.')
  }

  return {
    create,

    async createFor(userId, tokenId, rules) {
      await checkUser(userId)
      const parent = tokenId ?? (await newestOf(userId))
      const found = await store.tokens.findById(parent)
      if (found?.user.id !== userId) {
        throw new GatewayError('not_found', 'There is no such token of this user.', { path: 'token' })
      }
      if (!isLive(found.token, clock.now())) {
        throw new GatewayError('conflict', 'The token is revoked, suspended or expired.', { path: 'token' })
      }
      return await create(parent, rules)
    },
  }
}
