import { DAY_MS, LEARNING_MS, numbersOf } from './source-times.ts'
import { fieldOf, isAmount } from './volume-codec.ts'

/** Things of a kind that are remembered; beyond it the one that was seen the longest ago goes. */
const KEPT = 64
/** What was new is told of for so long. */
const NEWS_MS = DAY_MS
/** A token that had something new on so many of its last days has it again: no news. */
const USUAL_DAYS = 3
const LAST_DAYS = 14

/** The things of one kind that a token was seen with, such as countries, and whether there is a new one. */
export class Firsts {
  readonly #seen = new Map<string, number>()
  #newest = 0
  #days: number[] = []

  /**
   * @param since when the token was seen first, in milliseconds since the Unix epoch, as is `at`
   * @returns when the thing was first seen, which may be now
   */
  see(name: string, at: number, since: number): number {
    const first = this.#seen.get(name)
    // Put behind the others: what stands first was seen the longest ago.
    if (first !== undefined) {
      this.#seen.delete(name)
      this.#seen.set(name, first)
      return first
    }
    this.#seen.set(name, at)
    for (const oldest of this.#seen.keys()) {
      if (this.#seen.size <= KEPT) break
      this.#seen.delete(oldest)
    }
    const day = Math.floor(at / DAY_MS)
    if (at - since >= DAY_MS && this.#days.at(-1) !== day) this.#days = [...this.#days, day].slice(-LAST_DAYS)
    if (at - since >= LEARNING_MS) this.#newest = at
    return at
  }

  /** Whether something came in the last day that is news for this token. */
  hasNews(now: number): boolean {
    if (this.#newest === 0 || now - this.#newest >= NEWS_MS) return false
    const today = Math.floor(this.#newest / DAY_MS)
    const before = this.#days.filter((day) => day < today && day > today - LAST_DAYS)
    return before.length < USUAL_DAYS
  }

  /** As JSON. */
  save(): unknown {
    return { seen: [...this.#seen], newest: this.#newest, days: this.#days }
  }

  /** @param saved what `save` gave; anything else is nothing */
  static load(saved: unknown): Firsts {
    const firsts = new Firsts()
    const [seen, newest] = [fieldOf(saved, 'seen'), fieldOf(saved, 'newest')]
    if (!Array.isArray(seen) || !isAmount(newest)) return firsts
    const entries: readonly unknown[] = seen
    for (const entry of entries.slice(-KEPT)) {
      const [name, at] = [fieldOf(entry, '0'), fieldOf(entry, '1')]
      if (typeof name === 'string' && isAmount(at)) firsts.#seen.set(name, at)
    }
    firsts.#newest = newest
    firsts.#days = numbersOf(fieldOf(saved, 'days'), LAST_DAYS)
    return firsts
  }
}
