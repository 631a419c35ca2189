import { GatewayError, type RefusalCode } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Found } from './authenticator-lookups.ts'
import { identityFrom } from './effective.ts'
import type { Identity } from './identity.ts'
import type { PageOrigins } from './place.ts'
import { TokenRefusal } from './refusal.ts'
import type { SessionClaims } from './session/claims.ts'
import { sessionIdentity } from './session/identity.ts'

/** How far the clocks of two replicas may differ: a session from further in the future than this is none. */
const LEEWAY_MS = 30_000

/** What is known of a credential. */
export interface Entry {
  readonly identity: Identity
  /** Why it is refused; null: it is not, as long as it has not expired. */
  readonly refusal: RefusalCode | null
  /** When the store said so, by the monotonic clock. */
  readonly readAt: number
}

/** Why a token is refused, whatever the time is; null: it is not. The reason that takes the most to be mended comes first. */
export function refusalOf({ token, user }: Pick<Found, 'token' | 'user'>): RefusalCode | null {
  if (token.revokedAt !== null) return 'token_revoked'
  if (user.status === 'suspended') return 'user_suspended'
  return token.suspendedAt === null ? null : 'token_suspended'
}

/**
 * What is known of a token that was read.
 * @param origins web origins that the operator lets in with any token; undefined: none
 * @param throttledTo requests a minute to which it is slowed down; null: it is not
 */
export function entryFrom(
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

/**
 * What is known of a session: no more, and no longer, than of its parent.
 * @param claims of a session token whose MAC is right
 * @param now milliseconds since the Unix epoch
 * @throws GatewayError `token_invalid` when it was made for somebody who had the user's id before, or in the future
 */
export function sessionEntry(claims: SessionClaims, parent: Entry, now: number): Entry {
  const { userId, userSince } = parent.identity
  const isTheirs = claims.userId === userId && claims.userSince === userSince
  if (!isTheirs || claims.issuedAt > now + LEEWAY_MS) throw new GatewayError('token_invalid')
  return { ...parent, identity: sessionIdentity(parent.identity, claims) }
}

/** @throws TokenRefusal when it is refused, or its time is over */
export function admitted({ identity, refusal }: Entry, clock: Pick<Clock, 'now'>): Identity {
  if (refusal === 'token_revoked') throw new TokenRefusal(refusal, identity)
  if (clock.now() >= identity.expiresAt) throw new TokenRefusal('token_expired', identity)
  if (refusal !== null) throw new TokenRefusal(refusal, identity)
  return identity
}
