import { DAY_MS, LEARNING_MS, MINUTE_MS } from './source-times.ts'
import type { Observation } from './watcher.ts'

/** Two countries are at the same time when the calls go back and forth between them so soon, and so often. */
const TOGETHER_MS = 10 * MINUTE_MS
const CHANGES = 3
/** A country is the token's own when it has been one for so long. */
const OWN_MS = LEARNING_MS
/** What was seen is said for so long. */
const SAID_MS = DAY_MS / 24

/** Notices when a token is used in two countries at once, one of which is not its own. Minutes only: nothing is saved. */
export class Countries {
  #last = ''
  /** When the last changes were, the newest last. */
  #changes: number[] = []
  #strangeAt = -Infinity
  #seen: { readonly at: number; readonly pair: string } | undefined

  /** @param country '' where it is not known @param firstSeen when this token was first there @param since when it was first used */
  see(country: string, at: number, firstSeen: number, since: number): void {
    if (country === '' || country === this.#last) return
    const isFirst = this.#last === ''
    const before = this.#last
    this.#last = country
    if (isFirst) return
    this.#changes = [...this.#changes.filter((change) => at - change < TOGETHER_MS), at].slice(-CHANGES)
    const isStrange = this.#isStrange(at, firstSeen, since)
    if (this.#changes.length >= CHANGES && isStrange) {
      this.#seen = { at, pair: [before, country].sort().join(' ') }
    }
  }

  /** One of the two must be new; it may be the one before. */
  #isStrange(at: number, firstSeen: number, since: number): boolean {
    const isNew = at - firstSeen < OWN_MS && firstSeen - since > DAY_MS
    if (isNew) this.#strangeAt = at
    return at - this.#strangeAt < TOGETHER_MS
  }

  look(now: number): Observation | undefined {
    if (this.#seen === undefined || now - this.#seen.at >= SAID_MS) return undefined
    return { signal: 'concurrent_countries', strength: 0.5, evidence: { countries: this.#seen.pair } }
  }
}
