import { sql, type Kysely } from 'kysely'
import { UNITS, type Unit } from '../minimax/units.ts'
import { COLUMN_OF_GROUP, HOUR_MS } from './ledger-folding.ts'
import { sumOfRows, type StoredSum } from './ledger-end-users.ts'
import { idFromTime } from './ledger-ids.ts'
import { talliesFromLine } from './ledger-journal.ts'
import { usageFromText } from './ledger-rows.ts'
import type { Spent, SpentQuery } from './ledger.ts'
import { addUsage, quantityOf, type Tally } from './sums.ts'
import type { Tables } from './tables.ts'

/** Rows that are read at a time: a user may have made very many within an hour. */
const STEP = 5_000

const MINUTE_MS = 60_000

/**
 * How long before an hour a call may have begun that was settled within it, tried one after the other: nearly all end
 * within minutes, tasks within days, and what a process left open when the next one starts.
 */
const REACHES_MS = [15 * MINUTE_MS, 3 * HOUR_MS, 24 * HOUR_MS, 8 * 24 * HOUR_MS] as const

/** Hours from one on, up to another, exclusive. */
interface Hours {
  readonly from: number
  readonly to: number
}

/** What calls add up to. */
class Sum {
  calls = 0
  charged = 0n
  /** As the integers that are stored. */
  readonly units = new Map<Unit, number>()

  add({ calls, charged, units }: Pick<Tally, 'calls' | 'charged' | 'units'>, sign: 1 | -1 = 1): void {
    this.calls += sign * calls
    this.charged += sign === 1 ? charged : -charged
    for (const [unit, stored] of units) this.units.set(unit, (this.units.get(unit) ?? 0) + sign * stored)
  }
}

/** Sums as the driver reads them: money as text, all else as a float, which it takes whatever its size. */
type SumRow = Readonly<Record<Unit, number | null>> & {
  readonly calls: number | null
  readonly charged: string | null
}

function sumOfRow(row: SumRow | undefined): Sum {
  const sum = new Sum()
  if (row === undefined) return sum
  sum.calls = row.calls ?? 0
  sum.charged = BigInt(row.charged ?? 0)
  for (const unit of UNITS) {
    const stored = row[unit] ?? 0
    if (stored !== 0) sum.units.set(unit, stored)
  }
  return sum
}

function sumColumns(isAdded: boolean) {
  const column = (name: Unit | 'calls' | 'charged') => (isAdded ? sql`sum(${sql.ref(name)})` : sql.ref(name))
  return [
    sql<string>`cast(${column('charged')} as text)`.as('charged'),
    sql<number>`cast(${column('calls')} as double precision)`.as('calls'),
    ...UNITS.map((unit) => sql<number>`cast(${column(unit)} as double precision)`.as(unit)),
  ]
}

/** One call as it adds to the sums. */
interface Settled extends Pick<Tally, 'calls' | 'charged' | 'units'> {
  readonly at: number
}

const FIELD = { user: 'userId', token: 'tokenId' } as const satisfies Partial<
  Record<SpentQuery['dimension'], keyof Tally>
>

/** Of whom totals are kept. */
interface TotalQuery extends SpentQuery {
  readonly dimension: keyof typeof FIELD
}

function hasTotals(query: SpentQuery): query is TotalQuery {
  return query.dimension in FIELD
}

/** What the books say of one user or token, all as it stands at one moment. */
class Account {
  readonly #db: Kysely<Tables>
  readonly #query: TotalQuery
  /** By whose calls an index finds those of a token; the user, or unknown. */
  readonly #userId: string | undefined
  /** What the tables of totals have not got yet. */
  readonly #journal: readonly Tally[]
  /** Hours before this one are over, and their totals stand. */
  readonly #folded: number

  private constructor(
    db: Kysely<Tables>,
    query: TotalQuery,
    known: { userId: string | undefined; journal: readonly Tally[]; folded: number },
  ) {
    this.#db = db
    this.#query = query
    this.#userId = known.userId
    this.#journal = known.journal
    this.#folded = known.folded
  }

  static async open(db: Kysely<Tables>, query: TotalQuery): Promise<Account> {
    const mark = await db.selectFrom('usage_marks').select('folded').executeTakeFirst()
    const lines = await db.selectFrom('usage_journal').select('line').execute()
    const journal = lines
      .flatMap(({ line }) => [...talliesFromLine(line)])
      .filter((tally) => tally[FIELD[query.dimension]] === query.id && tally.currency === query.currency)
    return new Account(db, query, { userId: await ownerOf(db, query), journal, folded: mark?.folded ?? 0 })
  }

