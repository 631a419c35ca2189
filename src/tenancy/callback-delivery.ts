import type { Clock } from '../lib/clock.ts'
import { systemTimer, type Timer } from '../lib/timer.ts'
import type { CallbackStore, Delivery } from '../store/store.ts'
import type { Post } from './callback-post.ts'
import { signatureOf, type CallbackSecretOf } from './callback-signature.ts'

/** Deliveries that are under way at a time, and of these of one user. */
const MOST_AT_ONCE = 16
const MOST_OF_USER = 2
/** Tries in all, over about an hour: the pauses are 40 s, 160 s, 640 s and 2,560 s, each up to a fifth more or less. */
const MOST_TRIES = 5
const FIRST_PAUSE_MS = 40_000
const PAUSE_FACTOR = 4
const JITTER = 0.2
/** Milliseconds between two looks into the store at the most, and at the least while something is under way. */
const LONGEST_REST_MS = 60_000
const SHORTEST_REST_MS = 1_000
/** Milliseconds of rest when the store fails. */
const STORE_REST_MS = 5_000
/** Milliseconds that `stop` waits for what is under way. */
const GRACE_MS = 5_000
/** MiniMax knows a task for 7 days; nothing is said of it later. */
const KEEP_MS = 8 * 24 * 3_600_000
const PRUNE_EVERY_MS = 3_600_000

/** The receiver wants no more of it (RFC 9110, section 15.5.11). */
const GONE = 410

/** Why a try failed: an HTTP status that is no success, or no answer at all. */
export type TryProblem = { readonly status: number } | { readonly error: unknown }

/** What the delivery tells about itself; none of it may throw. */
export interface DeliveryEvents {
  /** A body has arrived, or is given up. @param tries that it took */
  ended(delivery: Delivery, state: 'delivered' | 'given_up', tries: number): void
  /** A try has failed. @param nextAt null: there will be no other */
  failed(delivery: Delivery, problem: TryProblem, nextAt: number | null): void
  storeFailed(error: unknown): void
}

export interface DeliveryOptions {
  readonly store: Pick<CallbackStore, 'due' | 'nextDue' | 'postpone' | 'end' | 'prune'>
  readonly post: Post
  readonly secretOf: CallbackSecretOf
  readonly clock: Pick<Clock, 'now'>
  /** From 0 up to 1. */
  readonly random: () => number
  readonly events: DeliveryEvents
  readonly timer?: Timer
}

/**
 * Milliseconds until the next try.
 * @param tries that have failed: 1 and more
 * @param random from 0 up to 1
 */
export function pauseAfter(tries: number, random: number): number {
  return Math.round(FIRST_PAUSE_MS * PAUSE_FACTOR ** (tries - 1) * (1 - JITTER + 2 * JITTER * random))
}

/**
 * Hands bodies on to the URLs of users. All it must remember is in the store, so it goes on after a restart; what was
 * under way then is sent again, so a receiver may see a delivery twice, under the same id.
 */
export class CallbackDelivery {
  readonly #options: DeliveryOptions
  readonly #timer: Timer
  readonly #underway = new Map<string, { readonly userId: string; readonly done: Promise<void> }>()
  /** Deliveries that ended during a search, which may have found them due. */
  readonly #ended = new Set<string>()
  readonly #abort = new AbortController()
  #search: Promise<void> | undefined
  #searchAgain = false
  #cancel = (): void => undefined
  #isRunning = false
  #restsUntil = 0
  #pruneAt = 0

  constructor(options: DeliveryOptions) {
    this.#options = options
    this.#timer = options.timer ?? systemTimer
  }

  /** Hands on whatever is due, from now on. */
  start(): void {
    this.#isRunning = true
    this.wake()
  }

  /** Something may be due. */
  wake(): void {
    if (!this.#isRunning) return
    this.#searchAgain = true
    this.#search ??= this.#run().then((rest) => {
      this.#search = undefined
      if (this.#searchAgain) this.wake()
      else this.#sleep(rest)
    })
  }

