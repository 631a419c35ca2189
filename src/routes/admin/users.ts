import type { UserService } from '../../auth/users.ts'
import { GatewayError } from '../../errors.ts'
import type { Store } from '../../store/store.ts'
import type { ObjectRemoval } from './removal.ts'
import {
  CallbackSecretView,
  ErrorView,
  NewUserBody,
  UserChangeBody,
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
  readonly store: Pick<Store, 'users'>
  readonly removal: Pick<ObjectRemoval, 'forget'>
  /** With what callbacks to a user are signed. */
  readonly callbackSecretOf: (userId: string) => string
}

/** Routes that add, show and change users; see objects.ts for their deletion. */
export function userRoutes(
  app: AdminServer,
  { users, store, removal, callbackSecretOf }: UserRoutesOptions,
): void {
  /** What a call of a deleted user registered as it ended must not become that of another with the same id. */
  async function forgetLeftovers(id: string): Promise<void> {
    if ((await store.users.get(id)) === undefined) await removal.forget(id)
  }

  app.post(
    '/v1/users',
    {
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
      return reply.code(201).send(userView(await users.add(body)))
    },
  )

  app.get(
    '/v1/users',
    {
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
      schema: {
        operationId: 'getUser',
        summary: 'Show a user',
        tags,
        params: UserParams,
        response: { 200: UserView, default: ErrorView },
      },
    },
    async ({ params }) => userView(await users.get(params.id)),
  )

  app.patch(
    '/v1/users/:id',
    {
      schema: {
        operationId: 'changeUser',
        summary: 'Change, suspend or activate a user',
        description: 'A suspension holds from the next request on and ends what is under way.',
        tags,
        params: UserParams,
        body: UserChangeBody,
        response: { 200: UserView, default: ErrorView },
      },
    },
    async ({ params, body }) => userView(await users.update(params.id, body)),
  )

  app.get(
    '/v1/users/:id/callback-secret',
    {
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
