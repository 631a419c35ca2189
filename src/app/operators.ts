import type { AdminToken } from '../auth/admin-token.ts'
import type { TokenHash } from '../auth/hash.ts'
import { createOperatorAuthenticator, type OperatorAuthenticator } from '../auth/operator-authenticator.ts'
import { createOperatorService, operatorPrefix, type OperatorService } from '../auth/operators.ts'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../lib/clock.ts'
import { startRounds } from '../lib/rounds.ts'
import type { Timer } from '../lib/timer.ts'
import type { Logger } from '../log.ts'
import type { Store } from '../store/store.ts'

const FIRST_MS = 60_000
const EVERY_MS = 3_600_000
const PAUSE_MS = 1_000

/** Everything that knows the operators. */
export interface Operators {
  readonly authenticator: OperatorAuthenticator
  readonly service: OperatorService
  /** Takes old entries out of the audit log, from now on. */
  start(): void
  close(): Promise<void>
}

export interface OperatorsParts {
  readonly config: Pick<Config, 'tokenPrefix' | 'auditRetention'>
  readonly store: Pick<Store, 'operators' | 'audit'>
  readonly adminToken: AdminToken
  readonly hash: TokenHash
  readonly logger: Logger
  readonly clock: Clock
  /** With which pruning waits; the runtime's unless said. */
  readonly timer?: Timer | undefined
}

/** Puts together who may use the operator's listener. */
export function openOperators({
  config,
  store,
  adminToken,
  hash,
  logger,
  clock,
  timer,
}: OperatorsParts): Operators {
  const shared = { store, hash, prefix: operatorPrefix(config.tokenPrefix), clock }
  const authenticator = createOperatorAuthenticator({
    ...shared,
    adminToken,
    onError: (error) =>
      logger.error({ err: error }, 'the last use of an admin token could not be written down'),
  })
  let pruning: ReturnType<typeof startRounds> | undefined
  return {
    authenticator,
    service: createOperatorService({ ...shared, authenticator }),
    start() {
      pruning = startRounds({
        firstMs: FIRST_MS,
        pauseMs: PAUSE_MS,
        everyMs: EVERY_MS,
        begin: () => clock.now() - config.auditRetention,
        step: (before) => store.audit.prune(before),
        onError: (error) =>
          logger.error({ err: error }, 'old entries of the audit log could not be taken out'),
        timer,
      })
    },
    close: async () => pruning?.stop(),
  }
}
