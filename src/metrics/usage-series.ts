import { isUnit, UNITS, type Unit } from '../minimax/units.ts'
import { Quantity } from './quantity.ts'

/** Stands for every model, or every user, that has no series of its own. */
export const OTHER_MODEL = 'other'
export const OTHER_USERS = '_other'

/** One series of `usage_total`. */
export interface UsageSeries {
  readonly user: string
  readonly model: string
  readonly unit: Unit
  readonly quantity: Quantity
}

/** The series of one user, found without making a key: by model, then by unit. */
export type UserSeries = Map<string, Partial<Record<Unit, UsageSeries>>>

/**
 * All series of `usage_total`, never more than a limit. The first three quarters of the room are for any user and model.
 * After them a new series is one of the model `other` of its user; and when only the room of one series for each unit
 * is left, one of `_other`. So a sum over all series is always all that was counted, and none ever decreases.
 */
export class UsageSeriesSet {
  readonly #limit: number
  readonly #onFold: () => void
  readonly #all: UsageSeries[] = []
  readonly #rest: UserSeries = new Map()

  /**
   * @param limit how many series there may be
   * @param onFold a series could not be had and was folded into another; told once for each
   */
  constructor(limit: number, onFold: () => void) {
    this.#limit = limit
    this.#onFold = onFold
  }

  /** Every series, in the order in which they came. */
  get all(): readonly UsageSeries[] {
    return this.#all
  }

  /** The series of `_other`. */
  get rest(): UserSeries {
    return this.#rest
  }

  /**
   * Counts what was used; an amount that is no quantity is not counted.
   * @param of the series of the user, which are added to
   * @param model from a list of ours
   * @returns how many amounts were not counted
   */
  count(user: string, of: UserSeries, model: string, usage: Readonly<Record<string, number>>): number {
    let lost = 0
    let byUnit = of.get(model)
    for (const unit in usage) {
      const amount = usage[unit] ?? 0
      if (amount === 0) continue
      if (!isUnit(unit) || !(amount > 0 && amount < Infinity)) {
        lost++
        continue
      }
      if (byUnit === undefined) of.set(model, (byUnit = {}))
      const series = (byUnit[unit] ??= this.#open(user, of, model, unit))
      series.quantity.add(amount)
    }
    return lost
  }

  #open(user: string, of: UserSeries, model: string, unit: Unit): UsageSeries {
    const isRest = user === OTHER_USERS && model === OTHER_MODEL
    if (isRest || this.#hasRoomFor(model)) {
      const series = { user, model, unit, quantity: new Quantity() }
      this.#all.push(series)
      return series
    }
    this.#onFold()
    if (model !== OTHER_MODEL) return this.#seriesOf(user, of, unit)
    return this.#seriesOf(OTHER_USERS, this.#rest, unit)
  }

  #hasRoomFor(model: string): boolean {
    const forAny = Math.floor(this.#limit * 0.75)
    return this.#all.length < (model === OTHER_MODEL ? this.#limit - UNITS.length : forAny)
  }

  #seriesOf(user: string, of: UserSeries, unit: Unit): UsageSeries {
    let byUnit = of.get(OTHER_MODEL)
    if (byUnit === undefined) of.set(OTHER_MODEL, (byUnit = {}))
    return (byUnit[unit] ??= this.#open(user, of, OTHER_MODEL, unit))
  }
}
