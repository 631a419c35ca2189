import type { Budget } from '../store/store.ts'
import { Amounts, costOf, type Cost } from './amounts.ts'
import type { Settled } from './limiter.ts'
import type { Reading } from './reading.ts'

/** What one subject has spent in one period. */
export class Counter {
  readonly start: number
  readonly end: number
  /** What was settled before is not counted: the subject was not there yet. */
  readonly from: number
  /** Whether `used` is all there is; before that, nothing is counted in it. */
  isLoaded: boolean
  readonly used = new Amounts()
  /** Under way while it is being loaded. */
  reading: Reading | null = null
  #noticed: readonly Budget[] = []

  constructor(period: { readonly start: number; readonly end: number }, from: number, isLoaded: boolean) {
    this.start = period.start
    this.end = period.end
    this.from = from
    this.isLoaded = isLoaded
  }

  contains(at: number): boolean {
    return at >= this.start && at < this.end
  }

  /** What the books say. */
  load(spent: Pick<Settled, 'charged' | 'usage'>): void {
    this.used.add(costOf(spent))
    this.isLoaded = true
  }

  count(cost: Cost): void {
    // What is not loaded yet will be read from the books, this one included.
    if (this.isLoaded) this.used.add(cost)
  }

  /** @returns true the first time that it is asked for a budget; one that has changed is another */
  notice(budget: Budget): boolean {
    if (this.#noticed.some((other) => isSame(other, budget))) return false
    this.#noticed = [...this.#noticed, budget]
    return true
  }
}

function isSame(one: Budget, other: Budget): boolean {
  if ('amount' in one) return 'amount' in other && one.amount === other.amount
  return 'unit' in other && one.unit === other.unit && one.quantity === other.quantity
}
