import { Type, type Static } from 'typebox'
import { formatTime } from '../../lib/times.ts'
import { AUDIT_OUTCOMES, OPERATOR_ROLES, type AuditEntry, type Store } from '../../store/store.ts'
import { rangeFields, rangeOf } from '../range.ts'
import { closed, cursor, limit, line, next, textOrNull, time } from './fields.ts'
import { ErrorView } from './schemas.ts'
import { DEFAULT_LIMIT } from './users.ts'
import type { AdminServer } from './validation.ts'

const tags = ['operators']

const outcome = Type.Enum([...AUDIT_OUTCOMES], {
  description: `One of ${AUDIT_OUTCOMES.join(', ')}. begun: nobody wrote down what came of it.`,
})

const AuditQuery = Type.Object(
  {
    operator: Type.Optional(
      Type.String({ pattern: '^(?:owner|[0-9A-Za-z]{12})$', description: 'Operator id, or owner.' }),
    ),
    action: Type.Optional(
      Type.String({ pattern: '^[A-Za-z]{1,64}$', description: 'Name of a call, such as changeUser.' }),
    ),
    target: Type.Optional(line(300, 'What was changed, such as "user ada"')),
    outcome: Type.Optional(outcome),
    ...rangeFields,
    limit,
    cursor,
  },
  closed,
)

const Written = Type.Unknown({ description: 'Any JSON, without secrets. Null: there is none.' })

/** An entry of the audit log, as the API shows it. */
export const AuditView = Type.Object({
  id: Type.String(),
  at: time,
  operator: Type.String({ description: 'Operator id; owner: by the admin token of the settings.' }),
  name: Type.String({ description: 'The name of the operator, as it was then.' }),
  role: Type.Enum([...OPERATOR_ROLES]),
  address: Type.String(),
  action: Type.String({ description: 'The operationId of the call.' }),
  method: Type.String(),
  route: Type.String(),
  target: Type.String(),
  request: Written,
  before: Written,
  after: Written,
  status: Type.Union([Type.Integer(), Type.Null()], { description: 'HTTP status of the answer.' }),
  outcome,
  error: textOrNull,
  request_id: Type.String(),
})

/** A page of the audit log. */
export const AuditPage = Type.Object({ items: Type.Array(AuditView), next })

function jsonOf(text: string | null): unknown {
  return text === null ? null : (JSON.parse(text) as unknown)
}

function auditView(entry: AuditEntry): Static<typeof AuditView> {
  return {
    id: entry.id,
    at: formatTime(entry.at),
    operator: entry.operatorId,
    name: entry.operatorName,
    role: entry.role,
    address: entry.address,
    action: entry.action,
    method: entry.method,
    route: entry.route,
    target: entry.target,
    request: jsonOf(entry.request),
    before: jsonOf(entry.before),
    after: jsonOf(entry.after),
    status: entry.status,
    outcome: entry.outcome,
    error: entry.error,
    request_id: entry.requestId,
  }
}

/** The route that shows the audit log. There is none that changes it. */
export function auditRoutes(app: AdminServer, { store }: { readonly store: Pick<Store, 'audit'> }): void {
  app.get(
    '/v1/audit',
    {
      config: { role: 'owner' },
      schema: {
        operationId: 'listAudit',
        summary: 'List what operators changed or tried to change, newest first',
        description:
          'An entry is on disk before the change is begun. before and after hold the fields that are different.',
        tags,
        querystring: AuditQuery,
        response: { 200: AuditPage, default: ErrorView },
      },
    },
    async ({ query }) => {
      const { operator: operatorId, action, target, outcome, limit = DEFAULT_LIMIT, cursor } = query
      const filter = { operatorId, action, target, outcome, ...rangeOf(query) }
      const { items, next } = await store.audit.list({ limit, cursor, ...filter })
      return { items: items.map(auditView), next }
    },
  )
}
