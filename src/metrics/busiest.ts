interface Count {
  readonly id: string
  /** At least what it has had, and at most `over` more than that. */
  total: bigint
  over: bigint
}

/**
 * Finds who has most without remembering everybody: the space-saving sketch of Metwally, Agrawal and El Abbadi,
 * "Efficient Computation of Frequent and Top-k Elements in Data Streams" (2005). Whoever has had more than a share of
 * 1/`places` of all is in it, however many others there are.
 */
export class Busiest {
  readonly #places: number
  readonly #counts = new Map<string, Count>()

  /** @param places how many ids are remembered, at least 1 */
  constructor(places: number) {
    this.#places = places
  }

  /**
   * Takes what an id has had.
   * @param amount 0 or more
   * @returns what the id has had in all, as far as that is certain: never more than the truth
   */
  add(id: string, amount: bigint): bigint {
    let count = this.#counts.get(id)
    if (count === undefined) {
      const over = this.#counts.size < this.#places ? 0n : this.#takeOutLeast()
      count = { id, total: over, over }
      this.#counts.set(id, count)
    }
    count.total += amount
    return count.total - count.over
  }

  /** It is of no interest any more. */
  forget(id: string): void {
    this.#counts.delete(id)
  }

  /** How many ids are remembered now. */
  get size(): number {
    return this.#counts.size
  }

  #takeOutLeast(): bigint {
    let least: Count | undefined
    for (const count of this.#counts.values()) {
      if (least === undefined || count.total < least.total) least = count
    }
    if (least === undefined) return 0n
    this.#counts.delete(least.id)
    return least.total
  }
}
