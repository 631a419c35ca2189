import type { Clock } from '../lib/clock.ts'

/** Runs something when all work that has come so far is done. */
export type Defer = (run: () => void) => void

/** Between two measurements at least so many milliseconds pass: each costs the event loop an empty pass. */
const REST_MS = 4
/** A pass of this length is told of before it is over. */
const LONG_MS = 20

const systemDefer: Defer = (run) => void setImmediate(run)

/**
 * How long work waits for the event loop: one pass of it, because what comes during a pass is seen in the next one.
 * Measured only when a request comes, so that an idle process stays idle; a timer's lateness would say less, as one that
 * is due at any point of a pass is late by any part of it.
 */
export class LoopDelay {
  readonly #clock: Clock
  readonly #defer: Defer
  readonly #heard: (ms: number, now: number) => void
  /** When the pass that is being measured began; Infinity: none is. */
  #passAt = Infinity
  #measuredAt = -Infinity

  /** @param heard is told each measurement in milliseconds, and the time of it by the monotonic clock */
  constructor(clock: Clock, heard: (ms: number, now: number) => void, defer: Defer = systemDefer) {
    this.#clock = clock
    this.#heard = heard
    this.#defer = defer
  }

  /** A request has come, at this time of the monotonic clock. */
  measure(now: number): void {
    if (now - this.#measuredAt < REST_MS) return
    if (this.#passAt === Infinity) {
      this.#passAt = now
      this.#defer(() => this.#betweenPasses())
    } else if (now - this.#passAt >= LONG_MS) {
      // Told before its end: by then as much would have been let in as came all the while.
      this.#tell(now)
    }
  }

  #tell(now: number): void {
    this.#measuredAt = now
    this.#heard(now - this.#passAt, now)
  }

  /** The rest of the pass in which the request came is over; the next one, which does not wait for anything, is whole. */
  #betweenPasses(): void {
    const now = this.#clock.monotonic()
    const rest = now - this.#passAt
    this.#passAt = now
    this.#defer(() => {
      const end = this.#clock.monotonic()
      const ms = Math.max(rest, end - this.#passAt)
      this.#passAt = Infinity
      this.#measuredAt = end
      this.#heard(ms, end)
    })
  }
}
