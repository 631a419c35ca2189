import { sql, type Kysely } from 'kysely'
import type { Unit } from '../minimax/units.ts'
import { usageFromText } from './ledger-rows.ts'
import type { EndUserUsageQuery, SpentQuery, UsageTotal } from './ledger.ts'
import { addUsage, quantityOf } from './sums.ts'
import type { Tables } from './tables.ts'

/**
 * What single end users and sessions spent. There may be any number of them, made up by whoever holds a token, so no
 * totals are kept by them: the rows of their calls are added up, found by indexes that rows without either are not in.
 * It reaches as far back as rows are kept.
 */

/** Rows that are read at a time. */
const STEP = 5_000

/** Calls that are added up for one question about usage: about a second of work for the thread that reads. */
const MAX_ROWS = 100_000

/** In these words they are the conditions of the indexes, without which those could not be used. */
const HAS_END_USER = sql<boolean>`end_user <> ''`
const HAS_SESSION = sql<boolean>`session_id <> ''`

function settledRows(db: Kysely<Tables>, { from, to }: Pick<SpentQuery, 'from' | 'to'>) {
  return (
    db
      .selectFrom('requests')
      .select(['id', 'end_user', 'settled_at', 'usage', 'currency', 'outcome', 'estimated'])
      .select(['token_id', 'model', 'modality', 'operation'])
      .select([sql<string>`cast(charged as text)`.as('charged'), sql<string>`cast(list as text)`.as('list')])
      .where('settled_at', '>=', Math.max(from, 0))
      // Only whole numbers can be asked for, and Infinity is none.
      .where('settled_at', '<', Math.min(to, Number.MAX_SAFE_INTEGER))
  )
}

type Rows = ReturnType<typeof settledRows>
type Row = Awaited<ReturnType<Rows['execute']>>[number]

/** Of one user's end users, in the order of the index. */
async function* ofEndUsers(query: Rows, userId: string, endUser: string | undefined): AsyncGenerator<Row> {
  const all = query.where('user_id', '=', userId).where(HAS_END_USER)
  const asked = endUser === undefined ? all : all.where('end_user', '=', endUser)
  const ordered = asked.orderBy('end_user').orderBy('settled_at').orderBy('id').limit(STEP)
  for (let page = ordered; ;) {
    const rows = await page.execute()
    yield* rows
    const last = rows.at(-1)
    if (rows.length < STEP || last === undefined || last.settled_at === null) return
    const { end_user: name, settled_at: at, id } = last
    page = ordered.where((is) => is(is.refTuple('end_user', 'settled_at', 'id'), '>', is.tuple(name, at, id)))
  }
}

async function* ofSession(query: Rows, sessionId: string): AsyncGenerator<Row> {
  const ordered = query.where('session_id', '=', sessionId).where(HAS_SESSION).orderBy('id').limit(STEP)
  for (let page = ordered; ;) {
    const rows = await page.execute()
    yield* rows
    const last = rows.at(-1)
    if (rows.length < STEP || last === undefined) return
    page = ordered.where('id', '>', last.id)
  }
}

function rowsOf(db: Kysely<Tables>, query: SpentQuery): AsyncGenerator<Row> {
  const rows = settledRows(db, query).where('currency', '=', query.currency)
  if (query.dimension === 'session') return ofSession(rows, query.id)
  const slash = query.id.indexOf('/')
  return ofEndUsers(rows, query.id.slice(0, slash), query.id.slice(slash + 1))
}

/** What was charged and used in all, as the integers that are stored. */
export interface StoredSum {
  readonly charged: bigint
  readonly units: ReadonlyMap<Unit, number>
}

/** See `LedgerReader.spent`, for a session or an end user. @param db all of it as it stands at one moment */
export async function sumOfRows(db: Kysely<Tables>, query: SpentQuery): Promise<StoredSum> {
  const units = new Map<Unit, number>()
  let charged = 0n
  for await (const row of rowsOf(db, query)) {
    charged += BigInt(row.charged)
    addUsage(units, usageFromText(row.usage))
  }
  return { charged, units }
}

/** See `LedgerStore.sessionCalls`. The index alone is read. */
export async function countSessionCalls(db: Kysely<Tables>, sessionId: string): Promise<number> {
  const { count } = await db
    .selectFrom('requests')
    .select((is) => is.fn.countAll().as('count'))
    .where('session_id', '=', sessionId)
    .where(HAS_SESSION)
    .executeTakeFirstOrThrow()
  return Number(count)
}

const COLUMNS = {
  end_user: 'end_user',
  token: 'token_id',
  model: 'model',
  modality: 'modality',
  operation: 'operation',
} as const satisfies Record<EndUserUsageQuery['groupBy'], keyof Row>

/** Calls of one key and currency, added up. */
class Group {
  readonly #key: string
  readonly #currency: string
  #requests = 0
  #failures = 0
  #estimated = 0
  #list = 0n
  #charged = 0n
  readonly #units = new Map<Unit, number>()

  constructor(key: string, currency: string) {
    this.#key = key
    this.#currency = currency
  }

  add({ outcome, estimated, list, charged, usage }: Row): void {
    this.#requests++
    if (outcome !== 'ok') this.#failures++
    if (estimated === 1) this.#estimated++
    this.#list += BigInt(list)
    this.#charged += BigInt(charged)
    addUsage(this.#units, usageFromText(usage))
  }

  get total(): UsageTotal {
    const usage: Partial<Record<Unit, number>> = {}
    for (const [unit, stored] of this.#units) if (stored !== 0) usage[unit] = quantityOf(unit, stored)
    return {
      key: this.#key,
      currency: this.#currency,
      requests: this.#requests,
      failures: this.#failures,
      estimated: this.#estimated,
      usage,
      list: this.#list,
      charged: this.#charged,
    }
  }
}

function rowsOfUsage(db: Kysely<Tables>, query: EndUserUsageQuery): AsyncGenerator<Row> {
  const { userId, endUser, sessionId } = query
  const rows = settledRows(db, query)
  return sessionId === undefined
    ? ofEndUsers(rows, userId, endUser)
    : ofSession(rows.where('user_id', '=', userId), sessionId)
}

/** See `LedgerReader.usageOfEndUsers`. */
export async function readEndUserUsage(
  db: Kysely<Tables>,
  query: EndUserUsageQuery,
): Promise<readonly UsageTotal[] | null> {
  const groups = new Map<string, Group>()
  const column = COLUMNS[query.groupBy]
  const isWhole = await db.transaction().execute(async (transaction) => {
    let count = 0
    for await (const row of rowsOfUsage(transaction, query)) {
      if (++count > MAX_ROWS) return false
      // The currency is ours and has no space; the key may have any character.
      const name = `${row.currency} ${row[column]}`
      const group = groups.get(name) ?? new Group(row[column], row.currency)
      groups.set(name, group)
      group.add(row)
    }
    return true
  })
  return isWhole ? Array.from(groups.values(), ({ total }) => total) : null
}
