import { Type, type Static } from 'typebox'
import { GatewayError, OUTCOMES } from '../../errors.ts'
import type { Clock } from '../../lib/clock.ts'
import type { LedgerReader, Store, UsageTotal } from '../../store/store.ts'
import { RequestsPage, requestView, RequestView, usageAnswer, UsageAnswer, USAGE_KEYS } from '../books.ts'
import { usageOfEndUsers } from '../end-user-usage.ts'
import { hoursOf, rangeFields, rangeOf, type Range } from '../range.ts'
import { closed, cursor, endUserName, limit, tokenId, userId } from './fields.ts'
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
    end_user: Type.Optional(endUserName),
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
      Type.Enum([...USAGE_KEYS], { description: `One of ${USAGE_KEYS.join(', ')}; user unless said.` }),
    ),
    user: Type.Optional(userId),
    end_user: Type.Optional(endUserName),
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

function needsUser(field: string): GatewayError {
  return new GatewayError('invalid_query', `With "${field}", "user" says whose end users are meant.`, {
    path: 'user',
  })
}

async function usageOf(
  ledger: LedgerReader,
  query: Static<typeof UsageQuery>,
  range: Range,
): Promise<readonly UsageTotal[]> {
  const { group_by: groupBy = 'user', user: userId, end_user: endUser } = query
  if (groupBy !== 'end_user' && endUser === undefined)
    return await ledger.usage({ groupBy, ...range, userId })
  if (userId === undefined) throw needsUser(endUser === undefined ? 'group_by' : 'end_user')
  // Of one user there is one line by user: it is that of the end user.
  const by = groupBy === 'user' ? 'end_user' : groupBy
  const totals = await usageOfEndUsers(ledger, { groupBy: by, ...range, userId, endUser })
  return groupBy === 'user' ? totals.map((total) => ({ ...total, key: userId })) : totals
}

/** Routes that show what was called, used and charged. */
export function bookRoutes(app: AdminServer, options: BookRoutesOptions): void {
  const { ledger, store, operations, clock } = options
  app.get(
    '/v1/requests',
    {
      config: { role: 'read-only' },
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
      const {
        user,
        token: tokenId,
        end_user: endUser,
        operation,
        outcome,
        limit = DEFAULT_LIMIT,
        cursor,
      } = query
      // An operation that is misspelt would answer "no calls", which is a lie.
      if (operation !== undefined && !operations.includes(operation)) {
        throw new GatewayError('invalid_query', 'There is no such operation.', { path: 'operation' })
      }
      // A token has one user, and the books find a user's calls faster than a token's.
      const owner = tokenId === undefined ? undefined : (await store.tokens.get(tokenId))?.userId
      if (endUser !== undefined && (user ?? owner) === undefined) throw needsUser('end_user')
      const filter = { userId: user ?? owner, tokenId, endUser, operation, outcome, ...rangeOf(query) }
      const { items, next } = await ledger.list({ limit, cursor }, filter)
      return { items: items.map(requestView), next }
    },
  )

  app.get(
    '/v1/requests/:id',
    {
      config: { role: 'read-only' },
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
      config: { role: 'read-only' },
      schema: {
        operationId: 'getUsage',
        summary: 'Add up what was used and charged',
        description:
          'Over the last 30 days unless said. Totals are kept by the hour: every hour that the times touch counts, and a call counts in the hour in which it is settled. The answer says which hours these are. Grouped by end_user, or of one end user, it is of one user and at most 31 days; calls without an end user are left out.',
        tags,
        querystring: UsageQuery,
        response: { 200: UsageAnswer, default: ErrorView },
      },
    },
    async ({ query }) => {
      const range = hoursOf(query, clock.now())
      return usageAnswer(query.group_by ?? 'user', range, await usageOf(ledger, query, range))
    },
  )
}
