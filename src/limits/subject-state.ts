import type { Link } from '../lib/chain.ts'
import { properName, saidOfModel } from '../minimax/aliases.ts'
import type { BudgetPeriod, Limits } from '../store/store.ts'
import { Amounts, isNothing, type Cost } from './amounts.ts'
import { Book } from './book.ts'
import type { Counter } from './counter.ts'
import type { CreditState } from './credit-state.ts'
import type { SubjectKind } from './limiter.ts'
import type { Periods } from './periods.ts'
import { Traffic } from './traffic.ts'

/** All that is known of one subject. */
export class SubjectState {
  readonly kind: SubjectKind
  readonly id: string
  readonly traffic = new Traffic()
  /** Worst cases of what is under way: one sum, since it counts against every period. */
  readonly held = new Amounts()
  /** Of a user who has to pay ahead. */
  credit: CreditState | null = null
  /** How often something was settled that costs. */
  settlements = 0
  /** Holds and readings that need it here. */
  pins = 0
  /** Its place among those that may be forgotten. */
  idle: Link<SubjectState> | null = null
  #since = 0
  #books: readonly Book[] = []
  /** Of the models that have limits of their own, by their proper names. */
  readonly #models = new Map<string, Traffic>()

  constructor(kind: SubjectKind, id: string) {
    this.kind = kind
    this.id = id
  }

  /** Whoever was made anew under an old id begins anew. */
  meet(since: number): void {
    if (since <= this.#since) return
    this.#since = since
    this.#books = []
  }

  /**
   * @param knownSince no earlier than the time of anything that was settled until now
   * @returns what was spent in the period that contains a moment; it may have to be loaded first
   */
  counter(period: BudgetPeriod, moment: number, periods: Periods, knownSince: number): Counter {
    for (const book of this.#books) if (book.period === period) return book.at(moment)
    const book = new Book(period, periods, this.#since, knownSince)
    this.#books = [...this.#books, book]
    return book.at(moment)
  }

  /** Something was settled, and the books were told. @param at when */
  count(cost: Cost, at: number): void {
    if (isNothing(cost)) return
    this.settlements++
    for (const book of this.#books) book.count(cost, at)
    this.credit?.charged.count(cost)
  }

  /** @returns what it does with a model that has limits of its own */
  trafficOf(model: string, { models }: Limits): Traffic {
    const proper = properName(model)
    let traffic = this.#models.get(proper)
    if (traffic === undefined) {
      for (const [name, { underWay }] of this.#models) {
        if (underWay === 0 && saidOfModel(models ?? {}, name) === undefined) this.#models.delete(name)
      }
      traffic = new Traffic()
      this.#models.set(proper, traffic)
    }
    return traffic
  }

  /** @returns what it did with a model, if anything */
  knownTrafficOf(model: string): Traffic | undefined {
    return this.#models.get(properName(model))
  }
}
