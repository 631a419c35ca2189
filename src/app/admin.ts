import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { IncidentBook } from '../abuse/guard.ts'
import type { AccessRequests } from '../auth/access/requests.ts'
import type { Authenticator } from '../auth/authenticator.ts'
import type { EndUsers } from '../auth/end-users.ts'
import { createPlanService } from '../auth/plans.ts'
import type { SessionService } from '../auth/session/sessions.ts'
import type { TokenService } from '../auth/tokens.ts'
import { createUserService } from '../auth/users.ts'
import type { Config } from '../config/schema.ts'
import { GatewayError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import { secretMatcher } from '../lib/secrets.ts'
import type { CreditService } from '../limits/credit.ts'
import type { Limiter } from '../limits/limiter.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { OPERATION_NAMES } from '../minimax/catalog.ts'
import { requireRule } from '../routes/admin/access.ts'
import type { KeyRing } from '../proxy/key-ring.ts'
import { adminRoutes, adminServerOptions } from '../routes/admin/index.ts'
import { createObjectRemoval, type RemoveObject } from '../routes/admin/removal.ts'
import { readinessRoute } from '../routes/health.ts'
import type { Store } from '../store/store.ts'
import type { Operators } from './operators.ts'

/** What the operator's listener is put together from. */
export interface AdminParts {
  readonly config: Config
  readonly logger: Logger
  readonly store: Store
  readonly authenticator: Authenticator
  readonly operators: Operators
  readonly clock: Clock
  readonly metrics: Metrics
  readonly limiter: Pick<Limiter, 'standing'>
  readonly credit: CreditService
  readonly tokens: TokenService
  readonly sessions: SessionService
  readonly access: AccessRequests
  readonly endUsers: EndUsers
  readonly upstreamKeys: KeyRing
  readonly incidents: IncidentBook
  readonly isDraining: () => boolean
  /** Whether new calls are refused because the ledger takes no writes. */
  readonly isLedgerFailing: () => boolean
  /** Deletes an object at MiniMax. Without it every such deletion counts as failed. */
  readonly removeObject?: RemoveObject
  readonly callbackSecretOf: (userId: string) => string
}

/** The operator's listener: admin API, metrics, readiness. */
export async function createAdminServer(parts: AdminParts): Promise<FastifyInstance> {
  const {
    config,
    logger,
    store,
    authenticator,
    operators,
    clock,
    metrics,
    limiter,
    credit,
    tokens,
    incidents,
    isDraining,
    isLedgerFailing,
    removeObject = async () => 'failed',
  } = parts
  // Failures only. Widened, so that the server keeps Fastify's own type.
  const loggerInstance: FastifyBaseLogger = logger.child(
    {},
    { level: logger.level === 'silent' ? 'silent' : 'warn' },
  )
  const app = Fastify({
    ...adminServerOptions,
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
  })
  const users = createUserService({ store, clock, authenticator })
  const plans = createPlanService({ store, clock, authenticator, operations: OPERATION_NAMES })
  const removal = createObjectRemoval({
    objects: store.objects,
    ledger: store.ledger,
    remove: removeObject,
    onError: (error) => logger.error({ err: error }, 'an object could not be deleted at MiniMax'),
  })
  app.addHook('onRoute', requireRule)
  readinessRoute(app, {
    isDraining,
    async checkStore() {
      await store.check()
      if (isLedgerFailing()) throw new GatewayError('store_unavailable')
    },
  })
  await app.register(adminRoutes, {
    authenticator: operators.authenticator,
    operators: operators.service,
    metrics: {
      metrics,
      metricsToken: config.metricsToken && { matches: secretMatcher(config.metricsToken.reveal()) },
    },
    counted: (result) => metrics.adminAuthAttempt(result),
    users,
    tokens,
    sessions: parts.sessions,
    access: parts.access,
    plans,
    credit,
    limiter,
    currency: config.priceCurrency,
    store,
    ledger: store.ledger,
    removal,
    incidents,
    endUsers: parts.endUsers,
    upstreamKeys: parts.upstreamKeys,
    callbackSecretOf: parts.callbackSecretOf,
    operations: OPERATION_NAMES,
    clock,
  })
  return app
}
