import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { IncidentBook } from '../../abuse/guard.ts'
import type { AdminToken } from '../../auth/admin-token.ts'
import type { PlanService } from '../../auth/plans.ts'
import { createFailureThrottle } from '../../auth/throttle.ts'
import type { TokenService } from '../../auth/tokens.ts'
import type { UserService } from '../../auth/users.ts'
import { GatewayError } from '../../errors.ts'
import type { Clock } from '../../lib/clock.ts'
import type { CreditService } from '../../limits/credit.ts'
import type { Limiter } from '../../limits/limiter.ts'
import type { LedgerReader, Store } from '../../store/store.ts'
import { bookRoutes } from './books.ts'
import { creditCodeRoutes } from './credit-codes.ts'
import { creditRoutes } from './credits.ts'
import { sendError } from './errors.ts'
import { exemptionRoutes } from './exemptions.ts'
import { adminGuard } from './guard.ts'
import { incidentRoutes } from './incidents.ts'
import { objectRoutes } from './objects.ts'
import { openApi } from './openapi.ts'
import { planRoutes } from './plans.ts'
import type { ObjectRemoval } from './removal.ts'
import { standingRoutes } from './standing.ts'
import { tokenRoutes } from './tokens.ts'
import { userRoutes } from './users.ts'
import { compileValidator, type TypeBoxProvider } from './validation.ts'

/** What the admin API works on. */
export interface AdminRoutesOptions {
  readonly adminToken: AdminToken
  readonly users: UserService
  readonly tokens: TokenService
  readonly plans: PlanService
  readonly credit: CreditService
  readonly limiter: Pick<Limiter, 'standing'>
  /** Of all money here. */
  readonly currency: string
  readonly store: Pick<Store, 'users' | 'tokens' | 'plans' | 'objects' | 'callbacks'>
  readonly ledger: LedgerReader
  readonly removal: ObjectRemoval
  /** The operator's side of detection. */
  readonly incidents: IncidentBook
  /** With what callbacks to a user are signed. */
  readonly callbackSecretOf: (userId: string) => string
  /** The names of all operations. */
  readonly operations: readonly string[]
  readonly clock: Clock
  /** Wrong admin tokens per client address before it is refused for the rest of the minute. Default: 20. */
  readonly failuresPerMinute?: number
}

/** Bodies of this API are small; a larger one is a mistake or an attack. */
const BODY_LIMIT = 64 * 1024

/** The options of the server that carries the plugin: what Fastify decides before any plugin is asked. */
export const adminServerOptions = {
  bodyLimit: BODY_LIMIT,
  /** How long a request may take to arrive. */
  requestTimeout: 30_000,
  exposeHeadRoutes: false,
  onProtoPoisoning: 'error' as const,
  onConstructorPoisoning: 'error' as const,
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
  const throttle = createFailureThrottle(app, { max: options.failuresPerMinute ?? 20 })
  api.addHook('onRequest', adminGuard(options.adminToken, throttle))

  await api.register(
    async (admin) => {
      admin.setNotFoundHandler(() => {
        throw new GatewayError('not_found')
      })
      userRoutes(admin, options)
      tokenRoutes(admin, options)
      planRoutes(admin, options)
      standingRoutes(admin, options)
      creditRoutes(admin, options)
      creditCodeRoutes(admin, options)
      bookRoutes(admin, options)
      objectRoutes(admin, options)
      incidentRoutes(admin, options)
      exemptionRoutes(admin, options)
    },
    { prefix: '/admin' },
  )
  api.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}
