/** What stands in a `Priority`; it alone writes `place`. */
export interface Ranked {
  /** The least comes first. */
  rank: number
  /** Of equals the one that came first. */
  order: number
  place: number
}

/** A place that is none: of what stands nowhere. */
export const NOWHERE = -1

/** Whether one comes before the other, in one `Priority` or in two. */
export function isBefore(one: Ranked, other: Ranked): boolean {
  return one.rank < other.rank || (one.rank === other.rank && one.order < other.order)
}

/** Items by rank, from whose middle one can be taken, or moved when its rank has changed: a binary heap. */
export class Priority<T extends Ranked> {
  readonly #items: T[] = []

  /** The item of the least rank. */
  get first(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    item.place = this.#items.length
    this.#items.push(item)
    this.#rise(item)
  }

  /** An item that stands nowhere stays so. */
  remove(item: T): void {
    const { place } = item
    if (place === NOWHERE) return
    item.place = NOWHERE
    const last = this.#items.pop()
    if (last === undefined || last === item) return
    this.#put(last, place)
    this.#rise(last)
    this.#sink(last)
  }

  /** The rank of an item has changed. */
  moved(item: T): void {
    if (item.place === NOWHERE) return
    this.#rise(item)
    this.#sink(item)
  }

  #put(item: T, place: number): void {
    this.#items[place] = item
    item.place = place
  }

  #rise(item: T): void {
    while (item.place > 0) {
      const { place } = item
      const above = this.#items[(place - 1) >> 1]
      if (above === undefined || !isBefore(item, above)) return
      this.#put(item, above.place)
      this.#put(above, place)
    }
  }

  #sink(item: T): void {
    for (;;) {
      const { place } = item
      const left = this.#items[2 * place + 1]
      const right = this.#items[2 * place + 2]
      const least = left !== undefined && right !== undefined && isBefore(right, left) ? right : left
      if (least === undefined || !isBefore(least, item)) return
      this.#put(item, least.place)
      this.#put(least, place)
    }
  }
}
