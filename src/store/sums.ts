import { sql, type RawBuilder } from 'kysely'
import { FRACTIONAL_UNITS, isUnit, UNITS, type Unit, type Usage } from '../minimax/units.ts'

/** Columns that add up and that every call has. */
export const COUNT_COLUMNS = ['calls', 'failures', 'estimated', 'list', 'charged'] as const

/** Columns that add up, in every table of totals. */
export const SUM_COLUMNS = [...COUNT_COLUMNS, ...UNITS] as const

export type SumColumn = (typeof SUM_COLUMNS)[number]

/** Whose call it is and of what kind: totals are kept for each of these apart. */
export const GRAIN = ['user_id', 'token_id', 'operation', 'modality', 'model', 'currency'] as const

/** Three decimals, and integers add up exactly. */
const THOUSANDTHS = 1000

function scaleOf(unit: Unit): number {
  return FRACTIONAL_UNITS.has(unit) ? THOUSANDTHS : 1
}

/**
 * A quantity as the integer that is stored.
 * @throws RangeError for what cannot be stored exactly
 */
function integerOf(unit: Unit, quantity: number): number {
  const integer = Math.round(quantity * scaleOf(unit))
  if (quantity < 0 || !Number.isSafeInteger(integer)) {
    throw new RangeError(`a quantity of ${quantity} ${unit} cannot be kept`)
  }
  return integer
}

/** A stored sum as a quantity. */
export function quantityOf(unit: Unit, stored: number): number {
  return stored / scaleOf(unit)
}

/**
 * Adds a usage to quantities that are kept as the integers that are stored.
 * @throws RangeError for what cannot be stored exactly
 */
export function addUsage(units: Map<Unit, number>, usage: Usage): void {
  for (const unit in usage) {
    if (!isUnit(unit)) continue
    const quantity = usage[unit] ?? 0
    if (quantity !== 0) units.set(unit, (units.get(unit) ?? 0) + integerOf(unit, quantity))
  }
}

/** The sums of a table, each beside what is to be added to it: for `on conflict do update`. */
export function addedSums(
  table: string,
  columns: readonly SumColumn[] = SUM_COLUMNS,
): Record<SumColumn, RawBuilder<never>> {
  const pairs = columns.map((column) => [
    column,
    sql`${sql.ref(`${table}.${column}`)} + ${sql.ref(`excluded.${column}`)}`,
  ])
  return Object.fromEntries(pairs) as Record<SumColumn, RawBuilder<never>>
}

/** Whose calls and of what kind, and the hour in which they count. */
interface TallyKey {
  /** Hours since the Unix epoch. */
  readonly hour: number
  readonly userId: string
  readonly tokenId: string
  readonly operation: string
  readonly modality: string
  readonly model: string
  readonly currency: string
}

/** What a call adds to the totals. */
export interface Entry extends Omit<TallyKey, 'hour'> {
  readonly outcome: string
  readonly usage: Usage
  readonly list: bigint
  readonly charged: bigint
  readonly estimated: boolean
}

/** Calls of one kind and hour, added up. */
export interface Tally extends TallyKey {
  calls: number
  failures: number
  estimated: number
  list: bigint
  charged: bigint
  /** As the integers that are stored. */
  readonly units: Map<Unit, number>
}

/** Adds calls up, so that those of one user and model cost one write. */
export class Tallies {
  readonly #tallies = new Map<string, Tally>()

  get size(): number {
    return this.#tallies.size
  }

  add(entry: Entry, hour: number): void {
    const tally = this.#tallyOf(entry, hour)
    tally.calls++
    if (entry.outcome !== 'ok') tally.failures++
    if (entry.estimated) tally.estimated++
    tally.list += entry.list
    tally.charged += entry.charged
    addUsage(tally.units, entry.usage)
  }

  merge(other: Tally): void {
    const tally = this.#tallyOf(other, other.hour)
    tally.calls += other.calls
    tally.failures += other.failures
    tally.estimated += other.estimated
    tally.list += other.list
    tally.charged += other.charged
    for (const [unit, quantity] of other.units) {
      tally.units.set(unit, (tally.units.get(unit) ?? 0) + quantity)
    }
  }

  values(): Iterable<Tally> {
    return this.#tallies.values()
  }

  #tallyOf(kind: Omit<TallyKey, 'hour'>, hour: number): Tally {
    const { userId, tokenId, operation, modality, currency, model } = kind
    // Only the model may hold any character; it comes last, so that no two kinds look alike.
    const name = `${hour} ${userId} ${tokenId} ${operation} ${modality} ${currency} ${model}`
    const known = this.#tallies.get(name)
    if (known !== undefined) return known
    const key = { hour, userId, tokenId, operation, modality, model, currency }
    const sums = { calls: 0, failures: 0, estimated: 0, list: 0n, charged: 0n }
    const tally: Tally = { ...key, ...sums, units: new Map() }
    this.#tallies.set(name, tally)
    return tally
  }
}
