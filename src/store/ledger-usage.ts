import { sql, type Kysely, type RawBuilder } from 'kysely'
import { isUnit, UNITS, type Unit } from '../minimax/units.ts'
import { COLUMN_OF_GROUP, HOUR_MS, HOURS_PER_DAY, lastHour } from './ledger-folding.ts'
import { talliesFromLine } from './ledger-journal.ts'
import type { UsageGroup, UsageQuery, UsageTotal } from './ledger.ts'
import { COUNT_COLUMNS, quantityOf, SUM_COLUMNS, type SumColumn, type Tally } from './sums.ts'
import type { Tables } from './tables.ts'

/** Sums of one key. Money is text, since it may be beyond 2^53. */
interface SumRow extends Readonly<Partial<Record<Exclude<SumColumn, 'list' | 'charged'>, number>>> {
  readonly key: string
  readonly currency: string
  readonly list: string
  readonly charged: string
}

/** Hours from one on, up to another, exclusive. */
interface Span {
  readonly from: number
  readonly to: number
}

function hoursOf({ from, to }: Span): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index)
}

/** As text for money; as a float, which the driver takes whatever its size, for all else. */
function readable(name: SumColumn, sum: RawBuilder<unknown>) {
  return name === 'list' || name === 'charged'
    ? sql<string>`cast(${sum} as text)`.as(name)
    : sql<number>`cast(${sum} as double precision)`.as(name)
}

const SUMS = SUM_COLUMNS.map((name) => readable(name, sql`sum(${sql.ref(name)})`))

/** What a range holds: the total at its end less the one before it. */
function difference(name: SumColumn): RawBuilder<number> {
  return sql`${sql.ref(`until.${name}`)} - coalesce(${sql.ref(`before.${name}`)}, 0)`
}

class UsageReading {
  readonly #db: Kysely<Tables>
  readonly #query: UsageQuery
  readonly #column: (typeof COLUMN_OF_GROUP)[keyof typeof COLUMN_OF_GROUP]

  constructor(db: Kysely<Tables>, query: UsageQuery) {
    this.#db = db
    this.#query = query
    this.#column = COLUMN_OF_GROUP[query.groupBy]
  }

  /** Of all users, in hours that are over. */
  async ofTotals({ from, to }: Span): Promise<readonly SumRow[]> {
    if (to <= from) return []
    const dimension = this.#query.groupBy
    const units = await this.#usedUnits({ from, to })
    const differences = [...COUNT_COLUMNS, ...units].map((name) => readable(name, difference(name)))
    return await this.#differences(dimension, { from, to })
      .select(['usage_keys.key', 'usage_keys.currency'])
      .select(differences)
      .execute()
  }

