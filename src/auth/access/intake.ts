import { randomInt } from 'node:crypto'
import { GatewayError } from '../../errors.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Timer } from '../../lib/timer.ts'

const HOUR_MS = 3_600_000
/** Milliseconds between an answer and the work: somewhere between these, so that nothing after the answer is slower for one address than for another. */
const LEAST_MS = 100
const MOST_MS = 1_000

/** Somebody asks: an address as it is kept, and their words. */
export interface Submission {
  readonly email: string
  readonly note: string | null
}

/** What the intake works with. */
export interface IntakeOptions {
  /** How many are taken within an hour. */
  readonly perHour: number
  readonly clock: Pick<Clock, 'monotonic'>
  readonly timer: Timer
  readonly take: (submission: Submission) => Promise<void>
  /** Told of what `take` rejected with. Must not throw. */
  readonly failed: (error: unknown) => void
}

/**
 * Takes requests in without looking at anything that is known about their address: that is done later. So the answer is
 * the same for every address, and comes as fast.
 */
export class AccessIntake {
  readonly #options: IntakeOptions
  /** When each of the last hour came. */
  readonly #times: number[] = []
  readonly #waiting: Submission[] = []
  #cancel: (() => void) | null = null
  #underway: Promise<void> = Promise.resolve()

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  /** Waits for nothing. @throws GatewayError `overloaded` when too many came within the hour, whoever sent them */
  add(submission: Submission): void {
    const { perHour, clock, timer } = this.#options
    const now = clock.monotonic()
    while ((this.#times[0] ?? Infinity) <= now - HOUR_MS) this.#times.shift()
    if (this.#times.length >= perHour) {
      const retryAfter = Math.ceil(((this.#times[0] ?? now) + HOUR_MS - now) / 1000)
      throw new GatewayError('overloaded', 'Too many people ask for access now; try again later.', {
        retryAfter,
      })
    }
    this.#times.push(now)
    this.#waiting.push(submission)
    this.#cancel ??= timer(() => this.#begin(), randomInt(LEAST_MS, MOST_MS))
  }

  /** Works off what waits at once. */
  async flush(): Promise<void> {
    this.#cancel?.()
    this.#begin()
    await this.#underway
  }

  #begin(): void {
    this.#cancel = null
    const waiting = this.#waiting.splice(0)
    this.#underway = this.#underway.then(() => this.#takeAll(waiting))
  }

  /** Never rejects. */
  async #takeAll(submissions: readonly Submission[]): Promise<void> {
    for (const submission of submissions) {
      try {
        await this.#options.take(submission)
      } catch (error) {
        this.#options.failed(error)
      }
    }
  }
}
