import { sql, type Expression, type ExpressionBuilder, type Kysely, type SqlBool } from 'kysely'
import { idFromTime } from './ledger-ids.ts'
import { requestFromRow, selectRequests } from './ledger-rows.ts'
import type { LedgerFilter, LedgerRow } from './ledger.ts'
import type { Tables } from './tables.ts'

/** Rows that are looked at for one page when an index alone can tell whether they match. */
const MAX_INDEXED = 100_000
/** Rows that are looked at for one page when each has to be fetched for that. */
const MAX_FETCHED = 10_000

const COLUMNS = {
  userId: 'user_id',
  tokenId: 'token_id',
  endUser: 'end_user',
  operation: 'operation',
  outcome: 'outcome',
} as const

type Field = keyof typeof COLUMNS

const FIELDS = ['userId', 'tokenId', 'endUser', 'operation', 'outcome'] as const satisfies Field[]

/** What the index of end users finds at once. */
const OF_END_USER: ReadonlySet<Field> = new Set<Field>(['userId', 'endUser'])

/** Which rows an index finds at once, and which conditions have to be tried on each of them. */
interface Plan {
  readonly found: Field | undefined
  readonly tried: readonly Field[]
  readonly atMost: number
}

/** Ids from one on, and up to another, exclusive. */
interface Range {
  readonly from: string | undefined
  readonly to: string | undefined
}

/** Rare outcomes are fewest, then a user's calls, then an operation's; nearly every call is `ok`, so no index has it. */
function planFor(filter: LedgerFilter): Plan {
  if (filter.userId !== undefined && filter.endUser !== undefined) {
    const tried = FIELDS.filter((field) => !OF_END_USER.has(field) && filter[field] !== undefined)
    return { found: 'endUser', tried, atMost: MAX_FETCHED }
  }
  const isRare = filter.outcome !== undefined && filter.outcome !== 'ok'
  const order: readonly Field[] = isRare ? ['outcome', 'userId', 'operation'] : ['userId', 'operation']
  const found = order.find((field) => filter[field] !== undefined)
  const tried = FIELDS.filter((field) => field !== found && filter[field] !== undefined)
  const isIndexed =
    (found === 'outcome' || (found === 'userId' && !tried.includes('outcome'))) && !tried.includes('endUser')
  return { found, tried, atMost: isIndexed ? MAX_INDEXED : MAX_FETCHED }
}

type Is = ExpressionBuilder<Tables, 'requests'>

function foundRows(is: Is, { found }: Plan, filter: LedgerFilter, { from, to }: Range) {
  const conditions: Expression<SqlBool>[] = []
  const value = found && filter[found]
  if (found !== undefined && value !== undefined) conditions.push(is(COLUMNS[found], '=', value))
  // In these words it is the condition of the index, without which the index could not be used.
  if (found === 'outcome') conditions.push(sql<boolean>`outcome <> 'ok'`)
  if (found === 'endUser' && filter.userId !== undefined) {
    conditions.push(is('user_id', '=', filter.userId), sql<boolean>`end_user <> ''`)
  }
  if (from !== undefined) conditions.push(is('id', '>=', from))
  if (to !== undefined) conditions.push(is('id', '<', to))
  return is.and(conditions)
}

function triedRows(is: Is, { tried }: Plan, filter: LedgerFilter) {
  // An expression instead of the column keeps the database from looking for another index.
  return is.and(tried.map((field) => sql<boolean>`${sql.ref(COLUMNS[field])} || '' = ${filter[field]}`))
}

function rangeOf(filter: LedgerFilter, before: string | undefined): Range {
  const end = filter.to === undefined ? undefined : idFromTime(filter.to)
  const to = end !== undefined && before !== undefined && end < before ? end : (before ?? end)
  return { from: filter.from === undefined ? undefined : idFromTime(filter.from), to }
}

/** A token belongs to one user, by whose calls an index finds it. */
async function withOwner(db: Kysely<Tables>, filter: LedgerFilter): Promise<LedgerFilter> {
  if (filter.tokenId === undefined || filter.userId !== undefined) return filter
  const owner = await db
    .selectFrom('tokens')
    .select('user_id')
    .where('id', '=', filter.tokenId)
    .executeTakeFirst()
  return owner === undefined ? filter : { ...filter, userId: owner.user_id }
}

/** The id of the last row that is looked at for a page; undefined when all that are left may be. */
async function lastTried(
  db: Kysely<Tables>,
  plan: Plan,
  filter: LedgerFilter,
  range: Range,
): Promise<string | undefined> {
  if (plan.tried.length === 0) return undefined
  const row = await db
    .selectFrom('requests')
    .select('id')
    .where((is) => foundRows(is, plan, filter, range))
    .orderBy('id', 'desc')
    .limit(1)
    .offset(plan.atMost - 1)
    .executeTakeFirst()
  return row?.id
}

/** A page, and the id after which the next one begins; null at the end. */
export interface RequestPage {
  readonly items: readonly LedgerRow[]
  readonly end: string | null
}

/**
 * Rows of the books, the newest first. The work for a page is bounded, so where a filter matches next to nothing a page
 * may come out short or empty although there is a next one.
 * @param before the id where the last page ended
 */
export async function listRequests(
  db: Kysely<Tables>,
  { limit, before }: { readonly limit: number; readonly before: string | undefined },
  asked: LedgerFilter,
): Promise<RequestPage> {
  const range = rangeOf(asked, before)
  const filter = await withOwner(db, asked)
  const plan = planFor(filter)
  const last = await lastTried(db, plan, filter, range)
  const rows = await selectRequests(db)
    .where((is) => foundRows(is, plan, filter, { ...range, from: last ?? range.from }))
    .where((is) => triedRows(is, plan, filter))
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute()
  const items = rows.slice(0, limit).map(requestFromRow)
  const end = rows.length > limit ? items.at(-1)?.requestId : last
  return { items, end: end ?? null }
}
