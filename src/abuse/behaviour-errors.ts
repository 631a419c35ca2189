import type { Outcome } from '../errors.ts'
import type { CallEvent } from './event.ts'
import { DAY_MS, HOUR_MS } from './source-times.ts'
import { fieldOf, isAmount } from './volume-codec.ts'
import type { Background, Observation } from './watcher.ts'

/** Failures that are the request's own. Limits are left out: whoever meets them is busy, not wrong. */
const ERRORS: ReadonlySet<Outcome> = new Set<Outcome>([
  'caller_invalid',
  'caller_unauthorized',
  'caller_forbidden',
  'caller_not_found',
  'caller_too_large',
  'provider_rejected',
])

/** Page's cumulative sum: what is within half a deviation counts for nothing. */
const SLACK = 0.5
const WATCHED = 5
const TOLD = 10
/** No hour counts for more deviations, so that one bad hour is not a bad day. */
const MOST = 4
/** The share differs by so much from hour to hour beyond chance. */
const SPREAD = 0.03
/** A token that has never failed is taken to fail once in a hundred. */
const [PRIOR_ERRORS, PRIOR_CALLS] = [1, 100]
const ENOUGH_CALLS = 200
const ENOUGH_MS = 3 * DAY_MS
/** Errors since the rise began that are worth a word. */
const LEAST_ERRORS = 10
/** Calls count for less as they age, by the hour: for half after two weeks. */
const FADING = 0.5 ** (1 / 336)

/** Notices that a token fails far more often than it did, hour by hour (CUSUM, k = 0.5 and h = 5 deviations). */
export class ErrorMix {
  #hour = -1
  #since = 0
  #calls = 0
  #errors = 0
  #pastCalls = 0
  #pastErrors = 0
  #sum = 0
  #rising = 0

  observe(event: CallEvent): void {
    if (this.#since === 0) this.#since = event.at
    this.#turn(event.at)
    this.#calls++
    if (ERRORS.has(event.outcome)) this.#errors++
  }

  #turn(at: number): void {
    const hour = Math.floor(at / HOUR_MS)
    if (hour <= this.#hour) return
    if (this.#calls > 0) this.#endHour(at)
    this.#hour = hour
  }

  #rise(): number {
    const usual = this.#usual()
    const deviation = Math.sqrt(this.#calls * usual * (1 - usual) + (this.#calls * SPREAD) ** 2)
    return Math.min(MOST, (this.#errors - this.#calls * usual) / deviation)
  }

  #usual(): number {
    return (this.#pastErrors + PRIOR_ERRORS) / (this.#pastCalls + PRIOR_CALLS)
  }

  #endHour(at: number): void {
    if (this.#isKnown(at)) {
      this.#sum = Math.max(0, this.#sum + this.#rise() - SLACK)
      this.#rising = this.#sum === 0 ? 0 : this.#rising + this.#errors
    }
    // An hour that is under suspicion does not become what is usual.
    if (this.#sum < WATCHED) {
      this.#pastCalls = this.#pastCalls * FADING + this.#calls
      this.#pastErrors = this.#pastErrors * FADING + this.#errors
    }
    this.#calls = 0
    this.#errors = 0
  }

  #isKnown(at: number): boolean {
    return at - this.#since >= ENOUGH_MS && this.#pastCalls >= ENOUGH_CALLS
  }

  look({ now }: Background): Observation | undefined {
    this.#turn(now)
    if (this.#sum < WATCHED || this.#rising < LEAST_ERRORS) return undefined
    const strength = this.#sum >= TOLD ? 0.5 : 0.25
    const evidence = { errors: this.#rising, usual_percent: Math.round(this.#usual() * 100) }
    return { signal: 'error_mix', strength, evidence }
  }

  /** As JSON. */
  save(): unknown {
    const now = [this.#hour, this.#since, this.#calls, this.#errors]
    return { now, past: [this.#pastCalls, this.#pastErrors, this.#sum, this.#rising] }
  }

  /** Takes back what `save` gave; anything else is nothing. */
  load(saved: unknown): this {
    const read = (name: string) => [0, 1, 2, 3].map((at) => fieldOf(fieldOf(saved, name), String(at)))
    const [now, past] = [read('now'), read('past')]
    if (!now.every(isAmount) || !past.every(isAmount)) return this
    const [hour = 0, since = 0, calls = 0, errors = 0] = now
    const [pastCalls = 0, pastErrors = 0, sum = 0, rising = 0] = past
    this.#hour = hour
    this.#since = since
    this.#calls = calls
    this.#errors = errors
    this.#pastCalls = pastCalls
    this.#pastErrors = pastErrors
    this.#sum = sum
    this.#rising = rising
    return this
  }
}
