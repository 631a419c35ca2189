import { Type } from 'typebox'
import type { AccessRequests } from '../../auth/access/requests.ts'
import type { Linked } from '../../auth/access/parts.ts'
import { GatewayError } from '../../errors.ts'
import { formatTime } from '../../lib/times.ts'
import { ACCESS_STATES, type AccessRequest, type UserStore } from '../../store/store.ts'
import { LimitsOrNull, limitsOrNullFromJson } from '../limits-json.ts'
import { changes } from './audit-rule.ts'
import {
  closed,
  cursor,
  duration,
  limit,
  line,
  milliseconds,
  next,
  orNull,
  textOrNull,
  time,
  timeOrNull,
  userId,
} from './fields.ts'
import type { ObjectRemoval } from './removal.ts'
import { ErrorView } from './schemas.ts'
import { DEFAULT_LIMIT } from './users.ts'
import type { AdminServer } from './validation.ts'

const tags = ['access']

const states = Type.Enum([...ACCESS_STATES], { description: `One of ${ACCESS_STATES.join(', ')}.` })

const RequestParams = Type.Object(
  {
    id: Type.String({
      pattern: '^acr_[0-9A-Za-z]{16}$',
      description: 'Request id: acr_ and 16 letters and digits.',
    }),
  },
  closed,
)

const RequestsQuery = Type.Object({ limit, cursor, state: Type.Optional(states) }, closed)

const isMailed = Type.Optional(
  Type.Boolean({
    description: 'False: the link is in the answer, and no mail is sent. Without a mail server it always is.',
  }),
)

const ApprovalBody = Type.Object(
  {
    user: Type.Optional(userId),
    name: Type.Optional(line(100, 'Name of the user')),
    plan: Type.Optional(
      orNull(line(64, 'Plan'), 'Plan, which must exist, or null: none. Left out: ACCESS_REQUEST_PLAN.'),
    ),
    limits: Type.Optional(LimitsOrNull),
    expires_in: Type.Optional(duration('Lifetime of the token, from when it is made')),
    mail: isMailed,
  },
  closed,
)

const ResendBody = Type.Object({ mail: isMailed }, closed)
const RejectionBody = Type.Object({ reason: Type.Optional(line(200, 'Reason')) }, closed)

/** Answers hold these fields and no others: what is not named here is not sent. */
const requestFields = {
  id: Type.String(),
  email: Type.Union([Type.String(), Type.Null()], { description: 'Null: erased.' }),
  note: Type.Union([Type.String(), Type.Null()], {
    description: 'What they wrote. Anybody can write anything.',
  }),
  state: states,
  mail: Type.Enum(['none', 'due', 'sent', 'failed'], {
    description: 'What became of the mail with its link.',
  }),
  created_at: time,
  expires_at: Type.Union([time, Type.Null()], { description: 'Null: it is over.' }),
  verified_at: Type.Union([time, Type.Null()], { description: 'When its address was proved.' }),
  approved_at: timeOrNull,
  closed_at: timeOrNull,
  user_id: Type.Union([Type.String(), Type.Null()], { description: 'The user that was made for it.' }),
  token_id: Type.Union([Type.String(), Type.Null()], { description: 'The token that its link gave.' }),
  reason: textOrNull,
}

export const AccessRequestView = Type.Object(requestFields)
export const AccessRequestsPage = Type.Object({ items: Type.Array(AccessRequestView), next })
export const AccessRequestDetailView = Type.Object({
  ...requestFields,
  user_with_email: Type.Union([Type.String(), Type.Null()], {
    description: 'Another user who has the address already: the request cannot be approved then.',
  }),
})
export const LinkedView = Type.Object({
  ...requestFields,
  link: Type.Union([Type.String(), Type.Null()], {
    description:
      'What to hand to the person, over a safe way: it gives their token, one time. Null: it goes by mail.',
  }),
})

const isoOrNull = (at: number | null): string | null => (at === null ? null : formatTime(at))

function requestView(request: AccessRequest) {
  const { id, email, note, state, mail, closedAt, userId, tokenId, reason } = request
  return {
    id,
    email,
    note,
    state,
    mail,
    created_at: formatTime(request.createdAt),
    expires_at: closedAt === null ? formatTime(request.expiresAt) : null,
    verified_at: isoOrNull(request.verifiedAt),
    approved_at: isoOrNull(request.approvedAt),
    closed_at: isoOrNull(closedAt),
    user_id: userId,
    token_id: tokenId,
    reason,
  }
}

