import type { TokenHash } from '../auth/hash.ts'
import type { PageOrigins } from '../auth/place.ts'
import { createSessionService, type SessionService } from '../auth/session/sessions.ts'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../lib/clock.ts'
import { OPERATION_NAMES } from '../minimax/catalog.ts'
import type { Store } from '../store/store.ts'

/** What sessions are made with. */
export interface SessionParts {
  readonly config: Pick<Config, 'tokenPrefix'>
  readonly store: Pick<Store, 'users' | 'tokens'>
  readonly hash: TokenHash
  readonly clock: Clock
  /** Web origins that the operator lets in with any token. */
  readonly origins: PageOrigins
}

/** Puts together what makes session tokens. */
export function openSessions({ config, ...parts }: SessionParts): SessionService {
  return createSessionService({ ...parts, prefix: config.tokenPrefix, operations: OPERATION_NAMES })
}
