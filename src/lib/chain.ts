/** The place of an item in a chain. */
export interface Link<T> {
  readonly item: T
  before: Link<T> | null
  after: Link<T> | null
  isIn: boolean
}

/** A list from whose middle an item can be taken without looking for it. */
export class Chain<T> {
  #first: Link<T> | null = null
  #last: Link<T> | null = null
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The item that has been in it the longest. */
  get first(): T | undefined {
    return this.#first?.item
  }

  /** @returns the item's place, by which it is taken out again */
  push(item: T): Link<T> {
    const link: Link<T> = { item, before: null, after: null, isIn: false }
    this.#append(link)
    return link
  }

  #append(link: Link<T>): void {
    link.before = this.#last
    if (this.#last === null) this.#first = link
    else this.#last.after = link
    this.#last = link
    link.isIn = true
    this.#size++
  }

  /** A link that is out already stays out. */
  remove(link: Link<T>): void {
    if (!link.isIn) return
    if (link.before === null) this.#first = link.after
    else link.before.after = link.after
    if (link.after === null) this.#last = link.before
    else link.after.before = link.before
    link.before = null
    link.after = null
    link.isIn = false
    this.#size--
  }

  /** Puts the first item behind the last. */
  rotate(): void {
    const link = this.#first
    if (link === null) return
    this.remove(link)
    this.#append(link)
  }
}