  async ofHours({ from, to }: Hours): Promise<Sum> {
    const sum = new Sum()
    if (to <= from) return sum
    const folded = Math.min(to, this.#folded)
    if (folded > from) {
      sum.add(await this.#totalBefore(folded))
      sum.add(await this.#totalBefore(from), -1)
    }
    sum.add(await this.#ofOpenHours({ from: Math.max(from, this.#folded), to }))
    for (const tally of this.#journal) if (tally.hour >= from && tally.hour < to) sum.add(tally)
    return sum
  }

  /**
   * Of a part of an hour. Totals are not kept by less than an hour, so the rows of its calls are added up; their number
   * tells whether all of them were found. Where they were not, because they are older than rows are kept, all of the
   * hour counts: too much rather than too little.
   */
  async ofPart(from: number, to: number): Promise<Sum> {
    const hour = Math.floor(from / HOUR_MS)
    const whole = await this.ofHours({ from: hour, to: hour + 1 })
    if (whole.calls === 0) return whole
    const part = new Sum()
    let found = 0
    let until = (hour + 1) * HOUR_MS
    for (const reach of REACHES_MS) {
      const since = hour * HOUR_MS - reach
      for await (const row of this.#settledIn(hour, since, until)) {
        found++
        if (row.at >= from && row.at < to) part.add(row)
      }
      if (found === whole.calls) return part
      until = since
    }
    return whole
  }

  /** All that was settled before an hour, out of the last total before it. */
  async #totalBefore(hour: number): Promise<Sum> {
    const { dimension, id, currency } = this.#query
    const row = await this.#db
      .selectFrom('usage_totals')
      .select(sumColumns(false))
      .where('dimension', '=', dimension)
      .where('key', '=', id)
      .where('currency', '=', currency)
      .where('hour', '<', hour)
      .orderBy('hour', 'desc')
      .limit(1)
      .executeTakeFirst()
    return sumOfRow(row)
  }

  /** Of hours that are not in the totals yet, one by one: the key of the table finds the user within an hour only. */
  async #ofOpenHours({ from, to }: Hours): Promise<Sum> {
    const { dimension, id, currency } = this.#query
    const hours = this.#db.selectFrom('usage_hours').select('hour').orderBy('hour').limit(1)
    let sums = this.#db
      .selectFrom('usage_hours')
      .select(sumColumns(true))
      .where(COLUMN_OF_GROUP[dimension], '=', id)
      .where('currency', '=', currency)
    if (this.#userId !== undefined) sums = sums.where('user_id', '=', this.#userId)
    const sum = new Sum()
    for (let next = from; ;) {
      const found = await hours.where('hour', '>=', next).executeTakeFirst()
      if (found === undefined || found.hour >= to) return sum
      sum.add(sumOfRow(await sums.where('hour', '=', found.hour).executeTakeFirst()))
      next = found.hour + 1
    }
  }

  /** Calls that were settled within an hour, of those that began between two times. */
  async *#settledIn(hour: number, since: number, until: number): AsyncGenerator<Settled> {
    const { dimension, id, currency } = this.#query
    let query = this.#db
      .selectFrom('requests')
      .select(['id', 'settled_at', 'usage', sql<string>`cast(charged as text)`.as('charged')])
      .where(COLUMN_OF_GROUP[dimension], '=', id)
      .where('currency', '=', currency)
      .where('id', '<', idFromTime(until))
      .where('settled_at', '>=', hour * HOUR_MS)
      .where('settled_at', '<', (hour + 1) * HOUR_MS)
      .orderBy('id')
      .limit(STEP)
    if (this.#userId !== undefined) query = query.where('user_id', '=', this.#userId)
    for (let after = idFromTime(since); ;) {
      const rows = await query.where('id', '>', after).execute()
      for (const { settled_at: at, usage, charged } of rows) {
        const units = new Map<Unit, number>()
        addUsage(units, usageFromText(usage))
        if (at !== null) yield { at, calls: 1, charged: BigInt(charged), units }
      }
      const last = rows.at(-1)
      if (rows.length < STEP || last === undefined) return
      after = last.id
    }
  }
}

/** A token belongs to one user, as long as it is there. */
async function ownerOf(
  db: Kysely<Tables>,
  { dimension, id }: Pick<TotalQuery, 'dimension' | 'id'>,
): Promise<string | undefined> {
  if (dimension === 'user') return id
  const token = await db.selectFrom('tokens').select('user_id').where('id', '=', id).executeTakeFirst()
  return token?.user_id
}

async function sumOf(account: Account, { from, to }: Pick<SpentQuery, 'from' | 'to'>): Promise<Sum> {
  const hours = { from: Math.ceil(from / HOUR_MS), to: Math.floor(to / HOUR_MS) }
  // Both within one hour.
  if (hours.to < hours.from) return await account.ofPart(from, to)
  const [start, end] = [hours.from * HOUR_MS, hours.to * HOUR_MS]
  const sum = await account.ofHours(hours)
  if (from < start) sum.add(await account.ofPart(from, start))
  if (end < to) sum.add(await account.ofPart(end, to))
  return sum
}

/**
 * See `LedgerReader.spent`. The work does not depend on how long the range is, but for sessions and end users, whose calls
 * are added up one by one.
 */
export async function readSpent(db: Kysely<Tables>, query: SpentQuery): Promise<Spent> {
  if (!(query.from < query.to)) return { charged: 0n, usage: {} }
  // All of it as it stands at one moment: what moves from one table to the next must not be missing or counted twice.
  const { charged, units } = await db
    .transaction()
    .execute(async (transaction): Promise<StoredSum> =>
      hasTotals(query)
        ? await sumOf(await Account.open(transaction, query), query)
        : await sumOfRows(transaction, query),
    )
  const usage: Partial<Record<Unit, number>> = {}
  for (const [unit, stored] of units) if (stored !== 0) usage[unit] = quantityOf(unit, stored)
  return { charged, usage }
}
