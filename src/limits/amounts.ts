import { UNITS, type Unit, type Usage } from '../minimax/units.ts'

const PLACES: ReadonlyMap<string, number> = new Map(UNITS.map((unit, place) => [unit, place]))

/** Units have three decimals at most: in thousandths all are whole numbers, and what is added comes off again exactly. */
const PARTS = 1_000

/** @returns a quantity of a unit in whole thousandths */
export function thousandthsOf(quantity: number): number {
  return Math.round(quantity * PARTS)
}

/** The quantity of so many thousandths. */
export function quantityOf(thousandths: number): number {
  return thousandths / PARTS
}

/** Money and units in the shape in which they are summed; a call's are added in a dozen places. */
export interface Cost {
  /** Nano-units. */
  readonly charged: bigint
  /** The place of a unit, its thousandths, the place of the next unit and so on. */
  readonly units: readonly number[]
}

/** The cost of a call. */
export function costOf({ charged, usage }: { readonly charged: bigint; readonly usage: Usage }): Cost {
  const quantities: Readonly<Record<string, number | undefined>> = usage
  const units: number[] = []
  for (const unit in quantities) {
    const place = PLACES.get(unit)
    if (place !== undefined) units.push(place, thousandthsOf(quantities[unit] ?? 0))
  }
  return { charged, units }
}

/**
 * How much of a unit a call may need. Worst cases have their whole prompt as input, since nobody knows beforehand what of
 * it comes from a cache or goes there: any part of it may.
 */
export function mostOf(unit: Unit, usage: Usage): number {
  const told = usage[unit] ?? 0
  return unit === 'cached_tokens' || unit === 'cache_write_tokens'
    ? Math.max(told, usage.input_tokens ?? 0)
    : told
}

/** What is held for a call that may need so much at the most. */
export function heldCostOf({ charged, usage }: { readonly charged: bigint; readonly usage: Usage }): Cost {
  if (usage.input_tokens === undefined) return costOf({ charged, usage })
  const cached_tokens = mostOf('cached_tokens', usage)
  const cache_write_tokens = mostOf('cache_write_tokens', usage)
  return costOf({ charged, usage: { ...usage, cached_tokens, cache_write_tokens } })
}

/** A sum of money and of every unit. */
export class Amounts {
  /** Nano-units. */
  money = 0n
  readonly #units: number[] = UNITS.map(() => 0)

  /** @returns thousandths of the unit */
  of(unit: Unit): number {
    return this.#units[PLACES.get(unit) ?? -1] ?? 0
  }

  add({ charged, units }: Cost): void {
    this.money += charged
    for (let at = 0; at < units.length; at += 2) this.#change(units[at], units[at + 1] ?? 0)
  }

  subtract({ charged, units }: Cost): void {
    this.money -= charged
    for (let at = 0; at < units.length; at += 2) this.#change(units[at], -(units[at + 1] ?? 0))
  }

  #change(place = 0, thousandths: number): void {
    this.#units[place] = (this.#units[place] ?? 0) + thousandths
  }
}

/** @returns whether nothing was charged and nothing was used */
export function isNothing({ charged, units }: Cost): boolean {
  return charged === 0n && units.length === 0
}