  /** Most units are used by nobody: the totals by modality are few, and tell which. */
  async #usedUnits(span: Span): Promise<readonly Unit[]> {
    const row = await this.#differences('modality', span)
      .select(UNITS.map((unit) => sql<number>`cast(max(${difference(unit)}) as double precision)`.as(unit)))
      .executeTakeFirst()
    return UNITS.filter((unit) => (row?.[unit] ?? 0) > 0)
  }

  #differences(dimension: UsageGroup, { from, to }: Span) {
    return (
      this.#db
        .selectFrom('usage_keys')
        // A cross join keeps the order: from the few keys to the rows, not through all rows to their keys.
        .crossJoin('usage_totals as until')
        .leftJoin('usage_totals as before', (join) =>
          join
            .on('before.dimension', '=', dimension)
            .onRef('before.key', '=', 'usage_keys.key')
            .onRef('before.currency', '=', 'usage_keys.currency')
            .on('before.hour', '=', lastHour(dimension, 'usage_keys', from)),
        )
        .where('usage_keys.dimension', '=', dimension)
        .where('until.dimension', '=', dimension)
        .whereRef('until.key', '=', 'usage_keys.key')
        .whereRef('until.currency', '=', 'usage_keys.currency')
        .where('until.hour', '=', lastHour(dimension, 'usage_keys', to))
        .where('until.hour', '>=', from)
    )
  }

  /** Of one user. */
  async ofDays({ from, to }: Span, userId: string): Promise<readonly SumRow[]> {
    if (to <= from) return []
    return await this.#db
      .selectFrom('usage_days')
      .select([`${this.#column} as key`, 'currency', ...SUMS])
      .where('user_id', '=', userId)
      .where('day', '>=', from)
      .where('day', '<', to)
      .groupBy([this.#column, 'currency'])
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

  /** What the tables of totals have not got yet. */
  async ofJournal({ from, to }: Span): Promise<readonly Tally[]> {
    const { userId } = this.#query
    const rows = await this.#db.selectFrom('usage_journal').select('line').execute()
    return rows
      .flatMap(({ line }) => [...talliesFromLine(line)])
      .filter((tally) => tally.hour >= from && tally.hour < to && (userId ?? tally.userId) === tally.userId)
  }
}

interface Total {
  readonly key: string
  readonly currency: string
  list: bigint
  charged: bigint
  /** All others, in their order. */
  readonly sums: Float64Array
}

const COUNTS = ['calls', 'failures', 'estimated'] as const
const NUMBERS = [...COUNTS, ...UNITS] as const
const FIELD_OF_GROUP = {
  user: 'userId',
  token: 'tokenId',
  model: 'model',
  modality: 'modality',
  operation: 'operation',
} as const satisfies Record<UsageGroup, keyof Tally>

/** Adds up what the parts of the books have of each key. */
class Totals {
  readonly #totals = new Map<string, Total>()

  addRows(rows: readonly SumRow[]): void {
    for (const row of rows) {
      const total = this.#totalOf(row.key, row.currency)
      total.list += BigInt(row.list)
      total.charged += BigInt(row.charged)
      for (const [at, name] of NUMBERS.entries()) total.sums[at] = (total.sums[at] ?? 0) + (row[name] ?? 0)
    }
  }

  addTallies(tallies: readonly Tally[], groupBy: UsageGroup): void {
    for (const tally of tallies) {
      const total = this.#totalOf(tally[FIELD_OF_GROUP[groupBy]], tally.currency)
      total.list += tally.list
      total.charged += tally.charged
      for (const [at, name] of NUMBERS.entries()) {
        total.sums[at] = (total.sums[at] ?? 0) + (isUnit(name) ? (tally.units.get(name) ?? 0) : tally[name])
      }
    }
  }

  values(): Iterable<Total> {
    return this.#totals.values()
  }

  #totalOf(key: string, currency: string): Total {
    // The currency is ours and has no space; the key may have any character.
    const name = `${currency} ${key}`
    const known = this.#totals.get(name)
    if (known !== undefined) return known
    const total = { key, currency, list: 0n, charged: 0n, sums: new Float64Array(NUMBERS.length) }
    this.#totals.set(name, total)
    return total
  }
}

function usageTotalFrom({ key, currency, list, charged, sums }: Total): UsageTotal {
  const [requests = 0, failures = 0, estimated = 0] = sums
  const usage: Partial<Record<Unit, number>> = {}
  for (const [at, unit] of UNITS.entries()) {
    const sum = sums[COUNTS.length + at] ?? 0
    if (sum !== 0) usage[unit] = quantityOf(unit, sum)
  }
  return { key, currency, requests, failures, estimated, usage, list, charged }
}

/** Orders totals: the largest charge first. */
export function byCharge(one: UsageTotal, other: UsageTotal): number {
  if (one.charged !== other.charged) return one.charged > other.charged ? -1 : 1
  if (one.key !== other.key) return one.key < other.key ? -1 : 1
  return one.currency < other.currency ? -1 : 1
}

/** Whole days of hours that are over come out of the totals of days, the rest out of those of hours. */
async function addUser(totals: Totals, reading: UsageReading, userId: string, { span, folded }: Asked) {
  const first = Math.ceil(span.from / HOURS_PER_DAY)
  // A day counts as whole when all of its hours are asked for; those that are not over are not in it yet.
  const end = Math.min(Math.floor(span.to / HOURS_PER_DAY), Math.ceil(folded / HOURS_PER_DAY))
  if (end <= first) {
    totals.addRows(await reading.ofHours(span))
    return
  }
  totals.addRows(await reading.ofDays({ from: first, to: end }, userId))
  totals.addRows(await reading.ofHours({ from: span.from, to: first * HOURS_PER_DAY }))
  totals.addRows(await reading.ofHours({ from: Math.min(end * HOURS_PER_DAY, folded), to: span.to }))
}

interface Asked {
  readonly span: Span
  readonly folded: number
}

/** See `LedgerReader.usage`. */
export async function readUsage(db: Kysely<Tables>, query: UsageQuery): Promise<readonly UsageTotal[]> {
  const span = { from: Math.floor(query.from / HOUR_MS), to: Math.floor(query.to / HOUR_MS) }
  // All of it as it stands at one moment: what moves from one table to the next must not be missing or counted twice.
  const totals = await db.transaction().execute(async (transaction) => {
    const mark = await transaction.selectFrom('usage_marks').select('folded').executeTakeFirst()
    const folded = mark?.folded ?? 0
    const reading = new UsageReading(transaction, query)
    const found = new Totals()
    if (query.userId === undefined) {
      found.addRows(await reading.ofTotals({ from: span.from, to: Math.min(span.to, folded) }))
      found.addRows(await reading.ofHours({ from: Math.max(span.from, folded), to: span.to }))
    } else {
      await addUser(found, reading, query.userId, { span, folded })
    }
    found.addTallies(await reading.ofJournal(span), query.groupBy)
    return found
  })
  return Array.from(totals.values(), usageTotalFrom).sort(byCharge)
}
