import type { Budget } from '../store/store.ts'
import { mostOf, thousandthsOf, type Amounts } from './amounts.ts'
import type { Counter } from './counter.ts'
import type { Demand } from './limiter.ts'
import type { BudgetBreach } from './refusals.ts'

/** What a call needs at the most. */
export type Need = Pick<Demand, 'charged' | 'usage'>

/** Of a call that holds nothing yet. */
export const NO_NEED: Need = Object.freeze({ charged: 0n, usage: Object.freeze({}) })

/**
 * Whether a call would pass a budget. One that needs no more of it than it has goes also where nothing is left.
 * @param held of the subject, this call's included
 * @param before what is held for this call already
 */
export function breachOf(
  budget: Budget,
  counter: Counter,
  held: Amounts,
  need: Need,
  before: Need,
): BudgetBreach | null {
  const { used, end } = counter
  if ('amount' in budget) {
    const wanted = need.charged - before.charged
    if (wanted <= 0n) return null
    const left = budget.amount - used.money - held.money
    return wanted <= left ? null : { budget, left: left > 0n ? left : 0n, wanted, end }
  }
  const { unit, quantity } = budget
  const wanted = thousandthsOf(mostOf(unit, need.usage)) - thousandthsOf(mostOf(unit, before.usage))
  if (wanted <= 0) return null
  const left = thousandthsOf(quantity) - used.of(unit) - held.of(unit)
  return wanted <= left ? null : { budget, left: Math.max(0, left), wanted, end }
}

/** @returns whether more is used and held than a budget allows */
export function isPassed(budget: Budget, { used }: Counter, held: Amounts): boolean {
  if ('amount' in budget) return used.money + held.money > budget.amount
  return used.of(budget.unit) + held.of(budget.unit) > thousandthsOf(budget.quantity)
}
