import { saidOfModel } from '../minimax/aliases.ts'
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
const NO_MODELS: readonly TrafficShare[] = []

/** What one call has to do with one subject. */
export class Share {
  readonly state: SubjectState
  /** Null: nothing limits it but the user's credit. */
  readonly subject: Subject | null
  readonly all: TrafficShare | null
  /** By the limits of single models: of the call's own, and of those that it named later. */
  ofModels: readonly TrafficShare[] = NO_MODELS
  readonly #budgets: readonly Budget[]

  constructor(state: SubjectState, subject: Subject | null, model: string) {
    this.state = state
    this.subject = subject
    this.#budgets = subject?.limits.budgets ?? NO_BUDGETS
    if (subject === null) {
      this.all = null
      return
    }
    const { limits, since } = subject
    state.meet(since)
    this.all = new TrafficShare(state.traffic, limits, null)
    const ofModel = this.trafficOf(model)
    if (ofModel !== null) this.ofModels = [ofModel]
  }

  /** @returns its share of a model's own limits, of which nothing is taken yet; null: the model has none */
  trafficOf(model: string): TrafficShare | null {
    const limits = this.subject?.limits
    if (limits?.models === undefined || limits.models === null) return null
    const rates = saidOfModel(limits.models, model)
    return rates === undefined ? null : new TrafficShare(this.state.trafficOf(model, limits), rates, model)
  }

  /** @returns the limit of a minute or of calls under way that refuses one more call */
  rateRefusal(moment: Moment, tokens: number): LimitRefusal | null {
    return this.#refusalBy((traffic) => traffic.breach(moment, tokens))
  }

  /** The same for tokens alone. @param own what the windows count of this call already */
  tokensRefusal(moment: Moment, tokens: number, own: number): LimitRefusal | null {
    return this.#refusalBy((traffic) => traffic.tokensBreach(moment, tokens, own))
  }

  /** The same for a model that the call has named later. @param tokens what its windows would count of this call */
  modelRefusal(ofModel: TrafficShare, moment: Moment, tokens: number): LimitRefusal | null {
    return this.#told(ofModel.breach(moment, tokens))
  }

  #refusalBy(breachOf: (traffic: TrafficShare) => RateBreach | null): LimitRefusal | null {
    if (this.all === null) return null
    let breach = breachOf(this.all)
    for (const ofModel of this.ofModels) breach ??= breachOf(ofModel)
    return this.#told(breach)
  }

  #told(breach: RateBreach | null): LimitRefusal | null {
    return breach === null ? null : rateRefusal(this.state.kind, breach)
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
    for (const ofModel of this.ofModels) ofModel.take(moment, tokens)
    this.state.held.add(cost)
  }

  /** Takes a place among the calls of a model that the call has named later. @param tokens what the windows count of this call */
  takeModel(ofModel: TrafficShare, moment: Moment, tokens: number): void {
    ofModel.take(moment, tokens)
    this.ofModels = [...this.ofModels, ofModel]
  }

  /** The call is over. */
  free(cost: Cost): void {
    this.all?.leave()
    for (const ofModel of this.ofModels) ofModel.leave()
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
    for (const { tokens } of this.ofModels) tokens?.add(bucket, amount)
  }

  /** Takes the request itself back. */
  takeBackRequest(): void {
    this.all?.takeBackRequest()
    for (const ofModel of this.ofModels) ofModel.takeBackRequest()
  }
}

/** @returns the first limit of a minute or of calls under way that refuses one more call; null: none */
export function rateRefusalOf(shares: readonly Share[], moment: Moment, tokens: number): LimitRefusal | null {
  for (const share of shares) {
    const refusal = share.rateRefusal(moment, tokens)
    if (refusal !== null) return refusal
  }
  return null
}
