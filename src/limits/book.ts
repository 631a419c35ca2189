import type { Period } from '../lib/calendar.ts'
import type { BudgetPeriod } from '../store/store.ts'
import type { Cost } from './amounts.ts'
import { Counter } from './counter.ts'
import type { Periods } from './periods.ts'

/** Later than anything is settled: the last moment that a Date can hold. */
export const END_OF_TIME = 8_640_000_000_000_000

/** How many periods are remembered: so many steps of the clock, and back, ask the books nothing. */
const MOST = 4

/**
 * What one subject has spent, by periods of one kind. Which period counts depends on the time alone: a clock that steps
 * back finds the earlier counter again, and one that steps forward and back finds both.
 */
export class Book {
  readonly period: BudgetPeriod
  readonly #periods: Periods
  readonly #since: number
  /** Whatever is settled in a period that begins later than this has been counted here. */
  #knownSince: number
  #counters: readonly Counter[] = []
  /** The one that was asked for last. */
  #current: Counter | null = null

  /**
   * @param since when the subject was made
   * @param knownSince no earlier than the time of anything that was settled until now
   */
  constructor(period: BudgetPeriod, periods: Periods, since: number, knownSince: number) {
    this.period = period
    this.#periods = periods
    this.#since = since
    this.#knownSince = knownSince
  }

  /** @returns the counter of the period that contains a moment; it may have to be loaded first */
  at(moment: number): Counter {
    const current = this.#current
    if (current?.contains(moment) === true) return current
    return (this.#current = this.#find(moment) ?? this.#open(this.#periodAt(moment)))
  }

  /** @param at when it was settled */
  count(cost: Cost, at: number): void {
    if (at < this.#since) return
    const known = this.#current?.contains(at) === true ? this.#current : this.#find(at)
    if (known !== undefined) {
      known.count(cost)
      return
    }
    if (at <= this.#knownSince || this.period === 'total') return
    // Nobody has asked for this period yet; when somebody does, it must not begin at 0 without this.
    const period = this.#periodAt(at)
    if (period.start > this.#knownSince) this.#open(period).count(cost)
  }

  #periodAt(moment: number): Period {
    if (this.period === 'total') return { start: -END_OF_TIME, end: END_OF_TIME }
    return this.#periods.at(this.period, moment)
  }

  #find(moment: number): Counter | undefined {
    return this.#counters.find((counter) => counter.contains(moment))
  }

  #open(period: Period): Counter {
    const counter = new Counter(period, Math.max(period.start, this.#since), period.start > this.#knownSince)
    this.#counters = [...this.#counters, counter]
    if (this.#counters.length > MOST) this.#forgetEarliest(counter)
    return counter
  }

  /** Forgets the earliest period but the one just opened. It is loaded from the books should it ever come again. */
  #forgetEarliest(opened: Counter): void {
    const others = this.#counters.filter((counter) => counter !== opened)
    const earliest = others.reduce((one, other) => (other.start < one.start ? other : one))
    this.#counters = this.#counters.filter((counter) => counter !== earliest)
    this.#knownSince = Math.max(this.#knownSince, earliest.end - 1)
    if (this.#current === earliest) this.#current = null
  }
}