const linkedView = ({ request, link }: Linked) => ({ ...requestView(request), link })

/** What the routes of requests for access need. */
export interface AccessRequestRoutesOptions {
  readonly access: Omit<AccessRequests, 'submit' | 'verify' | 'claim' | 'start' | 'close'>
  readonly store: { readonly users: Pick<UserStore, 'get'> }
  readonly removal: Pick<ObjectRemoval, 'forget'>
}

/** Routes by which the operator looks at who asks for access, and decides. */
export function accessRequestAdminRoutes(app: AdminServer, options: AccessRequestRoutesOptions): void {
  const { access, store, removal } = options
  // The audit log is kept for longer than what is personal here.
  const show = async (id: string) => {
    const { email: _email, note: _note, reason: _reason, ...view } = requestView(await access.get(id))
    return view
  }

  function lifetimeFrom(written: string | number | undefined): number | undefined {
    if (written === undefined) return undefined
    const lifetime = milliseconds(written, 'expires_in')
    if (lifetime > 0 && !Number.isNaN(new Date(Date.UTC(2100, 0) + lifetime).getTime())) return lifetime
    throw new GatewayError('invalid_request', 'expires_in is out of range.', { path: 'expires_in' })
  }

  app.get(
    '/v1/access-requests',
    {
      config: { role: 'read-only' },
      schema: {
        operationId: 'listAccessRequests',
        summary: 'List requests for access, newest first',
        tags,
        querystring: RequestsQuery,
        response: { 200: AccessRequestsPage, default: ErrorView },
      },
    },
    async ({ query: { limit = DEFAULT_LIMIT, ...rest } }) => {
      const { items, next } = await access.list({ limit, ...rest })
      return { items: items.map(requestView), next }
    },
  )

  app.get(
    '/v1/access-requests/:id',
    {
      config: { role: 'read-only' },
      schema: {
        operationId: 'getAccessRequest',
        summary: 'Show a request for access',
        tags,
        params: RequestParams,
        response: { 200: AccessRequestDetailView, default: ErrorView },
      },
    },
    async ({ params }) => {
      const request = await access.get(params.id)
      return { ...requestView(request), user_with_email: (await access.userWithAddressOf(request)) ?? null }
    },
  )

  app.post(
    '/v1/access-requests/:id/approve',
    {
      config: { role: 'operator', audit: changes('access request', show) },
      schema: {
        operationId: 'approveAccessRequest',
        summary: 'Make a user of a request, and a link that gives them a token',
        description:
          'The link works once, within 72 hours. It goes by mail; without a mail server, or with "mail": false, it is in this answer alone.',
        tags,
        params: RequestParams,
        body: ApprovalBody,
        response: { 200: LinkedView, default: ErrorView },
      },
    },
    async ({ params: { id }, body: { expires_in: expiresIn, limits, mail, ...user } }) => {
      const approval = { ...user, isMailed: mail, tokenLifetime: lifetimeFrom(expiresIn) }
      // What a call of a deleted user registered as it ended must not become that of another with the same id.
      if (user.user !== undefined && (await store.users.get(user.user)) === undefined) {
        await removal.forget(user.user)
      }
      return linkedView(await access.approve(id, { ...approval, limits: limitsOrNullFromJson(limits) }))
    },
  )

  app.post(
    '/v1/access-requests/:id/resend',
    {
      config: { role: 'operator', audit: changes('access request', show) },
      schema: {
        operationId: 'resendAccessLink',
        summary: 'Send the link of a request once more',
        description:
          'A new one: the one before ends. Of a request that waits for its address to be proved, the link that does so; of one that was approved, the link that gives the token, even after 72 hours.',
        tags,
        params: RequestParams,
        body: ResendBody,
        response: { 200: LinkedView, default: ErrorView },
      },
    },
    async ({ params, body }) => linkedView(await access.resend(params.id, body.mail)),
  )

  app.post(
    '/v1/access-requests/:id/reject',
    {
      config: { role: 'operator', audit: changes('access request', show) },
      schema: {
        operationId: 'rejectAccessRequest',
        summary: 'Refuse a request for access',
        description: 'The person is not told. The reason stays here for 30 days.',
        tags,
        params: RequestParams,
        body: RejectionBody,
        response: { 200: AccessRequestView, default: ErrorView },
      },
    },
    async ({ params, body }) => requestView(await access.reject(params.id, body.reason ?? null)),
  )
}
