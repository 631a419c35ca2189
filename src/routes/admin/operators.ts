import { Type, type Static } from 'typebox'
import type { IssuedOperator, OperatorService } from '../../auth/operators.ts'
import { cidrProblem } from '../../config/checks.ts'
import { GatewayError } from '../../errors.ts'
import type { Clock } from '../../lib/clock.ts'
import { formatTime } from '../../lib/times.ts'
import { OPERATOR_ROLES, type Operator, type Store } from '../../store/store.ts'
import { changes, makes } from './audit-rule.ts'
import {
  closed,
  cursor,
  duration,
  limit,
  line,
  milliseconds,
  next,
  textOrNull,
  time,
  timeOrNull,
  tokenId,
} from './fields.ts'
import { ErrorView, RotateBody } from './schemas.ts'
import { DEFAULT_LIMIT } from './users.ts'
import type { AdminServer } from './validation.ts'

const tags = ['operators']

const role = Type.Enum([...OPERATOR_ROLES], { description: `One of ${OPERATOR_ROLES.join(', ')}.` })

const NewOperatorBody = Type.Object(
  {
    name: line(100, 'Name'),
    role,
    expires_in: Type.Optional(duration('Lifetime')),
    cidrs: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 50 }), {
        minItems: 1,
        maxItems: 100,
        uniqueItems: true,
        description: 'Networks from which alone it may be used, as 10.0.0.0/8 or fd00::/8.',
      }),
    ),
  },
  closed,
)

const OperatorParams = Type.Object({ id: tokenId }, closed)
const OperatorsQuery = Type.Object({ limit, cursor }, closed)

const STATUSES = ['active', 'expired', 'revoked'] as const

const fields = {
  id: Type.String(),
  name: Type.String(),
  role,
  cidrs: Type.Union([Type.Array(Type.String()), Type.Null()], { description: 'Null: from anywhere.' }),
  status: Type.Enum([...STATUSES]),
  created_at: time,
  expires_at: timeOrNull,
  revoked_at: timeOrNull,
  replaced_by: Type.Union([Type.String(), Type.Null()], { description: 'The token that took its place.' }),
  last_used_at: Type.Union([time, Type.Null()], { description: 'To about a minute. Null: never.' }),
  last_used_address: textOrNull,
}

/** An operator's admin token, as the API shows it: without its hash. */
export const OperatorView = Type.Object(fields)
/** A page of them. */
export const OperatorsPage = Type.Object({ items: Type.Array(OperatorView), next })
/** One that was just made. */
export const IssuedOperatorView = Type.Object({
  ...fields,
  token: Type.String({
    description: 'The admin token itself. It is shown this once and cannot be had again.',
  }),
})
/** Who asks. */
export const OperatorSelf = Type.Object({ id: Type.String(), name: Type.String(), role })

const isoOrNull = (at: number | null): string | null => (at === null ? null : formatTime(at))

function statusOf({ revokedAt, expiresAt }: Operator, now: number): (typeof STATUSES)[number] {
  if (revokedAt !== null) return 'revoked'
  return expiresAt !== null && expiresAt <= now ? 'expired' : 'active'
}

function operatorView(operator: Operator, now: number): Static<typeof OperatorView> {
  return {
    id: operator.id,
    name: operator.name,
    role: operator.role,
    cidrs: operator.networks === null ? null : [...operator.networks],
    status: statusOf(operator, now),
    created_at: formatTime(operator.createdAt),
    expires_at: isoOrNull(operator.expiresAt),
    revoked_at: isoOrNull(operator.revokedAt),
    replaced_by: operator.replacedBy,
    last_used_at: isoOrNull(operator.lastUsedAt),
    last_used_address: operator.lastUsedAddress,
  }
}

/** @throws GatewayError `invalid_request` that names the network which is none */
function checkNetworks(networks: readonly string[] | undefined): void {
  for (const [at, network] of (networks ?? []).entries()) {
    if (cidrProblem(network) === undefined) continue
    const path = `cidrs[${at}]`
    const message = `The field "${path}" is not a network. Write 10.0.0.0/8 or fd00::/8.`
    throw new GatewayError('invalid_request', message, { path })
  }
}

/** What the routes of operators need. */
export interface OperatorRoutesOptions {
  readonly operators: OperatorService
  readonly store: Pick<Store, 'operators'>
  readonly clock: Pick<Clock, 'now'>
}

/** Routes that issue, show, rotate and revoke the admin tokens of operators. */
export function operatorRoutes(app: AdminServer, { operators, store, clock }: OperatorRoutesOptions): void {
  const show = async (id: string) => operatorView(await operators.get(id), clock.now())
  const issued = ({ token, record }: IssuedOperator) => ({ ...operatorView(record, clock.now()), token })

  app.post(
    '/v1/operators',
    {
      config: { role: 'owner', audit: makes('operator', show) },
      schema: {
        operationId: 'createOperator',
        summary: 'Issue an admin token with a role',
        description: 'The answer is the only one that ever holds the token.',
        tags,
        body: NewOperatorBody,
        response: { 201: IssuedOperatorView, default: ErrorView },
      },
    },
    async ({ body: { name, role, expires_in: expiresIn, cidrs } }, reply) => {
      checkNetworks(cidrs)
      const expiresInMs = expiresIn === undefined ? undefined : milliseconds(expiresIn, 'expires_in')
      return reply
        .code(201)
        .send(issued(await operators.create({ name, role, expiresInMs, networks: cidrs })))
    },
  )

  app.get(
    '/v1/operators',
    {
      config: { role: 'owner' },
      schema: {
        operationId: 'listOperators',
        summary: 'List admin tokens, oldest first',
        description: 'That of the settings is not among them: it is always the owner.',
        tags,
        querystring: OperatorsQuery,
        response: { 200: OperatorsPage, default: ErrorView },
      },
    },
    async ({ query: { limit = DEFAULT_LIMIT, cursor } }) => {
      const { items, next } = await store.operators.list({ limit, cursor })
      const now = clock.now()
      return { items: items.map((operator) => operatorView(operator, now)), next }
    },
  )

  app.get(
    '/v1/operators/me',
    {
      config: { role: 'read-only' },
      schema: {
        operationId: 'getOwnRole',
        summary: 'Show who asks, and in which role',
        tags,
        response: { 200: OperatorSelf, default: ErrorView },
      },
    },
    async ({ operator }) => {
      if (operator === null) throw new GatewayError('admin_unauthorized')
      return { ...operator }
    },
  )

  app.delete(
    '/v1/operators/:id',
    {
      config: { role: 'owner', audit: changes('operator', show) },
      schema: {
        operationId: 'revokeOperator',
        summary: 'Revoke an admin token',
        description: 'Holds from the next request on. Revoking twice changes nothing.',
        tags,
        params: OperatorParams,
        response: { 200: OperatorView, default: ErrorView },
      },
    },
    async ({ params }) => operatorView(await operators.revoke(params.id), clock.now()),
  )

  app.post(
    '/v1/operators/:id/rotate',
    {
      config: { role: 'owner', audit: changes('operator', show) },
      schema: {
        operationId: 'rotateOperator',
        summary: 'Replace an admin token by a new one of the same name and role',
        description:
          'A lifetime starts anew. The old token ends at once, or after the grace. The answer is the only one that ever holds the new token.',
        tags,
        params: OperatorParams,
        body: RotateBody,
        response: { 200: IssuedOperatorView, default: ErrorView },
      },
    },
    async ({ params, body: { grace = 0 } }) =>
      issued(await operators.rotate(params.id, milliseconds(grace, 'grace'))),
  )
}
