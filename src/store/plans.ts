import type { Unit } from '../minimax/units.ts'
import type { Page, PageRequest } from './page.ts'

/** Over what a budget counts. All but `total` are of the calendar, in the time zone of the gateway. */
export const BUDGET_PERIODS = ['hour', 'day', 'month', 'total'] as const

export type BudgetPeriod = (typeof BUDGET_PERIODS)[number]

interface BudgetRule {
  readonly period: BudgetPeriod
  /** Beyond a hard one calls are refused; beyond a soft one they go on, and a notice is raised. */
  readonly hard: boolean
}

/** So much money, in nano-units of the gateway's currency, as it is charged. */
export interface MoneyBudget extends BudgetRule {
  readonly amount: bigint
}

/** So much of a native unit. */
export interface UnitBudget extends BudgetRule {
  readonly unit: Unit
  readonly quantity: number
}

export type Budget = MoneyBudget | UnitBudget

/** Whole numbers of at least 1. Left out: the plan's counts; null: there is none, whatever the plan says. */
export interface Rates {
  readonly requestsPerMinute?: number | null
  readonly tokensPerMinute?: number | null
  /** Calls under way at a time. */
  readonly concurrency?: number | null
}

/** How much may be used: one shape wherever it stands, on a plan, a user or a token. */
export interface Limits extends Rates {
  /** All of them count. Left out: the plan's; null or none: no budget. */
  readonly budgets?: readonly Budget[] | null
  /** Of one model each, beside the limits on all. */
  readonly models?: Readonly<Record<string, Rates>> | null
  /** What a chat call that names no maximum is taken to write at the most, for holds and tokens a minute. */
  readonly maxOutputTokens?: number | null
}

/** A named set of limits and terms. Users of the plan have them unless they have their own. */
export interface Plan {
  readonly id: string
  readonly name: string | null
  readonly limits: Limits
  /** Of each end user of its users; null: there are none. */
  readonly endUserLimits: Limits | null
  /** What its users pay, as a multiple of the list price: a decimal text; null: what the settings say. */
  readonly multiplier: string | null
  /** Operation names or `modality.*`; null: all. Tokens can only narrow them. */
  readonly operations: readonly string[] | null
  /** Model names; null: all. */
  readonly models: readonly string[] | null
  /** Whether its users spend only credit. */
  readonly prepaid: boolean
  /** Credit that a user gets once, when they first come to the plan. Nano-units, at least 0. */
  readonly freeCredit: bigint
  readonly createdAt: number
  readonly updatedAt: number
}

export interface PlanStore {
  /** @returns false when the id is taken; nothing is written then */
  add(plan: Plan): Promise<boolean>
  get(id: string): Promise<Plan | undefined>
  /** By id. */
  list(page: PageRequest): Promise<Page<Plan>>
  /** @returns the plan after the change, or undefined when there is none */
  update(
    id: string,
    change: Partial<Omit<Plan, 'id' | 'createdAt' | 'updatedAt'>>,
    at: number,
  ): Promise<Plan | undefined>
  /** Takes out a plan that no user has. */
  remove(id: string): Promise<'removed' | 'in_use' | 'missing'>
}
