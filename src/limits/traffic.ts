import type { Rates } from '../store/store.ts'
import type { LimitKind } from './limiter.ts'
import type { Moment } from './moment.ts'
import { Window } from './window.ts'

/** What one subject does at the moment: with all models, or with one of them. */
export class Traffic {
  /** Calls. */
  underWay = 0
  /** Null: there was no limit yet. From then on all is counted, so that a limit that changes knows what was used. */
  requests: Window | null = null
  tokens: Window | null = null
}

/** A limit of a minute or of calls under way that refuses a call. */
export interface RateBreach {
  readonly kind: Extract<LimitKind, 'requests' | 'tokens' | 'concurrency'>
  readonly limit: number
  /** Null: of all models. */
  readonly model: string | null
  /** Milliseconds until there is room, as far as is known. */
  readonly waitMs: number
}

/**
 * Whether so many more fit. What is more than a whole limit by itself goes when nothing else counts: it would be locked
 * out for ever.
 */
function fits(sum: number, amount: number, limit: number): boolean {
  return sum + amount <= limit || sum <= 0
}

/** What one call takes of one traffic's limits. */
export class TrafficShare {
  readonly traffic: Traffic
  readonly rates: Rates
  readonly #model: string | null
  /** The windows that counted it. */
  requests: Window | null = null
  tokens: Window | null = null
  /** Where its request is counted. */
  #takenIn = 0

  /** @param model null: of all models */
  constructor(traffic: Traffic, rates: Rates, model: string | null) {
    this.traffic = traffic
    this.rates = rates
    this.#model = model
  }

  /** @param tokens in the worst case @returns the limit that it would pass; null: none */
  breach(moment: Moment, tokens: number): RateBreach | null {
    const { requestsPerMinute, concurrency } = this.rates
    const { requests, underWay } = this.traffic
    if (typeof requestsPerMinute === 'number' && requests !== null) {
      const sum = requests.sumAt(moment.bucket)
      if (sum + 1 > requestsPerMinute)
        return this.#breach('requests', requestsPerMinute, requests, sum + 1, moment)
    }
    const breach = this.tokensBreach(moment, tokens, 0)
    if (breach !== null) return breach
    return typeof concurrency === 'number' && underWay >= concurrency
      ? { kind: 'concurrency', limit: concurrency, model: this.#model, waitMs: 0 }
      : null
  }

  /** The same for tokens alone. @param counted of this call already, where they are counted */
  tokensBreach(moment: Moment, tokens: number, counted: number): RateBreach | null {
    const { tokensPerMinute } = this.rates
    const window = this.traffic.tokens
    if (typeof tokensPerMinute !== 'number' || window === null || tokens === 0) return null
    const own = this.tokens === null ? 0 : counted
    const sum = window.sumAt(moment.bucket) - own
    if (fits(sum, tokens + own, tokensPerMinute)) return null
    return this.#breach('tokens', tokensPerMinute, window, sum + tokens + own, moment)
  }

  #breach(
    kind: 'requests' | 'tokens',
    limit: number,
    window: Window,
    total: number,
    { monotonic }: Moment,
  ): RateBreach {
    return { kind, limit, model: this.#model, waitMs: window.leavesIn(total - limit, monotonic) }
  }

  take({ bucket }: Moment, tokens: number): void {
    const { traffic, rates } = this
    traffic.underWay++
    this.#takenIn = bucket
    if (typeof rates.requestsPerMinute === 'number') traffic.requests ??= new Window(bucket)
    if (typeof rates.tokensPerMinute === 'number') traffic.tokens ??= new Window(bucket)
    this.requests = traffic.requests
    this.tokens = traffic.tokens
    this.requests?.add(bucket, 1)
    this.tokens?.add(bucket, tokens)
  }

  /** The call is over. */
  leave(): void {
    this.traffic.underWay--
  }

  takeBackRequest(): void {
    this.requests?.add(this.#takenIn, -1)
  }
}
