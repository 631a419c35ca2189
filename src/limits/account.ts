import { Chain, type Link } from '../lib/chain.ts'
import { Limit } from './limit.ts'
import { Pace } from './pace.ts'
import { Ring, type Place } from './ring.ts'
import { Tally } from './tally.ts'

/** What is allowed on each account, as far as the operator has set it. 0: not known. */
export interface AccountLimits {
  /** Calls under way at a time. */
  readonly concurrency: number
  readonly requestsPerMinute: number
}

/** What the queues need to know of a call. */
export interface Queued {
  /** How many calls it counts as. */
  readonly cost: number
  /** When it must have had its turn, by the monotonic clock. */
  readonly deadline: number
}

/** Where a call waits: in its user's queue, and among all calls of the account by age. */
export interface Places<T> {
  readonly inRing: Place<T>
  readonly inAges: Link<T>
}

/** A limit of fewer calls than this is one model's, not the account's: it is never learned. */
const LEAST_PER_MINUTE = 60
const LEAST_AT_A_TIME = 4

/** MiniMax's codes for what an account has too much of (api-reference/errorcode). */
const TOO_MANY_CONNECTIONS = 1041
const TOO_MANY: ReadonlySet<number> = new Set([1002, 1039, 2045, TOO_MANY_CONNECTIONS])

/** One account of MiniMax: what is under way there, what may be, and who waits. */
export class Account<T extends Queued> {
  /** Its queues are being served: what happens meanwhile is seen by the loop that serves. */
  isServing = false
  /** When its timer fires, by the monotonic clock; Infinity: there is none. */
  timerAt = Infinity
  cancelTimer: (() => void) | null = null
  #inFlight = 0
  readonly #ring = new Ring<T>()
  readonly #ages = new Chain<T>()
  readonly #atATime: Limit
  readonly #perMinute: Limit
  readonly #pace = new Pace()
  readonly #tally = new Tally()

  constructor({ concurrency, requestsPerMinute }: AccountLimits) {
    this.#atATime = new Limit(concurrency, LEAST_AT_A_TIME)
    this.#perMinute = new Limit(requestsPerMinute, LEAST_PER_MINUTE)
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get waiting(): number {
    return this.#ages.size
  }

  /** The call that has waited the longest. */
  get oldest(): T | undefined {
    return this.#ages.first
  }

  waitingOf(userId: string): number {
    return this.#ring.waitingOf(userId)
  }

  /** @returns when the next call may go, as far as time alone decides it: the past for at once, Infinity for unknown */
  readyAt(now: number): number {
    const atATime = this.#atATime.at(now)
    if (atATime > 0 && this.#inFlight >= atATime) return Infinity
    const perMinute = this.#perMinute.at(now)
    return perMinute === 0 ? -Infinity : this.#pace.readyAt(perMinute)
  }

  /** A call goes. */
  begin(now: number, cost: number): void {
    this.#inFlight++
    this.#tally.call(now)
    const perMinute = this.#perMinute.at(now)
    if (perMinute > 0) this.#pace.spend(now, perMinute, cost)
  }

  /** A call that went is over. */
  end(): void {
    this.#inFlight--
  }

  enqueue(userId: string, call: T): Places<T> {
    return { inRing: this.#ring.push(userId, call), inAges: this.#ages.push(call) }
  }

  /** @returns the call whose turn it is, still in its places; undefined: nobody waits */
  next(): T | undefined {
    return this.#ring.next()
  }

  remove({ inRing, inAges }: Places<T>): void {
    this.#ring.remove(inRing)
    this.#ages.remove(inAges)
  }

  /**
   * MiniMax refused a call. The limit that its code speaks of is cut; where that is not known, the other one; where
   * neither is, it is learned once there are enough refusals.
   */
  refused(code: number, now: number): void {
    if (!TOO_MANY.has(code)) return
    this.#tally.refusal(now)
    const isOfConnections = code === TOO_MANY_CONNECTIONS
    const [named, other] = isOfConnections
      ? [this.#atATime, this.#perMinute]
      : [this.#perMinute, this.#atATime]
    if (named.at(now) > 0) named.cut(now)
    else if (other.at(now) > 0) other.cut(now)
    else if (this.#tally.isRefused)
      named.learn(now, isOfConnections ? this.#inFlight : this.#tally.accepted(now))
  }
}
