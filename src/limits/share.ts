import type { Budget } from '../store/store.ts'
import type { Cost } from './amounts.ts'
import { breachOf, isPassed, type Need } from './budgets.ts'
import type { LimiterEvents, Subject } from './limiter.ts'
import type { Moment } from './moment.ts'
import type { Periods } from './periods.ts'
import type { Reading } from './reading.ts'
import { budgetRefusal, rateRefusal, type LimitRefusal } from './refusals.ts'
import type { Sourced } from './sourced.ts'
import type { SubjectState } from './subject-state.ts'
import { TrafficShare, type RateBreach } from './traffic.ts'

/** What decides which counter counts. */
export interface Calendar {
  readonly periods: Periods
  /** No earlier than the time of anything that was settled until now. */
  readonly knownSince: number
}

const NO_BUDGETS: readonly Budget[] = []

/** What one call has to do with one subject. */
export class Share {
  readonly state: SubjectState
  /** Null: nothing limits it but the user's credit. */
  readonly subject: Subject | null
  readonly all: TrafficShare | null
  readonly ofModel: TrafficShare | null
  readonly #budgets: readonly Budget[]

  constructor(state: SubjectState, subject: Subject | null, model: string) {
    this.state = state
    this.subject = subject
    this.#budgets = subject?.limits.budgets ?? NO_BUDGETS
    if (subject === null) {
      this.all = null
      this.ofModel = null
      return
    }
    const { limits, since } = subject
    state.meet(since)
    this.all = new TrafficShare(state.traffic, limits, null)
    const { models } = limits
    const rates =
      models === undefined || models === null || !Object.hasOwn(models, model) ? undefined : models[model]
    this.ofModel = rates === undefined ? null : new TrafficShare(state.trafficOf(model, limits), rates, model)
  }

  /** @returns the limit of a minute or of calls under way that refuses one more call */
  rateRefusal(moment: Moment, tokens: number): LimitRefusal | null {
    return this.#told(this.all?.breach(moment, tokens) ?? this.ofModel?.breach(moment, tokens))
  }

  /** The same for tokens alone. @param own what the windows count of this call already */
  tokensRefusal(moment: Moment, tokens: number, own: number): LimitRefusal | null {
    return this.#told(
      this.all?.tokensBreach(moment, tokens, own) ?? this.ofModel?.tokensBreach(moment, tokens, own),
    )
  }

  #told(breach: RateBreach | null | undefined): LimitRefusal | null {
    return breach === null || breach === undefined ? null : rateRefusal(this.state.kind, breach)
  }

  /** Begins to load all counters that must be loaded before a budget can be judged. @returns null: all are */
  load(now: number, calendar: Calendar, sourced: Sourced): Reading | null {
    let reading: Reading | null = null
    for (const { period } of this.#budgets) {
      const counter = this.state.counter(period, now, calendar.periods, calendar.knownSince)
      if (!counter.isLoaded) reading = sourced.counter(this.state, counter)
    }
    return reading
  }

  /** All counters are loaded. @returns the hard budget that refuses a call */
  budgetRefusal(now: number, calendar: Calendar, need: Need, before: Need): LimitRefusal | null {
    const { state } = this
    for (const budget of this.#budgets) {
      if (!budget.hard) continue
      const counter = state.counter(budget.period, now, calendar.periods, calendar.knownSince)
      const breach = breachOf(budget, counter, state.held, need, before)
      if (breach !== null) return budgetRefusal(state.kind, breach, now)
    }
    return null
  }

  /** Raises a notice for each soft budget that is passed. */
  notice(now: number, calendar: Calendar, events: LimiterEvents): void {
    const { state } = this
    for (const budget of this.#budgets) {
      if (budget.hard) continue
      const { period } = budget
      const counter = state.counter(period, now, calendar.periods, calendar.knownSince)
      if (!counter.isLoaded || !isPassed(budget, counter, state.held) || !counter.notice(budget)) continue
      events.notice({ subject: { kind: state.kind, id: state.id }, period, budget })
    }
  }

  /** Takes a place among the calls, and what it needs at the most. */
  take(moment: Moment, tokens: number, cost: Cost): void {
    this.all?.take(moment, tokens)
    this.ofModel?.take(moment, tokens)
    this.state.held.add(cost)
  }

  /** The call is over. */
  free(cost: Cost): void {
    if (this.all !== null) this.all.traffic.underWay--
    if (this.ofModel !== null) this.ofModel.traffic.underWay--
    this.state.held.subtract(cost)
  }

  /** The call needs something else than it did. */
  change(before: Cost, after: Cost): void {
    this.state.held.subtract(before)
    this.state.held.add(after)
  }

  /** Corrects the tokens of a bucket. */
  addTokens(bucket: number, amount: number): void {
    this.all?.tokens?.add(bucket, amount)
    this.ofModel?.tokens?.add(bucket, amount)
  }

  /** Takes the request itself back. */
  takeBackRequest(bucket: number): void {
    this.all?.requests?.add(bucket, -1)
    this.ofModel?.requests?.add(bucket, -1)
  }
}