  /** Resolves when nothing is under way and nothing is being looked for; what waits for its time stays in the store. */
  async idle(): Promise<void> {
    while (this.#search !== undefined || this.#underway.size > 0) {
      await Promise.all([this.#search, ...[...this.#underway.values()].map(({ done }) => done)])
    }
  }

  /** Begins nothing more, waits for what is under way for a few seconds, and then gives it up until the next start. */
  async stop(): Promise<void> {
    this.#isRunning = false
    this.#cancel()
    const cancel = this.#timer(() => this.#abort.abort(), GRACE_MS)
    await this.idle()
    cancel()
  }

  /** Never rejects. @returns milliseconds until something is due */
  async #run(): Promise<number> {
    const { store, clock } = this.#options
    this.#cancel()
    try {
      while (this.#searchAgain && clock.now() >= this.#restsUntil) {
        this.#searchAgain = false
        this.#ended.clear()
        this.#startAll(await store.due(clock.now(), MOST_OF_USER, this.#underway.size + MOST_AT_ONCE))
      }
      await this.#prune()
      return ((await store.nextDue()) ?? Infinity) - clock.now()
    } catch (error) {
      this.#fail(error)
      return STORE_REST_MS
    } finally {
      if (clock.now() < this.#restsUntil) this.#searchAgain = false
    }
  }

  #sleep(rest: number): void {
    if (!this.#isRunning) return
    const least = this.#underway.size > 0 ? SHORTEST_REST_MS : 0
    const wait = Math.max(
      least,
      this.#restsUntil - this.#options.clock.now(),
      Math.min(rest, LONGEST_REST_MS),
    )
    this.#cancel = this.#timer(() => this.wake(), wait)
  }

  #fail(error: unknown): void {
    this.#restsUntil = this.#options.clock.now() + STORE_REST_MS
    this.#options.events.storeFailed(error)
  }

  async #prune(): Promise<void> {
    const { store, clock } = this.#options
    const now = clock.now()
    if (now < Math.max(this.#pruneAt, this.#restsUntil)) return
    // What is left over is taken out in small steps, between which requests are served.
    const count = await store.prune(now - KEEP_MS)
    this.#pruneAt = count > 0 ? now : now + PRUNE_EVERY_MS
  }

  #startAll(due: readonly Delivery[]): void {
    for (const delivery of due) {
      if (!this.#isRunning || this.#underway.size >= MOST_AT_ONCE) return
      const { id, userId } = delivery
      if (this.#underway.has(id) || this.#ended.has(id)) continue
      const own = [...this.#underway.values()].filter((other) => other.userId === userId).length
      if (own >= MOST_OF_USER) continue
      const done = this.#deliver(delivery).then(() => {
        this.#underway.delete(id)
        this.#ended.add(id)
        this.wake()
      })
      this.#underway.set(id, { userId, done })
    }
  }

  /** Never rejects. */
  async #deliver(delivery: Delivery): Promise<void> {
    const problem = await this.#try(delivery)
    // Ended by the end of the process, not by the receiver: it is tried again after the next start.
    if (problem !== undefined && this.#abort.signal.aborted) return
    try {
      await this.#record(delivery, problem)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** @returns what went wrong; undefined: nothing */
  async #try({ id, userId, url, body }: Delivery): Promise<TryProblem | undefined> {
    const { post, secretOf, clock } = this.#options
    const timestamp = Math.floor(clock.now() / 1000)
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'minimax-gateway',
      'x-gateway-delivery': id,
      'x-gateway-timestamp': String(timestamp),
      'x-gateway-signature': signatureOf(secretOf(userId), timestamp, body),
    }
    try {
      const { status } = await post({ url, headers, body }, this.#abort.signal)
      return status >= 200 && status < 300 ? undefined : { status }
    } catch (error) {
      return { error }
    }
  }

  async #record(delivery: Delivery, problem: TryProblem | undefined): Promise<void> {
    const { store, clock, random, events } = this.#options
    const tries = delivery.tries + 1
    const isOver =
      tries >= MOST_TRIES || (problem !== undefined && 'status' in problem && problem.status === GONE)
    if (problem !== undefined) {
      const nextAt = isOver ? null : clock.now() + pauseAfter(tries, random())
      events.failed(delivery, problem, nextAt)
      if (nextAt !== null) {
        await store.postpone(delivery.id, tries, nextAt)
        return
      }
    }
    const state = problem === undefined ? 'delivered' : 'given_up'
    await store.end(delivery.id, state, tries)
    events.ended(delivery, state, tries)
  }
}
