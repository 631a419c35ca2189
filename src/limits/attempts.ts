import type { Clock } from '../lib/clock.ts'

interface Window {
  /** By the monotonic clock, in milliseconds. */
  readonly endsAt: number
  count: number
}

/** Keys counted at a time; beyond it the oldest are forgotten. */
const MAX_KEYS = 10_000

/** Lets each key try something so often in a window that begins with its first try. What succeeds does not count. */
export class Attempts {
  readonly #windows = new Map<string, Window>()
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #most: number
  readonly #windowMs: number

  /** @param most tries that may fail within `windowMs` */
  constructor(clock: Pick<Clock, 'monotonic'>, most: number, windowMs: number) {
    this.#clock = clock
    this.#most = most
    this.#windowMs = windowMs
  }

  /** Counts a try before it is made, so that many at a time are no way around. @returns 0, or milliseconds to wait */
  take(key: string): number {
    const window = this.#windowOf(key)
    if (window.count >= this.#most) return window.endsAt - this.#clock.monotonic()
    window.count++
    return 0
  }

  /** A try that was counted did not fail. */
  giveBack(key: string): void {
    const window = this.#windows.get(key)
    if (window !== undefined && window.count > 0) window.count--
  }

  #windowOf(key: string): Window {
    const now = this.#clock.monotonic()
    const known = this.#windows.get(key)
    if (known !== undefined && known.endsAt > now) return known
    this.#windows.delete(key)
    const [oldest] = this.#windows.keys()
    if (this.#windows.size >= MAX_KEYS && oldest !== undefined) this.#windows.delete(oldest)
    const window = { endsAt: now + this.#windowMs, count: 0 }
    this.#windows.set(key, window)
    return window
  }
}
