import { identityFrom, limitsInForce } from '../../auth/effective.ts'
import type { UserService } from '../../auth/users.ts'
import { GatewayError } from '../../errors.ts'
import type { Clock } from '../../lib/clock.ts'
import { isPrepaid } from '../../limits/credit.ts'
import type { Limiter } from '../../limits/limiter.ts'
import type { Store } from '../../store/store.ts'
import { standingView, StandingView } from '../standing-json.ts'
import { ErrorView, TokenParams, UserParams } from './schemas.ts'
import { planOf } from './users.ts'
import type { AdminServer } from './validation.ts'

const tags = ['limits']

/** What the routes of limits need. */
export interface StandingRoutesOptions {
  readonly users: UserService
  readonly store: Pick<Store, 'tokens' | 'plans'>
  readonly limiter: Pick<Limiter, 'standing'>
  readonly currency: string
  readonly clock: Clock
}

/** Routes that show how limits stand. */
export function standingRoutes(app: AdminServer, options: StandingRoutesOptions): void {
  const { users, store, limiter, currency, clock } = options

  app.get(
    '/v1/users/:id/limits',
    {
      config: { role: 'read-only' },
      schema: {
        operationId: 'getLimitsOfUser',
        summary: 'Show how the limits of a user stand',
        description: 'Those in force, their plan counted in: what is used, held and left, and until when.',
        tags,
        params: UserParams,
        response: { 200: StandingView, default: ErrorView },
      },
    },
    async ({ params }) => {
      const user = await users.get(params.id)
      const plan = await planOf(user, store.plans)
      const limits = limitsInForce(plan?.limits ?? null, user.limits)
      const standing = await limiter.standing({
        userId: user.id,
        subjects: [{ kind: 'user', id: user.id, since: user.createdAt, limits }],
        prepaid: isPrepaid(user, plan),
      })
      return standingView(standing, currency, clock.now())
    },
  )

  app.get(
    '/v1/tokens/:id/limits',
    {
      config: { role: 'read-only' },
      schema: {
        operationId: 'getLimitsOfToken',
        summary: 'Show how the limits of a token stand',
        description: 'Its own and those of its user: every one of them has to let a call pass.',
        tags,
        params: TokenParams,
        response: { 200: StandingView, default: ErrorView },
      },
    },
    async ({ params }) => {
      const token = await store.tokens.get(params.id)
      if (token === undefined) throw new GatewayError('not_found', 'There is no such token.')
      const user = await users.get(token.userId)
      const { limited, prepaid } = identityFrom(token, user, await planOf(user, store.plans))
      const standing = await limiter.standing({
        userId: user.id,
        subjects: limited,
        prepaid,
      })
      return standingView(standing, currency, clock.now())
    },
  )
}
