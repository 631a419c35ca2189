import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { EndUsers } from '../../auth/end-users.ts'
import type { UserService } from '../../auth/users.ts'
import { formatTime } from '../../lib/times.ts'
import type { SuspendedEndUser } from '../../store/store.ts'
import type { AuditRule } from './access.ts'
import { idIn, textIn } from './audit-rule.ts'
import { closed, cursor, endUserName, limit, next, time, userId } from './fields.ts'
import { ErrorView, UserParams } from './schemas.ts'
import { DEFAULT_LIMIT } from './users.ts'
import type { AdminServer } from './validation.ts'

const tags = ['users']

const EndUserParams = Type.Object({ id: userId, end_user: endUserName }, closed)
const EndUsersQuery = Type.Object({ limit, cursor }, closed)
const NoBody = Type.Object({}, closed)

/** A suspended end user, as the API shows it. */
export const SuspendedView = Type.Object({
  user: Type.String(),
  end_user: Type.String({ description: "By the name that the user's app gave." }),
  suspended_at: time,
  suspended_by: Type.Union([Type.String(), Type.Null()], {
    description: 'The incident for which; null: an operator did it.',
  }),
})

/** A page of them. */
export const SuspendedPage = Type.Object({ items: Type.Array(SuspendedView), next })

/** What became of an end user who was to be let in again. */
export const ReinstatedView = Type.Object({
  user: Type.String(),
  end_user: Type.String(),
  was_suspended: Type.Boolean(),
})

function suspendedView({ userId: user, endUser, suspendedAt, suspendedBy }: SuspendedEndUser) {
  return { user, end_user: endUser, suspended_at: formatTime(suspendedAt), suspended_by: suspendedBy }
}

/** What the routes of end users need. */
export interface EndUserRoutesOptions {
  readonly endUsers: Pick<EndUsers, 'get' | 'list' | 'suspend' | 'reinstate'>
  readonly users: Pick<UserService, 'get'>
}

/** Routes that stop single end users of a user's own app, and let them in again. */
export function endUserRoutes(app: AdminServer, { endUsers, users }: EndUserRoutesOptions): void {
  const nameIn = (request: FastifyRequest) => textIn(request.params, 'end_user')
  const audit: AuditRule = {
    target: (request) => `end user ${idIn(request)}/${nameIn(request)}`,
    view: async (request) => {
      const found = endUsers.get(idIn(request), nameIn(request))
      return found && suspendedView(found)
    },
  }

  app.get(
    '/v1/users/:id/end-users',
    {
      config: { role: 'read-only' },
      schema: {
        operationId: 'listSuspendedEndUsers',
        summary: 'List the suspended end users of a user, by name',
        description: 'Nothing is stored of the others; what they used is told by usage grouped by end_user.',
        tags,
        params: UserParams,
        querystring: EndUsersQuery,
        response: { 200: SuspendedPage, default: ErrorView },
      },
    },
    async ({ params, query: { limit = DEFAULT_LIMIT, cursor } }) => {
      const user = await users.get(params.id)
      const { items, next } = await endUsers.list({ userId: user.id, limit, cursor })
      return { items: items.map(suspendedView), next }
    },
  )

  app.post(
    '/v1/users/:id/end-users/:end_user/suspend',
    {
      config: { role: 'operator', audit },
      schema: {
        operationId: 'suspendEndUser',
        summary: 'Suspend one end user of a user',
        description:
          'Whatever session or JWT names them is refused from the next request on, and what is under way ends. All others go on. Suspending twice changes nothing.',
        tags,
        params: EndUserParams,
        body: NoBody,
        response: { 200: SuspendedView, default: ErrorView },
      },
    },
    async ({ params }) => suspendedView(await endUsers.suspend(params.id, params.end_user, null)),
  )

  app.post(
    '/v1/users/:id/end-users/:end_user/reinstate',
    {
      config: { role: 'operator', audit },
      schema: {
        operationId: 'reinstateEndUser',
        summary: 'Let a suspended end user in again',
        description:
          'The incident for which they were suspended stays as it is; dismissing it reinstates too.',
        tags,
        params: EndUserParams,
        body: NoBody,
        response: { 200: ReinstatedView, default: ErrorView },
      },
    },
    async ({ params }) => {
      const { id } = await users.get(params.id)
      const wasSuspended = await endUsers.reinstate(id, params.end_user)
      return { user: id, end_user: params.end_user, was_suspended: wasSuspended }
    },
  )
}
