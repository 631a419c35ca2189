import { createAuthenticator, type Authenticator } from '../auth/authenticator.ts'
import { EndUsers } from '../auth/end-users.ts'
import type { TokenHash } from '../auth/hash.ts'
import type { Ending } from '../auth/identity.ts'
import { tellingOrigins } from '../auth/origins.ts'
import type { SessionService } from '../auth/session/sessions.ts'
import { createTokenService, type TokenService } from '../auth/tokens.ts'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { OPERATION_NAMES } from '../minimax/catalog.ts'
import type { Store } from '../store/store.ts'
import { openJwt, type JwtParts } from './jwt.ts'
import { openOrigins } from './origins.ts'
import { openSessions } from './sessions.ts'

/** What telling callers apart is put together from. */
export interface CallersParts {
  readonly config: Config
  readonly store: Store
  readonly hash: TokenHash
  readonly metrics: Metrics
  readonly logger: Logger
  readonly clock: Clock
  /** A token, a user or an end user has ended: what goes on in their name is to be cut. */
  readonly ended: (ending: Ending) => void
  /** A user was made for a JWT. */
  readonly joined: JwtParts['joined']
}

/** Who calls, by every kind of credential, and who issues them. */
export interface Callers {
  readonly authenticator: Authenticator
  readonly endUsers: EndUsers
  readonly origins: Awaited<ReturnType<typeof openOrigins>>
  readonly sessions: SessionService
  readonly tokens: TokenService
  close(): Promise<void>
}

/** Puts together who calls. */
export async function openCallers(parts: CallersParts): Promise<Callers> {
  const { config, store, hash, metrics, clock } = parts
  const origins = await openOrigins(parts)
  const { everybodys } = origins
  const endUsers = await EndUsers.open({ store: store.endUsers, clock, ended: parts.ended })
  const authenticator = createAuthenticator({
    jwt: openJwt({ ...parts, origins: everybodys, metrics: metrics.jwks }),
    store,
    hash,
    prefix: config.tokenPrefix,
    clock,
    origins: everybodys,
    endUsers,
  })
  authenticator.onEnding(parts.ended)
  const tokens = createTokenService({
    store,
    hash,
    prefix: config.tokenPrefix,
    clock,
    authenticator,
    operations: OPERATION_NAMES,
  })
  return {
    authenticator,
    endUsers,
    origins,
    sessions: openSessions({ config, store, hash, clock, origins: everybodys }),
    tokens: tellingOrigins(tokens, origins),
    close: () => origins.close(),
  }
}
