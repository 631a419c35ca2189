import type { Rates } from '../store/store.ts'
import { quantityOf } from './amounts.ts'
import type { BudgetState, Demand, Standing, Subject } from './limiter.ts'
import type { Moment } from './moment.ts'
import { rateStateOf } from './rate-states.ts'
import type { Calendar, Share } from './share.ts'
import { Traffic } from './traffic.ts'

type Writable<T> = { -readonly [Key in keyof T]: T[Key] extends readonly (infer Item)[] ? Item[] : T[Key] }
type Name = Pick<Subject, 'kind' | 'id'>

/** What is known of models that were not used yet. */
const IDLE = new Traffic()

/** @param model null: of all models */
function addRates(
  standing: Writable<Standing>,
  { subject, model }: { readonly subject: Name; readonly model: string | null },
  rates: Rates,
  traffic: Traffic,
  moment: Moment,
): void {
  const { requestsPerMinute, tokensPerMinute, concurrency } = rates
  if (typeof requestsPerMinute === 'number') {
    const state = rateStateOf('requests', requestsPerMinute, traffic.requests, moment)
    standing.rates.push({ ...state, subject, model })
  }
  if (typeof tokensPerMinute === 'number') {
    const state = rateStateOf('tokens', tokensPerMinute, traffic.tokens, moment)
    standing.rates.push({ ...state, subject, model })
  }
  if (typeof concurrency === 'number') {
    standing.concurrency.push({ subject, model, limit: concurrency, underWay: traffic.underWay })
  }
}

function budgetsOf({ state, subject }: Share, name: Name, now: number, calendar: Calendar): BudgetState[] {
  return (subject?.limits.budgets ?? []).map((budget) => {
    const { used, end } = state.counter(budget.period, now, calendar.periods, calendar.knownSince)
    const resetsAt = budget.period === 'total' ? null : end
    const sums =
      'amount' in budget
        ? { used: used.money, held: state.held.money }
        : { used: quantityOf(used.of(budget.unit)), held: quantityOf(state.held.of(budget.unit)) }
    return { subject: name, budget, ...sums, resetsAt }
  })
}

/** How all that limits a caller stands. All of it is in memory. */
export function standingOf(
  shares: readonly Share[],
  { prepaid }: Pick<Demand, 'prepaid'>,
  moment: Moment,
  calendar: Calendar,
): Standing {
  const standing: Writable<Standing> = { rates: [], concurrency: [], budgets: [], credit: null }
  for (const share of shares) {
    const { state, subject } = share
    if (prepaid) standing.credit ??= state.credit?.balance(state.held.money) ?? null
    if (subject === null) continue
    const name = { kind: state.kind, id: state.id }
    addRates(standing, { subject: name, model: null }, subject.limits, state.traffic, moment)
    for (const [model, rates] of Object.entries(subject.limits.models ?? {})) {
      const traffic = state.knownTrafficOf(model) ?? IDLE
      addRates(standing, { subject: name, model }, rates, traffic, moment)
    }
    standing.budgets.push(...budgetsOf(share, name, moment.now, calendar))
  }
  return standing
}
