/** How many calls the account may have within how long. */
export interface RateLimit {
  requests: number
  /** Length of the window in milliseconds, 60,000. */
  windowMs?: number
}

/** MiniMax's limit of requests a minute, which is the account's: it knows of keys and users as little as that one. */
export class Rate {
  readonly #limit: RateLimit | undefined
  /** When calls were let in, oldest first, none older than the window. */
  #starts: number[] = []
  /** How many calls were refused. */
  refused = 0

  constructor(limit: RateLimit | undefined) {
    this.#limit = limit
  }

  /** Whether one more call may pass; those that may not are not counted against the limit. */
  admits(now = performance.now()): boolean {
    if (this.#limit === undefined) return true
    const { requests, windowMs = 60_000 } = this.#limit
    const oldest = this.#starts.findIndex((at) => at > now - windowMs)
    this.#starts = oldest < 0 ? [] : this.#starts.slice(oldest)
    if (this.#starts.length >= requests) {
      this.refused += 1
      return false
    }
    this.#starts.push(now)
    return true
  }
}
