import { Chain, type Link } from '../lib/chain.ts'
import { isBefore } from '../lib/priority.ts'
import { properName } from '../minimax/aliases.ts'
import { Lane, type ModelLimits, type Paced } from './lane.ts'
import { Limit } from './limit.ts'
import { Pace } from './pace.ts'
import { Queues, type Place, type UserQueue } from './queues.ts'
import { Tally } from './tally.ts'

/** What is allowed on each account, as far as the operator has set it. 0: not known. */
export interface AccountLimits {
  /** Calls under way at a time. */
  readonly concurrency: number
  readonly requestsPerMinute: number
  /** What is allowed of single models beside that. */
  readonly models?: Readonly<Record<string, ModelLimits>>
}

/** What the queues need to know of a call. */
export interface Queued extends Paced {
  /** When it must have had its turn, by the monotonic clock. */
  readonly deadline: number
}

/** Where a call waits: in its user's queue, and among all calls of the account by age. */
export interface Places<T> {
  readonly inQueue: Place<T>
  readonly inAges: Link<T>
}

/** A limit of fewer calls than this is one model's, not the account's: it is never learned. */
const LEAST_PER_MINUTE = 60
const LEAST_AT_A_TIME = 4

/** MiniMax's codes for what an account has too much of (api-reference/errorcode). */
const TOO_MANY_TOKENS = 1039
const TOO_MANY_CONNECTIONS = 1041
const TOO_MANY: ReadonlySet<number> = new Set([1002, TOO_MANY_TOKENS, 2045, TOO_MANY_CONNECTIONS])

/** One account of MiniMax: what is under way there, what may be, and who waits. */
export class Account<T extends Queued> {
  /** Its queues are being served: what happens meanwhile is seen by the loop that serves. */
  isServing = false
  /** When its timer fires, by the monotonic clock; Infinity: there is none. */
  timerAt = Infinity
  cancelTimer: (() => void) | null = null
  #inFlight = 0
  readonly #queues = new Queues<T>()
  /** The calls of all models that have no limit of their own. */
  readonly #others = new Lane<T>()
  /** Those that have one, by their proper names. */
  readonly #models = new Map<string, Lane<T>>()
  readonly #lanes: readonly Lane<T>[]
  readonly #ages = new Chain<T>()
  readonly #atATime: Limit
  readonly #perMinute: Limit
  readonly #pace = new Pace()
  readonly #tally = new Tally()

  constructor({ concurrency, requestsPerMinute, models = {} }: AccountLimits) {
    this.#atATime = new Limit(concurrency, LEAST_AT_A_TIME)
    this.#perMinute = new Limit(requestsPerMinute, LEAST_PER_MINUTE)
    for (const [model, limits] of Object.entries(models))
      this.#models.set(properName(model), new Lane<T>(limits))
    this.#lanes = [this.#others, ...this.#models.values()]
  }

  get waiting(): number {
    return this.#ages.size
  }

  /** The call that has waited the longest. */
  get oldest(): T | undefined {
    return this.#ages.first
  }

  laneOf(model: string): Lane<T> {
    return this.#models.get(properName(model)) ?? this.#others
  }

  waitingOf(userId: string, lane: Lane<T>): number {
    return this.#queues.waitingOf(userId, lane.queues)
  }

  /** Whether a new call may go at once, and nobody who waits could go before it. */
  isFreeFor(lane: Lane<T>, call: Paced, now: number): boolean {
    if (this.#readyAt(now) > now || lane.next !== undefined || lane.readyAt(now, call) > now) return false
    return this.waiting === 0 || this.readyAt(now) > now
  }

  /** @returns when the next waiting call may go, as far as time alone decides it: the past for at once, Infinity for unknown */
  readyAt(now: number): number {
    let earliest = Infinity
    for (const lane of this.#lanes) {
      const call = lane.next?.calls.first
      if (call !== undefined) earliest = Math.min(earliest, lane.readyAt(now, call))
    }
    return Math.max(earliest, this.#readyAt(now))
  }

  /** The account's own limits, whatever the model. */
  #readyAt(now: number): number {
    const atATime = this.#atATime.at(now)
    if (atATime > 0 && this.#inFlight >= atATime) return Infinity
    const perMinute = this.#perMinute.at(now)
    return perMinute === 0 ? -Infinity : this.#pace.readyAt(perMinute)
  }

  /** A call goes. @returns how many tokens a minute its model may have now, for `Lane.end`; 0: it is not known */
  begin(now: number, lane: Lane<T>, call: Paced): number {
    this.#inFlight++
    this.#tally.call(now)
    const perMinute = this.#perMinute.at(now)
    if (perMinute > 0) this.#pace.spend(now, perMinute, call.cost)
    return lane === this.#others ? 0 : lane.begin(now, call)
  }

  /** A call that went is over. */
  end(): void {
    this.#inFlight--
  }

  enqueue(userId: string, lane: Lane<T>, call: T): Places<T> {
    return { inQueue: this.#queues.push(userId, lane.queues, call), inAges: this.#ages.push(call) }
  }

  /** @returns the call whose turn it is, still in its places; undefined: nobody who waits may go */
  next(now: number): T | undefined {
    if (this.#readyAt(now) > now) return undefined
    let best: UserQueue<T> | undefined
    for (const lane of this.#lanes) {
      const queue = lane.next
      const call = queue?.calls.first
      if (queue === undefined || call === undefined || lane.readyAt(now, call) > now) continue
      if (best === undefined || isBefore(queue, best)) best = queue
    }
    const call = best?.calls.first
    if (best !== undefined && call !== undefined) this.#queues.serve(best, call.cost)
    return call
  }

  remove({ inQueue, inAges }: Places<T>): void {
    this.#queues.remove(inQueue)
    this.#ages.remove(inAges)
  }

  /**
   * MiniMax refused a call. The limit that its code speaks of is cut; where that is not known, the other one; where
   * neither is, it is learned once there are enough refusals. Where the model has limits of its own, these are meant.
   */
  refused(model: string, code: number, now: number): void {
    if (!TOO_MANY.has(code)) return
    const isOfConnections = code === TOO_MANY_CONNECTIONS
    if (
      !isOfConnections &&
      this.#models.get(properName(model))?.refused(code === TOO_MANY_TOKENS, now) === true
    )
      return
    this.#tally.refusal(now)
    const [named, other] = isOfConnections
      ? [this.#atATime, this.#perMinute]
      : [this.#perMinute, this.#atATime]
    if (named.at(now) > 0) named.cut(now)
    else if (other.at(now) > 0) other.cut(now)
    else if (this.#tally.isRefused)
      named.learn(now, isOfConnections ? this.#inFlight : this.#tally.accepted(now))
  }
}
