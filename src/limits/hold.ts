import type { GatewayError } from '../errors.ts'
import { tokensIn } from '../minimax/usage.ts'
import { costOf, type Cost } from './amounts.ts'
import type { Need } from './budgets.ts'
import type { Demand, Hold, Kept, RateState, Settled } from './limiter.ts'
import type { Moment } from './moment.ts'
import { NO_RATES, ratesOf } from './rate-states.ts'
import type { LimitRefusal } from './refusals.ts'
import type { Share } from './share.ts'
import { countsAt } from './window.ts'

/** The limiter as its holds see it. */
export interface Holder {
  /** Something was settled, and the books were told. */
  count(userId: string, tokenId: string, settled: Settled): void
  resume(kept: Kept): void
  extend(hold: MemoryHold, more: Need, done: (error: GatewayError | null) => void): void
  /** Nothing is held for it any more. */
  freed(hold: MemoryHold): void
  /** The soft budgets of its subjects may be passed. */
  notice(shares: readonly Share[]): void
}

function keptOf({ requestId, userId, tokenId }: Demand, { charged, usage }: Need): Kept {
  return { requestId, userId, tokenId, charged, usage }
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

  extend(_more: Need, done: (error: GatewayError | null) => void): void {
    done(null)
  }

  settle(settled: Settled): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#holder.count(this.#demand.userId, this.#demand.tokenId, settled)
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

/** What one call has taken, from its subjects in memory. */
export class MemoryHold implements Hold {
  readonly rates: readonly RateState[]
  readonly demand: Demand
  readonly shares: readonly Share[]
  /** What is held for it. */
  need: Need
  #cost: Cost
  isOver = false
  readonly #holder: Holder
  /** Where its request is counted. */
  readonly #begunIn: number
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
    this.#cost = costOf(demand)
    this.#begunIn = moment.bucket
    this.#bucket = moment.bucket
    this.#inBucket = tokens
    this.#tokens = tokens
    for (const share of shares) share.take(moment, tokens, this.#cost)
    this.rates = ratesOf(shares, moment)
  }

  extend(more: Need, done: (error: GatewayError | null) => void): void {
    this.#holder.extend(this, more, done)
  }

  /** @returns the limit of tokens a minute that refuses more of them; null: none */
  tokensRefusal(more: Need, moment: Moment): LimitRefusal | null {
    const wanted = tokensIn(more.usage) - this.#tokens
    if (wanted <= 0) return null
    for (const share of this.shares) {
      const refusal = share.tokensRefusal(moment, wanted, this.#countedAt(moment.bucket))
      if (refusal !== null) return refusal
    }
    return null
  }

  #countedAt(bucket: number): number {
    return countsAt(this.#bucket, bucket) ? this.#inBucket : 0
  }

  /** It needs something else from now on, and nothing refuses it. */
  change(more: Need, moment: Moment): void {
    const counted = this.#countedAt(moment.bucket)
    // All that counts moves to this moment: one place is enough then, and nothing counts for too short a time.
    this.#addTokens(-this.#inBucket)
    this.#bucket = moment.bucket
    this.#inBucket = 0
    this.#addTokens(counted)
    this.#correctTokens(tokensIn(more.usage))
    const cost = costOf(more)
    for (const share of this.shares) share.change(this.#cost, cost)
    this.#cost = cost
    this.need = more
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
    this.#holder.count(this.demand.userId, this.demand.tokenId, settled)
    this.#holder.notice(this.shares)
    this.#holder.freed(this)
  }

  release(isRefunded: boolean): void {
    if (!this.#end(0)) return
    if (isRefunded) for (const share of this.shares) share.takeBackRequest(this.#begunIn)
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
