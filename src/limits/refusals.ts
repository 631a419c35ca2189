import { GatewayError } from '../errors.ts'
import { formatMoney } from '../lib/money.ts'
import type { Budget, BudgetPeriod } from '../store/store.ts'
import { quantityOf } from './amounts.ts'
import type { LimitKind, SubjectKind } from './limiter.ts'
import type { RateBreach } from './traffic.ts'

/** Why a call is refused: for the caller, and for whoever counts. */
export interface LimitRefusal {
  readonly kind: LimitKind
  readonly error: GatewayError
}

/** A budget that a call would pass. */
export interface BudgetBreach {
  readonly budget: Budget
  /** Nano-units, or thousandths of the budget's unit: what is left of it, and what the call may need. */
  readonly left: bigint | number
  readonly wanted: bigint | number
  /** When it starts anew, in milliseconds since the Unix epoch. */
  readonly end: number
}

const CODES = {
  requests: 'rate_limited',
  tokens: 'tokens_rate_limited',
  concurrency: 'concurrency_limited',
} as const

const NAMES: Readonly<Record<SubjectKind, string>> = {
  user: 'user',
  token: 'token',
  session: 'session',
  end_user: 'end user',
}

const COUNTED = {
  requests: 'requests a minute',
  tokens: 'tokens a minute',
  concurrency: 'calls at a time',
} as const

const PERIODS: Readonly<Record<BudgetPeriod, string>> = {
  hour: 'an hour',
  day: 'a day',
  month: 'a month',
  total: 'in all',
}

function secondsOf(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1000))
}

/** @param of whose limit it is */
export function rateRefusal(of: SubjectKind, { kind, limit, model, waitMs }: RateBreach): LimitRefusal {
  const what = model === null ? COUNTED[kind] : `${COUNTED[kind]} with ${model}`
  const error = new GatewayError(CODES[kind], `The limit of this ${NAMES[of]} is ${limit} ${what}.`, {
    retryAfter: secondsOf(waitMs),
  })
  return { kind, error }
}

function amountOf(nano: bigint | number, budget: Budget): string {
  if (typeof nano === 'bigint') return formatMoney(nano)
  return `${quantityOf(nano)} ${'unit' in budget ? budget.unit : ''}`
}

function sizeOf(budget: Budget): string {
  return 'unit' in budget ? `${budget.quantity} ${budget.unit}` : formatMoney(budget.amount)
}

/** @param of whose budget it is. @param now milliseconds since the Unix epoch */
export function budgetRefusal(of: SubjectKind, breach: BudgetBreach, now: number): LimitRefusal {
  const { budget, left, wanted, end } = breach
  const verb = 'unit' in budget ? 'use' : 'cost'
  const detail = `This call may ${verb} ${amountOf(wanted, budget)}; of the budget of this ${NAMES[of]}, ${sizeOf(budget)} ${PERIODS[budget.period]}, ${amountOf(left, budget)} is left.`
  const more = budget.period === 'total' ? {} : { retryAfter: secondsOf(end - now) }
  return { kind: 'budget', error: new GatewayError('budget_exceeded', detail, more) }
}

/** @param available nano-units, negative where more was charged than was given */
export function creditRefusal(wanted: bigint, available: bigint): LimitRefusal {
  const left = formatMoney(available > 0n ? available : 0n)
  const detail = `This call may cost ${formatMoney(wanted)}; of the credit, ${left} is left.`
  return { kind: 'credit', error: new GatewayError('credit_exhausted', detail) }
}
