import { LogHistogram } from './quantiles.ts'

/** What a token does in ten minutes: requests, or nano-units of money. */
export const QUANTITIES = ['requests', 'money'] as const

export type Quantity = (typeof QUANTITIES)[number]

/** The smallest amounts in ten minutes that are told from smaller ones: a request, and a ten-thousandth of a unit of money. */
export const LEAST = { requests: 1, money: 100_000 } as const satisfies Readonly<Record<Quantity, number>>

/**
 * What is usual where nobody knows anything yet: a call a second for ten minutes, and a unit of money. Chosen, not
 * measured: it is to be far from what somebody who tries things does.
 */
const BEFORE_ANY = { requests: 600, money: 1_000_000_000 } as const satisfies Readonly<
  Record<Quantity, number>
>

/** The tokens of a plan that say as much as the two numbers above. */
const PRIOR_TOKENS = 10

/** Most tokens of a plan use less than this share does. */
const SHARE = 0.9

/** So many plans are told apart; the rest are one. */
const MAX_PLANS = 200
const DECAY = 0.98
/** Reports after which older ones weigh less. */
const DECAY_EVERY = 100

interface Cohort {
  readonly requests: LogHistogram
  readonly money: LogHistogram
  reports: number
}

/** What tokens of each plan use in their busiest windows, in bounded memory. Shared by all tokens. */
export class Cohorts {
  readonly #plans = new Map<string, Cohort>()
  readonly #before: (plan: string, quantity: Quantity) => number

  /** @param before what is usual where nobody of the plan has told yet */
  constructor(
    before: (plan: string, quantity: Quantity) => number = (_plan, quantity) => BEFORE_ANY[quantity],
  ) {
    this.#before = before
  }

  #of(plan: string): Cohort {
    const known = this.#plans.get(plan)
    if (known !== undefined) return known
    if (this.#plans.size >= MAX_PLANS && plan !== '') return this.#of('')
    const cohort = {
      requests: new LogHistogram(LEAST.requests),
      money: new LogHistogram(LEAST.money),
      reports: 0,
    }
    this.#plans.set(plan, cohort)
    return cohort
  }

  /** Takes in the p99s of a token with a past of its own: once a day, and when it is loaded. */
  learn(plan: string, p99: Readonly<Record<Quantity, number>>): void {
    const cohort = this.#of(plan)
    cohort.reports++
    for (const quantity of QUANTITIES) {
      if (p99[quantity] > 0) cohort[quantity].add(p99[quantity])
      if (cohort.reports % DECAY_EVERY === 0) cohort[quantity].decay(DECAY)
    }
  }

  /** @returns what a busy token of the plan uses in a busy window of ten minutes */
  usual(plan: string, quantity: Quantity): number {
    const cohort = this.#plans.get(plan) ?? this.#plans.get('')
    const before = this.#before(plan, quantity)
    if (cohort === undefined) return before
    const sizes = cohort[quantity]
    return mixed(sizes.quantile(SHARE), sizes.total, before, PRIOR_TOKENS)
  }
}

/**
 * One of two sizes at first, the other in the end: their geometric mean by weights, as an empirical Bayes estimate of a
 * size whose logarithm is about normal.
 * @param own any size, also 0 where its weight is 0
 */
export function mixed(own: number, ownWeight: number, other: number, otherWeight: number): number {
  if (own <= 0 || ownWeight <= 0) return other
  const share = ownWeight / (ownWeight + otherWeight)
  return Math.exp(share * Math.log(own) + (1 - share) * Math.log(other))
}
