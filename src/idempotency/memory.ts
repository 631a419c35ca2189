/**
 * How much all answers together may take in memory while they are collected: one that does not fit is not kept, so that
 * keys cannot be used to fill the memory of the process.
 */
export class MemoryBudget {
  readonly #max: number
  #used = 0

  /** @param max bytes */
  constructor(max: number) {
    this.#max = max
  }

  /** @returns false when there is no room; nothing is taken then */
  take(bytes: number): boolean {
    if (this.#used + bytes > this.#max) return false
    this.#used += bytes
    return true
  }

  release(bytes: number): void {
    this.#used -= bytes
  }
}
