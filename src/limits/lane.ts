import { Priority } from '../lib/priority.ts'
import { Limit } from './limit.ts'
import { Pace } from './pace.ts'
import type { UserQueue } from './queues.ts'

/** What MiniMax allows of one model on one account. 0: not known. */
export interface ModelLimits {
  readonly requestsPerMinute: number
  readonly tokensPerMinute: number
}

/** What the paces need to know of a call. */
export interface Paced {
  /** How many calls it counts as. */
  readonly cost: number
  /** How many tokens it is taken to use. */
  readonly tokens: number
}

const NONE: ModelLimits = { requestsPerMinute: 0, tokensPerMinute: 0 }

/** The part of an account's calls that have a limit of their own, those of one model; or all the others, which have none. */
export class Lane<T extends Paced> {
  readonly queues = new Priority<UserQueue<T>>()
  readonly #requests: Limit
  readonly #tokens: Limit
  readonly #requestPace = new Pace()
  readonly #tokenPace = new Pace()

  constructor({ requestsPerMinute, tokensPerMinute }: ModelLimits = NONE) {
    this.#requests = new Limit(requestsPerMinute, 1)
    this.#tokens = new Limit(tokensPerMinute, 1)
  }

  /** The queue whose turn it is; undefined: nobody waits here. */
  get next(): UserQueue<T> | undefined {
    return this.queues.first
  }

  /** @returns when a call may go as far as this lane is concerned; the past: at once */
  readyAt(now: number, { cost, tokens }: Paced): number {
    const perMinute = this.#requests.at(now)
    const tokensPerMinute = this.#tokens.at(now)
    return Math.max(
      perMinute === 0 ? -Infinity : this.#requestPace.readyAt(perMinute, cost),
      tokensPerMinute === 0 ? -Infinity : this.#tokenPace.readyAt(tokensPerMinute, tokens),
    )
  }

  /** A call goes. @returns how many tokens a minute may have now, for `end`; 0: it is not known */
  begin(now: number, { cost, tokens }: Paced): number {
    const perMinute = this.#requests.at(now)
    if (perMinute > 0) this.#requestPace.spend(now, perMinute, cost)
    const tokensPerMinute = this.#tokens.at(now)
    if (tokensPerMinute > 0) this.#tokenPace.spend(now, tokensPerMinute, tokens)
    return tokensPerMinute
  }

  /** A call is over. @param since when it went. @param tokensPerMinute what a minute might have then. @param used its tokens */
  end(since: number, tokensPerMinute: number, { tokens }: Paced, used: number): void {
    if (tokensPerMinute > 0) this.#tokenPace.correct(since, tokensPerMinute, tokens, used)
  }

  /**
   * MiniMax refused a call of this lane: what is known of the limit in question is cut, else the other.
   * @returns false: there is no limit here
   */
  refused(isOfTokens: boolean, now: number): boolean {
    const [named, other] = isOfTokens ? [this.#tokens, this.#requests] : [this.#requests, this.#tokens]
    const limit = named.at(now) > 0 ? named : other
    if (limit.at(now) === 0) return false
    limit.cut(now)
    return true
  }
}
