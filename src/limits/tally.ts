const PERIOD_MS = 10_000
const MINUTE_MS = 60_000
/** Fewer refusals than this within two periods may be one model's own limit: they speak of no limit of the account. */
const ENOUGH = 10

/** How many calls an account got and how many MiniMax refused, this period and the one before. */
export class Tally {
  #since = -Infinity
  #calls = 0
  #refused = 0
  #callsBefore = 0
  #refusedBefore = 0

  call(now: number): void {
    if (now - this.#since >= PERIOD_MS) this.#turn(now)
    this.#calls++
  }

  refusal(now: number): void {
    if (now - this.#since >= PERIOD_MS) this.#turn(now)
    this.#refused++
  }

  #turn(now: number): void {
    const isNext = now - this.#since < 2 * PERIOD_MS
    this.#callsBefore = isNext ? this.#calls : 0
    this.#refusedBefore = isNext ? this.#refused : 0
    this.#calls = 0
    this.#refused = 0
    this.#since = now
  }

  /** Whether it was refused often enough to speak of a limit. */
  get isRefused(): boolean {
    return this.#refused + this.#refusedBefore >= ENOUGH
  }

  /** @returns how many calls a minute MiniMax took on lately */
  accepted(now: number): number {
    const hadBefore = this.#callsBefore > 0
    const calls = this.#calls - this.#refused + this.#callsBefore - this.#refusedBefore
    const elapsed = Math.max(PERIOD_MS, now - this.#since + (hadBefore ? PERIOD_MS : 0))
    return Math.max(0, Math.floor((calls * MINUTE_MS) / elapsed))
  }
}
