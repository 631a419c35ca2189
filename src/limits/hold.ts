import type { GatewayError } from '../errors.ts'
import { properName } from '../minimax/aliases.ts'
import { tokensIn } from '../minimax/usage.ts'
import { heldCostOf, type Cost } from './amounts.ts'
import type { Need } from './budgets.ts'
import type { Demand, Hold, Kept, More, Owners, RateState, Settled } from './limiter.ts'
import type { Moment } from './moment.ts'
import { NO_RATES, ratesOf } from './rate-states.ts'
import type { LimitRefusal } from './refusals.ts'
import type { Share } from './share.ts'
import type { TrafficShare } from './traffic.ts'
import { countsAt } from './window.ts'

/** The limiter as its holds see it. */
export interface Holder {
  /** Something was settled, and the books were told. */
  count(owners: Owners, settled: Settled): void
  resume(kept: Kept): void
  extend(hold: MemoryHold, more: More, done: (error: GatewayError | null) => void): void
  /** Nothing is held for it any more. */
  freed(hold: MemoryHold): void
  /** The soft budgets of its subjects may be passed. */
  notice(shares: readonly Share[]): void
}

function keptOf({ requestId, userId, tokenId, sessionId, endUser }: Demand, { charged, usage }: Need): Kept {
  return { requestId, userId, tokenId, sessionId, endUser, charged, usage }
}

/** What a call holds that nothing limited when it came. Limits that were set since then see it when it is over. */
export class FreeHold implements Hold {
  readonly rates = NO_RATES
  readonly #holder: Holder
  readonly #demand: Demand
  #isOver = false

  constructor(holder: Holder, demand: Demand) {
    this.#holder = holder
    this.#demand = demand
  }

  extend(_more: More, done: (error: GatewayError | null) => void): void {
    done(null)
  }

  settle(settled: Settled): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#holder.count(this.#demand, settled)
  }

  release(): void {
    this.#isOver = true
  }

  keep(more: Need): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#holder.resume(keptOf(this.#demand, more))
  }
}

/** What one call has to do with one subject's limits of a model that it has named later. */
export interface ModelShare {
  readonly share: Share
  readonly ofModel: TrafficShare
}

/** What one call has taken, from its subjects in memory. */
export class MemoryHold implements Hold {
  rates: readonly RateState[]
  readonly demand: Demand
  readonly shares: readonly Share[]
  /** What is held for it. */
  need: Need
  #cost: Cost
  isOver = false
  readonly #holder: Holder
  /** The proper names of all models that it is counted under. */
  #models: readonly string[]
  /** Where its tokens are, and how many of them are there; the others came earlier and count no more. */
  #bucket: number
  #inBucket: number
  #tokens: number

  /** Takes everything; nothing refuses it. */
  constructor(holder: Holder, demand: Demand, shares: readonly Share[], tokens: number, moment: Moment) {
    this.#holder = holder
    this.demand = demand
    this.shares = shares
    this.need = demand
    this.#cost = heldCostOf(demand)
    this.#models = [properName(demand.model)]
    this.#bucket = moment.bucket
    this.#inBucket = tokens
    this.#tokens = tokens
    for (const share of shares) share.take(moment, tokens, this.#cost)
    this.rates = ratesOf(shares, moment)
  }

  extend(more: More, done: (error: GatewayError | null) => void): void {
    this.#holder.extend(this, more, done)
  }

  /** @returns its shares of a model's own limits, of which nothing is taken yet; none where it is counted under it already */
  newShares(model: string | undefined): readonly ModelShare[] {
    if (model === undefined || model === '' || this.#models.includes(properName(model))) return []
    return this.shares.flatMap((share) => {
      const ofModel = share.trafficOf(model)
      return ofModel === null ? [] : [{ share, ofModel }]
    })
  }

  /** @returns the limit of a minute, or of calls under way with a new model, that refuses more; null: none */
  rateRefusal(more: More, newShares: readonly ModelShare[], moment: Moment): LimitRefusal | null {
    const counted = this.#countedAt(moment.bucket)
    const wanted = tokensIn(more.usage) - this.#tokens
    for (const { share, ofModel } of newShares) {
      const refusal = share.modelRefusal(ofModel, moment, Math.max(0, counted + wanted))
      if (refusal !== null) return refusal
    }
    if (wanted <= 0) return null
    for (const share of this.shares) {
      const refusal = share.tokensRefusal(moment, wanted, counted)
      if (refusal !== null) return refusal
    }
    return null
  }

  #countedAt(bucket: number): number {
    return countsAt(this.#bucket, bucket) ? this.#inBucket : 0
  }

  /** It needs something else from now on, and nothing refuses it. */
  change(more: More, newShares: readonly ModelShare[], moment: Moment): void {
    const counted = this.#countedAt(moment.bucket)
    // All that counts moves to this moment: one place is enough then, and nothing counts for too short a time.
    this.#addTokens(-this.#inBucket)
    this.#bucket = moment.bucket
    this.#inBucket = 0
    this.#addTokens(counted)
    this.#correctTokens(tokensIn(more.usage))
    this.#meet(more.model, newShares, moment)
    const cost = heldCostOf(more)
    for (const share of this.shares) share.change(this.#cost, cost)
    this.#cost = cost
    this.need = more
  }

  #meet(model: string | undefined, newShares: readonly ModelShare[], moment: Moment): void {
    if (model !== undefined && model !== '') this.#models = [...new Set([...this.#models, properName(model)])]
    if (newShares.length === 0) return
    for (const { share, ofModel } of newShares) share.takeModel(ofModel, moment, this.#inBucket)
    this.rates = ratesOf(this.shares, moment)
  }

  #addTokens(amount: number): void {
    if (amount === 0) return
    for (const share of this.shares) share.addTokens(this.#bucket, amount)
    this.#inBucket += amount
  }

  /** What was reserved becomes what was used, in the minute in which it was. */
  #correctTokens(truth: number): void {
    const change = Math.max(-this.#inBucket, truth - this.#tokens)
    this.#tokens = truth
    this.#addTokens(change)
  }

  settle(settled: Settled): void {
    if (!this.#end(tokensIn(settled.usage))) return
    this.#holder.count(this.demand, settled)
    this.#holder.notice(this.shares)
    this.#holder.freed(this)
  }

  release(isRefunded: boolean): void {
    if (!this.#end(0)) return
    if (isRefunded) for (const share of this.shares) share.takeBackRequest()
    this.#holder.freed(this)
  }

  keep(more: Need): void {
    if (!this.#end(tokensIn(more.usage))) return
    this.#holder.resume(keptOf(this.demand, more))
    this.#holder.notice(this.shares)
    this.#holder.freed(this)
  }

  /** @returns false when it was over already */
  #end(tokens: number): boolean {
    if (this.isOver) return false
    this.isOver = true
    this.#correctTokens(tokens)
    for (const share of this.shares) share.free(this.#cost)
    return true
  }
}
