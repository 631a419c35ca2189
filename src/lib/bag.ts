/** What can be put into a bag: it remembers its place there. -1: it is in none. */
export interface BagItem {
  slot: number
}

/**
 * A set of objects that come and go all the time. It takes no order and no look-up, and gains by it that nothing old
 * points to anything new: a JavaScript Set makes itself a new table every few dozen additions, each old table points
 * to the next one (V8's OrderedHashTable), and the collector then carries along what stood in any of them until its
 * next full collection. With a request in it, that is the request, its answer and their buffers.
 */
export class Bag<T extends BagItem> {
  readonly #items: T[] = []

  get size(): number {
    return this.#items.length
  }

  /** An item that is in the bag stays there once. */
  add(item: T): void {
    if (item.slot >= 0) return
    item.slot = this.#items.length
    this.#items.push(item)
  }

  /** @returns whether it was in the bag */
  delete(item: T): boolean {
    const { slot } = item
    if (slot < 0 || this.#items[slot] !== item) return false
    item.slot = -1
    const last = this.#items.pop()
    if (last !== undefined && last !== item) {
      this.#items[slot] = last
      last.slot = slot
    }
    return true
  }

  /** Calls back for each item, once; the callback may take any of them out. What it puts in is not visited. */
  forEach(visit: (item: T) => void): void {
    // From the end: what moves into a gap has been visited already.
    for (let at = this.#items.length - 1; at >= 0; at--) {
      const item = this.#items[at]
      if (item !== undefined) visit(item)
    }
  }
}
