import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { IncidentBook } from '../../abuse/guard.ts'
import type { OperatorAuthenticator } from '../../auth/operator-authenticator.ts'
import type { OperatorService } from '../../auth/operators.ts'
import type { PlanService } from '../../auth/plans.ts'
import { createSharedThrottle } from '../../auth/shared-throttle.ts'
import { createFailureThrottle } from '../../auth/throttle.ts'
import type { SessionService } from '../../auth/session/sessions.ts'
import type { TokenService } from '../../auth/tokens.ts'
import type { UserService } from '../../auth/users.ts'
import { GatewayError } from '../../errors.ts'
import { systemClock, type Clock } from '../../lib/clock.ts'
import { newRequestId } from '../../lib/ids.ts'
import type { CreditService } from '../../limits/credit.ts'
import type { Limiter } from '../../limits/limiter.ts'
import type { AdminAuthResult } from '../../metrics/labels.ts'
import type { LedgerReader, Store } from '../../store/store.ts'
import { metricsRoute, readerOf, type MetricsRouteOptions } from '../health.ts'
import { refuseStrayFields, requireRule } from './access.ts'
import { auditTrail } from './audit-trail.ts'
import { auditRoutes } from './audit.ts'
import { accessRequestAdminRoutes, type AccessRequestRoutesOptions } from './access-requests.ts'
import { bookRoutes } from './books.ts'
import { creditCodeRoutes } from './credit-codes.ts'
import { creditRoutes } from './credits.ts'
import { endUserRoutes, type EndUserRoutesOptions } from './end-users.ts'
import { sendError } from './errors.ts'
import { exemptionRoutes } from './exemptions.ts'
import { adminGuard } from './guard.ts'
import { incidentRoutes } from './incidents.ts'
import { objectRoutes } from './objects.ts'
import { openApi } from './openapi.ts'
import { operatorRoutes } from './operators.ts'
import { planRoutes } from './plans.ts'
import type { ObjectRemoval } from './removal.ts'
import { sessionTokenAdminRoutes } from './session-tokens.ts'
import { standingRoutes } from './standing.ts'
import { tokenCheckRoutes } from './token-checks.ts'
import { tokenRoutes } from './tokens.ts'
import { upstreamKeyRoutes, type UpstreamKeyRoutesOptions } from './upstream-keys.ts'
import { userRoutes } from './users.ts'
import { compileValidator, type TypeBoxProvider } from './validation.ts'

/** What the admin API works on. */
export interface AdminRoutesOptions {
  /** Tells operators by their admin tokens. */
  readonly authenticator: OperatorAuthenticator
  readonly operators: OperatorService
  /** The keys for MiniMax; without them there are no routes for these. */
  readonly upstreamKeys?: UpstreamKeyRoutesOptions['upstreamKeys']
  /** What `/metrics` shows; without it there is no such route. */
  readonly metrics?: MetricsRouteOptions
  /** Told of every admin token that was judged. */
  readonly counted?: (result: AdminAuthResult) => void
  readonly users: UserService
  readonly tokens: TokenService
  readonly sessions: SessionService
  readonly access: AccessRequestRoutesOptions['access']
  readonly plans: PlanService
  readonly credit: CreditService
  readonly limiter: Pick<Limiter, 'standing'>
  /** Of all money here. */
  readonly currency: string
  readonly store: Pick<Store, 'users' | 'tokens' | 'plans' | 'objects' | 'callbacks' | 'operators' | 'audit'>
  readonly ledger: LedgerReader
  readonly removal: ObjectRemoval
  /** The operator's side of detection. */
  readonly incidents: IncidentBook
  /** The end users of the users' own apps. */
  readonly endUsers: EndUserRoutesOptions['endUsers']
  /** With what callbacks to a user are signed. */
  readonly callbackSecretOf: (userId: string) => string
  /** The names of all operations. */
  readonly operations: readonly string[]
  readonly clock: Clock
  /** Wrong admin tokens per client address before it is refused for the rest of the minute. Default: 20. */
  readonly failuresPerMinute?: number
  /** Wrong admin tokens a minute of all addresses together; beyond it only known addresses are listened to. Default: 300. */
  readonly allFailuresPerMinute?: number
}

/** Bodies of this API are small; a larger one is a mistake or an attack. */
const BODY_LIMIT = 64 * 1024

/** The options of the server that carries the plugin: what Fastify decides before any plugin is asked. */
export const adminServerOptions = {
  bodyLimit: BODY_LIMIT,
  /** How long a request may take to arrive. */
  requestTimeout: 30_000,
  exposeHeadRoutes: false,
  /** The name of an end user, every byte of it escaped. */
  routerOptions: { maxParamLength: 384 },
  onProtoPoisoning: 'error' as const,
  onConstructorPoisoning: 'error' as const,
  genReqId: () => newRequestId(systemClock.now()),
  frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
    sendError(error, request, reply)
  },
}

/**
 * The admin API under `/admin/v1`, and its description at `/openapi.json`. Every address under `/admin` asks for the admin token,
 * those that do not exist too. Mount it at the root of the operator's listener.
 */
export async function adminRoutes(app: FastifyInstance, options: AdminRoutesOptions): Promise<void> {
  const api = app.withTypeProvider<TypeBoxProvider>()
  api.setValidatorCompiler(compileValidator)
  api.setErrorHandler(sendError)
  await api.register(rateLimit, { global: false })
  await api.register(swagger, openApi(options.operations))
  api.decorateRequest('operator', null)
  api.addHook('onRoute', requireRule)
  api.addHook('onRoute', refuseStrayFields)
  api.addHook('onRequest', guardFor(app, options))
  auditTrail(app, { audit: options.store.audit, clock: options.clock })

  await api.register(
    async (admin) => {
      admin.setNotFoundHandler(() => {
        throw new GatewayError('not_found')
      })
      userRoutes(admin, options)
      accessRequestAdminRoutes(admin, options)
      tokenRoutes(admin, options)
      tokenCheckRoutes(admin, options)
      sessionTokenAdminRoutes(admin, options)
      endUserRoutes(admin, options)
      planRoutes(admin, options)
      standingRoutes(admin, options)
      creditRoutes(admin, options)
      creditCodeRoutes(admin, options)
      bookRoutes(admin, options)
      objectRoutes(admin, options)
      incidentRoutes(admin, options)
      exemptionRoutes(admin, options)
      operatorRoutes(admin, options)
      auditRoutes(admin, options)
      if (options.upstreamKeys !== undefined) upstreamKeyRoutes(admin, { upstreamKeys: options.upstreamKeys })
    },
    { prefix: '/admin' },
  )
  if (options.metrics !== undefined) metricsRoute(app, options.metrics)
  const description = { config: { role: 'read-only' as const }, schema: { hide: true } }
  api.get('/openapi.json', description, async () => app.swagger())
}

function guardFor(app: FastifyInstance, options: AdminRoutesOptions): ReturnType<typeof adminGuard> {
  const { authenticator, clock, metrics, counted = () => undefined } = options
  return adminGuard({
    authenticator,
    counted,
    throttle: createFailureThrottle(app, { max: options.failuresPerMinute ?? 20 }),
    shared: createSharedThrottle(clock, { max: options.allFailuresPerMinute ?? 300 }),
    metricsReader: metrics === undefined ? () => null : readerOf(metrics),
  })
}
