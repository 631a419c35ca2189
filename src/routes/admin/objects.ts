import { Type, type Static } from 'typebox'
import type { UserService } from '../../auth/users.ts'
import type { Clock } from '../../lib/clock.ts'
import { formatTime } from '../../lib/times.ts'
import { OBJECT_KINDS } from '../../minimax/objects.ts'
import type { OwnedObject, Store } from '../../store/store.ts'
import { answers, changes } from './audit-rule.ts'
import { closed, limit, next, time, timeOrNull, userId } from './fields.ts'
import type { ObjectRemoval, Removal } from './removal.ts'
import { ErrorView, UserParams, userView } from './schemas.ts'
import { DEFAULT_LIMIT } from './users.ts'
import type { AdminServer } from './validation.ts'

const tags = ['objects']

const kind = Type.Enum([...OBJECT_KINDS], { description: `One of ${OBJECT_KINDS.join(', ')}.` })

const ObjectsQuery = Type.Object(
  {
    user: Type.Optional(userId),
    kind: Type.Optional(kind),
    limit,
    // Longer than of other lists: it holds the whole name of an object.
    cursor: Type.Optional(
      Type.String({ minLength: 1, maxLength: 2048, description: '"next" of the page before, as it came.' }),
    ),
  },
  closed,
)

const UserDeletionQuery = Type.Object(
  {
    objects: Type.Enum(['delete', 'keep'], {
      description: "delete: at MiniMax, too; keep: MiniMax keeps them, and they are nobody's here.",
    }),
  },
  closed,
)

/** An object on the shared account, as the API shows it. */
export const ObjectView = Type.Object({
  kind,
  id: Type.String({ description: "MiniMax's id." }),
  name: Type.String({ description: 'What the user calls it: the id, except of voices.' }),
  user: Type.String(),
  token: Type.String({ description: 'Id of the token that it was made with.' }),
  account: Type.String({ description: 'The account whose keys can use it.' }),
  operation: Type.String({ description: 'The operation that made it, or told of it first.' }),
  request_id: Type.String({ description: 'The call that made it, or told of it first.' }),
  created_at: time,
  expires_at: timeOrNull,
})

/** A page of objects. */
export const ObjectsPage = Type.Object({ items: Type.Array(ObjectView), next })

const removalFields = {
  removed: Type.Integer({ minimum: 0, description: 'Objects that were deleted at MiniMax.' }),
  forgotten: Type.Integer({
    minimum: 0,
    description: "Objects that are nobody's any more and were not deleted, or were gone at MiniMax already.",
  }),
  failed: Type.Array(Type.Object({ kind, id: Type.String() }), {
    description: "Objects that MiniMax may still have. They are the user's as before: try again.",
  }),
}

/** What became of a user's objects, as the API shows it. */
export const ObjectRemovalView = Type.Object(removalFields)

/** What became of a user and their objects, as the API shows it. */
export const UserDeletionView = Type.Object({
  id: Type.String(),
  deleted: Type.Boolean({
    description: 'False when objects failed: the user is there, suspended and without a valid token.',
  }),
  ...removalFields,
})

function objectView(object: OwnedObject): Static<typeof ObjectView> {
  return {
    kind: object.kind,
    id: object.id,
    name: object.name,
    user: object.userId,
    token: object.tokenId,
    account: object.account,
    operation: object.operation,
    request_id: object.requestId,
    created_at: formatTime(object.createdAt),
    expires_at: object.expiresAt === null ? null : formatTime(object.expiresAt),
  }
}

function removalView({ removed, forgotten, failed }: Removal): Static<typeof ObjectRemovalView> {
  return { removed, forgotten, failed: failed.map(({ kind, id }) => ({ kind, id })) }
}

/** What the routes of objects need. */
export interface ObjectRoutesOptions {
  readonly users: UserService
  readonly store: Pick<Store, 'objects' | 'callbacks'>
  readonly removal: ObjectRemoval
  readonly clock: Clock
}

/** Routes that show whose the objects on the shared account are and take them away, with their user or without. */
export function objectRoutes(app: AdminServer, options: ObjectRoutesOptions): void {
  const { users, store, removal, clock } = options
  const showUser = async (id: string) => userView(await users.get(id))

  app.get(
    '/v1/objects',
    {
      config: { role: 'read-only' },
      schema: {
        operationId: 'listObjects',
        summary: 'List files, voices, tasks and cover features and whose they are, newest first',
        description: 'What has expired is not listed.',
        tags,
        querystring: ObjectsQuery,
        response: { 200: ObjectsPage, default: ErrorView },
      },
    },
    async ({ query: { user, kind, limit = DEFAULT_LIMIT, cursor } }) => {
      const filter = { userId: user, kind }
      const { items, next } = await store.objects.list({ limit, cursor }, filter, clock.now())
      return { items: items.map(objectView), next }
    },
  )

  app.delete(
    '/v1/users/:id/objects',
    {
      config: { role: 'operator', audit: answers('objects of user') },
      schema: {
        operationId: 'deleteObjectsOfUser',
        summary: 'Delete all objects of a user, at MiniMax too',
        description:
          'MiniMax deletes files, voices and tasks of the second video API; other objects are only forgotten, and nobody can use them any more. It takes as long as MiniMax takes. The user stays as they are, and may be making new ones meanwhile.',
        tags,
        params: UserParams,
        response: { 200: ObjectRemovalView, default: ErrorView },
      },
    },
    async ({ params: { id } }) => {
      const done = await removal.remove(id)
      // What a call registered while its user was being deleted has no user and is deleted all the same.
      if (done.removed + done.forgotten + done.failed.length === 0) await users.get(id)
      return removalView(done)
    },
  )

  app.delete(
    '/v1/users/:id',
    {
      config: { role: 'operator', audit: changes('user', showUser) },
      schema: {
        operationId: 'deleteUser',
        summary: 'Delete a user, their tokens and their objects',
        description:
          "The user is suspended and their tokens are revoked, which ends what is under way; then the objects are deleted at MiniMax, or kept there as nobody's; then the user is deleted. Their calls stay on the books. A user who is given the same id later has none of their tokens and objects.",
        tags,
        params: UserParams,
        querystring: UserDeletionQuery,
        response: { 200: UserDeletionView, default: ErrorView },
      },
    },
    async ({ params: { id }, query }) => {
      await users.close(id)
      const done = query.objects === 'delete' ? await removal.remove(id) : await removal.forget(id)
      const deleted = done.failed.length === 0
      if (deleted) {
        await store.callbacks.removeOf(id)
        await users.remove(id)
      }
      return { id, deleted, ...removalView(done) }
    },
  )
}
