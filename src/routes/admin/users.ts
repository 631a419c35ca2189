import type { Static } from 'typebox'
import { limitsInForce } from '../../auth/effective.ts'
import type { UserService } from '../../auth/users.ts'
import { GatewayError } from '../../errors.ts'
import { isPrepaid, type CreditService } from '../../limits/credit.ts'
import type { Plan, Store, User } from '../../store/store.ts'
import { limitsOrNullFromJson, limitsView } from '../limits-json.ts'
import { changes, makes } from './audit-rule.ts'
import type { ObjectRemoval } from './removal.ts'
import {
  CallbackSecretView,
  ErrorView,
  NewUserBody,
  UserChangeBody,
  UserInForceView,
  UserParams,
  UsersPage,
  UsersQuery,
  UserView,
  userView,
} from './schemas.ts'
import type { AdminServer } from './validation.ts'

const tags = ['users']

/** How many items a page has when nobody says. */
export const DEFAULT_LIMIT = 100

/** What the routes of users need. */
export interface UserRoutesOptions {
  readonly users: UserService
  readonly store: Pick<Store, 'users' | 'plans'>
  readonly credit: Pick<CreditService, 'joined'>
  readonly removal: Pick<ObjectRemoval, 'forget'>
  /** With what callbacks to a user are signed. */
  readonly callbackSecretOf: (userId: string) => string
}

/** Both kinds of limits that a body may have. @throws GatewayError `invalid_request` */
function limitsFrom(body: Static<typeof UserChangeBody>) {
  return {
    limits: limitsOrNullFromJson(body.limits),
    endUserLimits: limitsOrNullFromJson(body.end_user_limits, 'end_user_limits'),
  }
}

/** The plan that counts for a user; null: they have none, or there is no such plan. */
export async function planOf({ plan }: Pick<User, 'plan'>, plans: Pick<Store['plans'], 'get'>) {
  return plan === null ? null : ((await plans.get(plan)) ?? null)
}

function userInForceView(user: User, plan: Plan | null) {
  return {
    ...userView(user),
    effective: {
      plan: plan?.id ?? null,
      limits: limitsView(limitsInForce(plan?.limits ?? null, user.limits)),
      end_user_limits: limitsView(limitsInForce(plan?.endUserLimits ?? null, user.endUserLimits)),
      multiplier: user.multiplier ?? plan?.multiplier ?? null,
      prepaid: isPrepaid(user, plan),
    },
  }
}

/** Routes that add, show and change users; see objects.ts for their deletion. */
export function userRoutes(
  app: AdminServer,
  { users, store, credit, removal, callbackSecretOf }: UserRoutesOptions,
): void {
  const showUser = async (id: string) => userView(await users.get(id))

  /** What a call of a deleted user registered as it ended must not become that of another with the same id. */
  async function forgetLeftovers(id: string): Promise<void> {
    if ((await store.users.get(id)) === undefined) await removal.forget(id)
  }

  app.post(
    '/v1/users',
    {
      config: { role: 'operator', audit: makes('user', showUser) },
      schema: {
        operationId: 'addUser',
        summary: 'Add a user',
        description: 'A name is needed unless an id is given; an id is made when none is given.',
        tags,
        body: NewUserBody,
        response: { 201: UserView, default: ErrorView },
      },
    },
    async ({ body }, reply) => {
      if (body.id === undefined && body.name === undefined) {
        throw new GatewayError('invalid_request', 'The field "name" is missing.', { path: 'name' })
      }
      if (body.id !== undefined) await forgetLeftovers(body.id)
      const user = await users.add({ ...body, ...limitsFrom(body) })
      await credit.joined(user, await planOf(user, store.plans))
      return reply.code(201).send(userView(user))
    },
  )

  app.get(
    '/v1/users',
    {
      config: { role: 'read-only' },
      schema: {
        operationId: 'listUsers',
        summary: 'List users, oldest first',
        tags,
        querystring: UsersQuery,
        response: { 200: UsersPage, default: ErrorView },
      },
    },
    async ({ query: { limit = DEFAULT_LIMIT, ...rest } }) => {
      const { items, next } = await store.users.list({ limit, ...rest })
      return { items: items.map(userView), next }
    },
  )

  app.get(
    '/v1/users/:id',
    {
      config: { role: 'read-only' },
      schema: {
        operationId: 'getUser',
        summary: 'Show a user',
        tags,
        params: UserParams,
        response: { 200: UserInForceView, default: ErrorView },
      },
    },
    async ({ params }) => {
      const user = await users.get(params.id)
      return userInForceView(user, await planOf(user, store.plans))
    },
  )

  app.patch(
    '/v1/users/:id',
    {
      config: { role: 'operator', audit: changes('user', showUser) },
      schema: {
        operationId: 'changeUser',
        summary: 'Change, suspend or activate a user',
        description:
          'All of it holds from the next request on. A suspension ends what is under way. New limits take the place of all limits of before.',
        tags,
        params: UserParams,
        body: UserChangeBody,
        response: { 200: UserView, default: ErrorView },
      },
    },
    async ({ params, body }) => {
      const user = await users.update(params.id, { ...body, ...limitsFrom(body) })
      if (body.plan !== undefined || body.prepaid !== undefined)
        await credit.joined(user, await planOf(user, store.plans))
      return userView(user)
    },
  )

  app.get(
    '/v1/users/:id/callback-secret',
    {
      config: { role: 'operator', audit: changes('callback secret of user') },
      schema: {
        operationId: 'getCallbackSecret',
        summary: 'Show with what callbacks to a user are signed',
        description: 'The user needs it to tell genuine deliveries; see docs/callbacks.md.',
        tags,
        params: UserParams,
        response: { 200: CallbackSecretView, default: ErrorView },
      },
    },
    async ({ params: { id } }) => {
      await users.get(id)
      return { secret: callbackSecretOf(id) }
    },
  )
}
