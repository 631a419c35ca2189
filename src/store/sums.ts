import { sql, type RawBuilder } from 'kysely'
import { FRACTIONAL_UNITS, UNITS, type Unit, type Usage } from '../minimax/units.ts'

/** Columns that add up, in every table of totals. */
export const SUM_COLUMNS = ['calls', 'failures', 'estimated', 'list', 'charged', ...UNITS] as const

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
export function quantityOf(unit: Unit, stored: string): number {
  return Number(stored) / scaleOf(unit)
}

/** The sums of a table, each beside what is to be added to it: for `on conflict do update`. */
export function addedSums(table: string): Record<SumColumn, RawBuilder<never>> {
  const pairs = SUM_COLUMNS.map((column) => [
    column,
    sql`${sql.ref(`${table}.${column}`)} + ${sql.ref(`excluded.${column}`)}`,
  ])
  return Object.fromEntries(pairs) as Record<SumColumn, RawBuilder<never>>
}

/** What a call adds to the totals. */
export interface Entry {
  readonly userId: string
  readonly tokenId: string
  readonly operation: string
  readonly modality: string
  readonly model: string
  readonly currency: string
  readonly outcome: string
  readonly usage: Usage
  readonly list: bigint
  readonly charged: bigint
  readonly estimated: boolean
}

/** Entries of one kind and hour, added up. */
export interface Tally {
  readonly hour: number
  readonly entry: Entry
  calls: number
  failures: number
  estimated: number
  list: bigint
  charged: bigint
  /** In the order of `UNITS`. */
  readonly units: bigint[]
}

/** Adds up the calls of one transaction, so that those of one user and model cost one write. */
export class Tallies {
  readonly #tallies = new Map<string, Tally>()

  add(entry: Entry, hour: number): void {
    const tally = this.#tallyOf(entry, hour)
    tally.calls++
    if (entry.outcome !== 'ok') tally.failures++
    if (entry.estimated) tally.estimated++
    tally.list += entry.list
    tally.charged += entry.charged
    for (const [at, unit] of UNITS.entries()) {
      const quantity = entry.usage[unit]
      if (quantity !== undefined)
        tally.units[at] = (tally.units[at] ?? 0n) + BigInt(integerOf(unit, quantity))
    }
  }

  values(): Iterable<Tally> {
    return this.#tallies.values()
  }

  #tallyOf(entry: Entry, hour: number): Tally {
    const { userId, tokenId, operation, modality, currency, model } = entry
    // Only the model may hold any character; it comes last, so that no two kinds look alike.
    const key = `${hour} ${userId} ${tokenId} ${operation} ${modality} ${currency} ${model}`
    const known = this.#tallies.get(key)
    if (known !== undefined) return known
    const units = UNITS.map(() => 0n)
    const tally = { hour, entry, calls: 0, failures: 0, estimated: 0, list: 0n, charged: 0n, units }
    this.#tallies.set(key, tally)
    return tally
  }
}
