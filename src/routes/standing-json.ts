import { Type, type Static } from 'typebox'
import type { Balance, BudgetState, Standing } from '../limits/limiter.ts'
import { formatMoney } from '../lib/money.ts'
import { formatTime } from '../lib/times.ts'
import { BUDGET_PERIODS } from '../store/store.ts'

const of = Type.Enum(['user', 'token', 'session', 'end_user'], { description: 'Whose limit it is.' })
const model = Type.Union([Type.String(), Type.Null()], { description: 'Of this model alone; null: of all.' })
const amountOf = (description: string) => Type.Union([Type.String(), Type.Number()], { description })

export const BalanceView = Type.Object({
  balance: Type.String({ description: 'What was given less what was charged.' }),
  held: Type.String({ description: 'Of that, what calls and tasks under way may cost.' }),
  available: Type.String({ description: 'The rest.' }),
  currency: Type.String(),
})

/** How everything that limits somebody stands at the moment. */
export const StandingView = Type.Object({
  rates: Type.Array(
    Type.Object({
      of,
      model,
      name: Type.Enum(['requests_per_minute', 'tokens_per_minute']),
      limit: Type.Number(),
      used: Type.Number(),
      left: Type.Number(),
      resets_at: Type.String({ format: 'date-time', description: 'When all of it is there again.' }),
    }),
  ),
  concurrency: Type.Array(
    Type.Object({ of, model, limit: Type.Number(), used: Type.Number(), left: Type.Number() }),
  ),
  budgets: Type.Array(
    Type.Object({
      of,
      currency: Type.Union([Type.String(), Type.Null()], {
        description: 'Of money; null: it counts a unit.',
      }),
      unit: Type.Union([Type.String(), Type.Null()], { description: 'What it counts; null: money.' }),
      period: Type.Enum([...BUDGET_PERIODS]),
      hard: Type.Boolean(),
      limit: amountOf('Money as a text, units as a number; so are the next three.'),
      used: amountOf('What was charged or used in the period.'),
      held: amountOf('What calls and tasks under way may add.'),
      left: amountOf('What is neither used nor held; never below 0.'),
      resets_at: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
        description: 'When the next period begins; null: never.',
      }),
    }),
  ),
  credit: Type.Union([BalanceView, Type.Null()], {
    description: 'Null: the user does not pay ahead.',
  }),
})

type StandingJson = Static<typeof StandingView>
type Measure = Pick<StandingJson['budgets'][number], 'currency' | 'unit' | 'limit' | 'used' | 'held' | 'left'>

/** Decimals of a second's thousandth part add up to noise in floating point. */
function plain(quantity: number): number {
  return Math.round(quantity * 1_000) / 1_000
}

function moneyMeasure(limit: bigint, used: bigint, held: bigint, currency: string): Measure {
  const left = limit - used - held
  return {
    currency,
    unit: null,
    limit: formatMoney(limit),
    used: formatMoney(used),
    held: formatMoney(held),
    left: formatMoney(left < 0n ? 0n : left),
  }
}

function measureOf({ budget, used, held }: BudgetState, currency: string): Measure {
  if ('amount' in budget) return moneyMeasure(budget.amount, BigInt(used), BigInt(held), currency)
  const { unit, quantity } = budget
  const [taken, kept] = [Number(used), Number(held)]
  const left = Math.max(0, plain(quantity - taken - kept))
  return { currency: null, unit, limit: quantity, used: plain(taken), held: plain(kept), left }
}

function budgetView(state: BudgetState, currency: string): StandingJson['budgets'][number] {
  const { subject, budget, resetsAt } = state
  return {
    of: subject.kind,
    ...measureOf(state, currency),
    period: budget.period,
    hard: budget.hard,
    resets_at: resetsAt === null ? null : formatTime(resetsAt),
  }
}

/** Calls in all, as a budget of them. */
function callsView({ calls }: Standing): StandingJson['budgets'] {
  if (calls === undefined) return []
  const { subject, limit, made, underWay } = calls
  const sums = { limit, used: made, held: underWay, left: Math.max(0, limit - made - underWay) }
  const kind = { currency: null, unit: 'calls', period: 'total' as const, hard: true }
  return [{ of: subject.kind, ...kind, ...sums, resets_at: null }]
}

/** Prepaid money as JSON shows it. */
export function balanceView({ balance, held, available }: Balance, currency: string) {
  return {
    balance: formatMoney(balance),
    held: formatMoney(held),
    available: formatMoney(available),
    currency,
  }
}

/**
 * How limits stand, as JSON shows it.
 * @param now milliseconds since the Unix epoch, from which the reset times of rates are counted
 */
export function standingView(standing: Standing, currency: string, now: number): StandingJson {
  return {
    rates: standing.rates.map(({ subject, model: of, name, limit, remaining, resetMs }) => ({
      of: subject.kind,
      model: of,
      name: name === 'requests' ? ('requests_per_minute' as const) : ('tokens_per_minute' as const),
      limit,
      used: limit - remaining,
      left: remaining,
      resets_at: formatTime(now + Math.ceil(resetMs)),
    })),
    concurrency: standing.concurrency.map(({ subject, model: of, limit, underWay }) => ({
      of: subject.kind,
      model: of,
      limit,
      used: underWay,
      left: Math.max(0, limit - underWay),
    })),
    budgets: [...standing.budgets.map((state) => budgetView(state, currency)), ...callsView(standing)],
    credit: standing.credit === null ? null : balanceView(standing.credit, currency),
  }
}
