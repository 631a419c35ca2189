import type { RateState } from './limiter.ts'
import type { Moment } from './moment.ts'
import type { Share } from './share.ts'
import type { TrafficShare } from './traffic.ts'
import type { Window } from './window.ts'

/** Of a call without a limit of a minute. */
export const NO_RATES: readonly RateState[] = Object.freeze([])

/** How one limit of a minute stands. @param window null: nothing was used */
export function rateStateOf(
  name: RateState['name'],
  limit: number,
  window: Window | null,
  { bucket, monotonic }: Moment,
): RateState {
  if (window === null) return { name, limit, remaining: limit, resetMs: 0 }
  return {
    name,
    limit,
    remaining: Math.max(0, limit - window.sumAt(bucket)),
    resetMs: window.emptyIn(monotonic),
  }
}

/** Looks for the limit with the least left. */
class Tightest {
  readonly #name: RateState['name']
  #limit = 0
  #window: Window | null = null
  #remaining = Infinity

  constructor(name: RateState['name']) {
    this.#name = name
  }

  see(limit: number | null | undefined, window: Window | null, bucket: number): void {
    if (typeof limit !== 'number' || window === null) return
    const remaining = limit - window.sumAt(bucket)
    if (remaining >= this.#remaining) return
    this.#limit = limit
    this.#window = window
    this.#remaining = remaining
  }

  state(moment: Moment): RateState | null {
    return this.#window === null ? null : rateStateOf(this.#name, this.#limit, this.#window, moment)
  }
}

function see(requests: Tightest, tokens: Tightest, share: TrafficShare | null, bucket: number): void {
  if (share === null) return
  requests.see(share.rates.requestsPerMinute, share.requests, bucket)
  tokens.see(share.rates.tokensPerMinute, share.tokens, bucket)
}

/** How the tightest limits of a minute stand after a call has taken its share. */
export function ratesOf(shares: readonly Share[], moment: Moment): readonly RateState[] {
  const requests = new Tightest('requests')
  const tokens = new Tightest('tokens')
  for (const { all, ofModels } of shares) {
    see(requests, tokens, all, moment.bucket)
    for (const ofModel of ofModels) see(requests, tokens, ofModel, moment.bucket)
  }
  const states = [requests.state(moment), tokens.state(moment)].filter((state) => state !== null)
  return states.length === 0 ? NO_RATES : states
}
