import { sql, type Kysely } from 'kysely'
import { UNITS, type Unit } from '../minimax/units.ts'
import { COLUMN_OF_GROUP, HOUR_MS, HOURS_PER_DAY } from './ledger-folding.ts'
import type { UsageQuery, UsageTotal } from './ledger.ts'
import { quantityOf, SUM_COLUMNS, type SumColumn } from './sums.ts'
import type { Tables } from './tables.ts'

/** Sums of one key, as text: they may be beyond 2^53. */
type SumRow = { readonly key: string; readonly currency: string } & Readonly<Record<SumColumn, string>>

/** From one on, up to another, exclusive; in hours or days. */
interface Span {
  readonly from: number
  readonly to: number
}

/** What a range of hours is made of. */
interface Parts {
  /** Whole days that the totals of days have. */
  readonly days: Span
  /** Hours that are over, before and after those days. */
  readonly closed: readonly Span[]
  /** Hours that no total has yet. */
  readonly open: Span
}

function partsOf({ from, to }: Span, folded: number): Parts {
  const closedEnd = Math.max(from, Math.min(to, folded))
  const open = { from: Math.max(from, folded), to }
  const first = Math.ceil(from / HOURS_PER_DAY)
  // A day counts as whole when all of its hours are asked for; those that are not over come out of `open`.
  const end = Math.min(Math.floor(to / HOURS_PER_DAY), Math.ceil(folded / HOURS_PER_DAY))
  if (end <= first) return { days: { from: 0, to: 0 }, closed: [{ from, to: closedEnd }], open }
  const before = { from, to: first * HOURS_PER_DAY }
  const after = { from: Math.min(end * HOURS_PER_DAY, closedEnd), to: closedEnd }
  return { days: { from: first, to: end }, closed: [before, after], open }
}

function hoursOf({ from, to }: Span): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index)
}

const SUMS = SUM_COLUMNS.map((name) => sql<string>`cast(sum(${sql.ref(name)}) as text)`.as(name))

class UsageReading {
  readonly #db: Kysely<Tables>
  readonly #query: UsageQuery
  readonly #column: (typeof COLUMN_OF_GROUP)[keyof typeof COLUMN_OF_GROUP]

  constructor(db: Kysely<Tables>, query: UsageQuery) {
    this.#db = db
    this.#query = query
    this.#column = COLUMN_OF_GROUP[query.groupBy]
  }

  async ofDays({ from, to }: Span): Promise<readonly SumRow[]> {
    if (to <= from) return []
    const { userId, groupBy } = this.#query
    if (userId === undefined) {
      return await this.#db
        .selectFrom('usage_day_totals')
        .select(['key', 'currency', ...SUMS])
        .where('dimension', '=', groupBy)
        .where('day', '>=', from)
        .where('day', '<', to)
        .groupBy(['key', 'currency'])
        .execute()
    }
    return await this.#db
      .selectFrom('usage_days')
      .select([`${this.#column} as key`, 'currency', ...SUMS])
      .where('user_id', '=', userId)
      .where('day', '>=', from)
      .where('day', '<', to)
      .groupBy([this.#column, 'currency'])
      .execute()
  }

  async ofClosedHours(span: Span): Promise<readonly SumRow[]> {
    if (span.to <= span.from) return []
    if (this.#query.userId !== undefined) return await this.ofHours(span)
    return await this.#db
      .selectFrom('usage_hour_totals')
      .select(['key', 'currency', ...SUMS])
      .where('dimension', '=', this.#query.groupBy)
      .where('hour', '>=', span.from)
      .where('hour', '<', span.to)
      .groupBy(['key', 'currency'])
      .execute()
  }

  async ofHours(span: Span): Promise<readonly SumRow[]> {
    if (span.to <= span.from) return []
    const { userId } = this.#query
    const query = this.#db
      .selectFrom('usage_hours')
      .select([`${this.#column} as key`, 'currency', ...SUMS])
      .groupBy([this.#column, 'currency'])
    if (userId === undefined || span.to - span.from > 2 * HOURS_PER_DAY) {
      const all = query.where('hour', '>=', span.from).where('hour', '<', span.to)
      return await (userId === undefined ? all : all.where('user_id', '=', userId)).execute()
    }
    // Named one by one, so that the key of the table finds the user within each of them.
    return await query.where('hour', 'in', hoursOf(span)).where('user_id', '=', userId).execute()
  }
}

interface Total {
  readonly key: string
  readonly currency: string
  readonly sums: bigint[]
}

function added(rows: readonly SumRow[]): Total[] {
  const totals = new Map<string, Total>()
  for (const row of rows) {
    // The currency is ours and has no space; the key may have any character.
    const name = `${row.currency} ${row.key}`
    const total = totals.get(name) ?? {
      key: row.key,
      currency: row.currency,
      sums: SUM_COLUMNS.map(() => 0n),
    }
    totals.set(name, total)
    for (const [at, column] of SUM_COLUMNS.entries()) {
      if (row[column] !== '0') total.sums[at] = (total.sums[at] ?? 0n) + BigInt(row[column])
    }
  }
  return [...totals.values()]
}

const AT = new Map(SUM_COLUMNS.map((column, at) => [column, at]))

function usageTotalFrom({ key, currency, sums }: Total): UsageTotal {
  const sum = (column: SumColumn): bigint => sums[AT.get(column) ?? -1] ?? 0n
  const usage: Partial<Record<Unit, number>> = {}
  for (const unit of UNITS) if (sum(unit) !== 0n) usage[unit] = quantityOf(unit, String(sum(unit)))
  return {
    key,
    currency,
    requests: Number(sum('calls')),
    failures: Number(sum('failures')),
    estimated: Number(sum('estimated')),
    usage,
    list: sum('list'),
    charged: sum('charged'),
  }
}

function byCharge(one: UsageTotal, other: UsageTotal): number {
  if (one.charged !== other.charged) return one.charged > other.charged ? -1 : 1
  if (one.key !== other.key) return one.key < other.key ? -1 : 1
  return one.currency < other.currency ? -1 : 1
}

/** See `LedgerReader.usage`. */
export async function readUsage(db: Kysely<Tables>, query: UsageQuery): Promise<readonly UsageTotal[]> {
  const span = { from: Math.floor(query.from / HOUR_MS), to: Math.floor(query.to / HOUR_MS) }
  // All of it as it stands at one moment: an hour that is being added to its day must not be missing or counted twice.
  const rows = await db.transaction().execute(async (transaction) => {
    const mark = await transaction.selectFrom('usage_marks').select('folded').executeTakeFirst()
    const { days, closed, open } = partsOf(span, mark?.folded ?? 0)
    const reading = new UsageReading(transaction, query)
    const found = [...(await reading.ofDays(days)), ...(await reading.ofHours(open))]
    for (const hours of closed) found.push(...(await reading.ofClosedHours(hours)))
    return found
  })
  return added(rows).map(usageTotalFrom).sort(byCharge)
}
