import { Type } from 'typebox'
import { GatewayError, OUTCOMES } from '../../errors.ts'
import type { Clock } from '../../lib/clock.ts'
import { USAGE_GROUPS, type LedgerReader, type Store } from '../../store/store.ts'
import { RequestsPage, requestView, RequestView, usageAnswer, UsageAnswer } from '../books.ts'
import { hoursOf, rangeFields, rangeOf } from '../range.ts'
import { closed, cursor, limit, tokenId, userId } from './fields.ts'
import { ErrorView } from './schemas.ts'
import { DEFAULT_LIMIT } from './users.ts'
import type { AdminServer } from './validation.ts'

const tags = ['books']

const RequestParams = Type.Object(
  { id: Type.String({ pattern: '^[0-9a-f]{32}$', description: 'Request id: 32 hexadecimal digits.' }) },
  closed,
)

const RequestsQuery = Type.Object(
  {
    user: Type.Optional(userId),
    token: Type.Optional(tokenId),
    operation: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 100,
        description: 'Name of an operation, such as chat.native.',
      }),
    ),
    outcome: Type.Optional(Type.Enum([...OUTCOMES], { description: `One of ${OUTCOMES.join(', ')}.` })),
    ...rangeFields,
    limit,
    cursor,
  },
  closed,
)

const UsageQuery = Type.Object(
  {
    group_by: Type.Optional(
      Type.Enum([...USAGE_GROUPS], { description: `One of ${USAGE_GROUPS.join(', ')}; user unless said.` }),
    ),
    user: Type.Optional(userId),
    ...rangeFields,
  },
  closed,
)

/** What the routes of the books need. */
export interface BookRoutesOptions {
  readonly ledger: LedgerReader
  readonly store: Pick<Store, 'tokens'>
  /** The names of all operations. */
  readonly operations: readonly string[]
  readonly clock: Clock
}

/** Routes that show what was called, used and charged. */
export function bookRoutes(app: AdminServer, options: BookRoutesOptions): void {
  const { ledger, store, operations, clock } = options
  app.get(
    '/v1/requests',
    {
      schema: {
        operationId: 'listRequests',
        summary: 'List the calls that went to MiniMax, newest first',
        description:
          'The times narrow by when a call began. Where filters match little, a page may hold fewer items than its limit, or none, though others follow: only a "next" of null is the end.',
        tags,
        querystring: RequestsQuery,
        response: { 200: RequestsPage, default: ErrorView },
      },
    },
    async ({ query }) => {
      const { user, token: tokenId, operation, outcome, limit = DEFAULT_LIMIT, cursor } = query
      // An operation that is misspelt would answer "no calls", which is a lie.
      if (operation !== undefined && !operations.includes(operation)) {
        throw new GatewayError('invalid_query', 'There is no such operation.', { path: 'operation' })
      }
      // A token has one user, and the books find a user's calls faster than a token's.
      const owner = tokenId === undefined ? undefined : (await store.tokens.get(tokenId))?.userId
      const filter = { userId: user ?? owner, tokenId, operation, outcome, ...rangeOf(query) }
      const { items, next } = await ledger.list({ limit, cursor }, filter)
      return { items: items.map(requestView), next }
    },
  )

  app.get(
    '/v1/requests/:id',
    {
      schema: {
        operationId: 'getRequest',
        summary: 'Show a call that went to MiniMax',
        description: 'Its id is the x-request-id of its answer.',
        tags,
        params: RequestParams,
        response: { 200: RequestView, default: ErrorView },
      },
    },
    async ({ params }) => {
      const row = await ledger.get(params.id)
      if (row === undefined) {
        throw new GatewayError(
          'not_found',
          'The books have no such request: it did not go to MiniMax, or is too old.',
        )
      }
      return requestView(row)
    },
  )

  app.get(
    '/v1/usage',
    {
      schema: {
        operationId: 'getUsage',
        summary: 'Add up what was used and charged',
        description:
          'Over the last 30 days unless said. Totals are kept by the hour: every hour that the times touch counts, and a call counts in the hour in which it is settled. The answer says which hours these are.',
        tags,
        querystring: UsageQuery,
        response: { 200: UsageAnswer, default: ErrorView },
      },
    },
    async ({ query }) => {
      const { group_by: groupBy = 'user', user: userId } = query
      const range = hoursOf(query, clock.now())
      return usageAnswer(groupBy, range, await ledger.usage({ groupBy, ...range, userId }))
    },
  )
}
