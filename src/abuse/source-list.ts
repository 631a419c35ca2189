import type { SeenSource } from './profile.ts'
import type { Network } from './source.ts'
import { DAY_MS } from './source-times.ts'
import { fieldOf, isAmount } from './volume-codec.ts'

/** Networks of a token that are kept; beyond it the least recent goes. */
export const MAX_LISTED = 64
/** Networks that were not seen for so long are forgotten. */
export const KEPT_MS = 90 * DAY_MS
/** How fast what is usual follows: a day counts for so much of it. */
const PACE = 1 / 14

/** One network, with how much of the token's traffic it usually has. */
export interface Entry {
  readonly hash: number
  readonly prefix: string
  readonly country: string
  readonly firstSeen: number
  client: string
  lastSeen: number
  calls: number
  /** Traffic of the day under way, and of a usual day. */
  today: number
  rate: number
}

/** The networks that a token was used from. */
export class SourceList {
  /** By hash; the least recent first, as far as different days tell. */
  readonly #entries = new Map<number, Entry>()

  /** Finds a network's entry, or makes it. */
  at(network: Network, client: string, at: number): Entry {
    const { hash, prefix, country } = network
    const known = this.#entries.get(hash)
    if (known !== undefined) return known
    if (this.#entries.size >= MAX_LISTED) this.#dropOldest()
    const entry = { hash, prefix, country, client, firstSeen: at, lastSeen: at, calls: 0, today: 0, rate: 0 }
    this.#entries.set(hash, entry)
    return entry
  }

  /** Whether an entry is still kept. */
  has(entry: Entry): boolean {
    return this.#entries.get(entry.hash) === entry
  }

  #dropOldest(): void {
    let oldest: Entry | undefined
    for (const entry of this.#entries.values()) {
      if (oldest === undefined || entry.lastSeen < oldest.lastSeen) oldest = entry
    }
    if (oldest !== undefined) this.#entries.delete(oldest.hash)
  }

  /** A day is over. @param days how many have been seen by now, this one too */
  endDay(now: number, days: number): void {
    const pace = Math.max(PACE, 1 / days)
    for (const entry of this.#entries.values()) {
      entry.rate += pace * (entry.today - entry.rate)
      entry.today = 0
      if (now - entry.lastSeen >= KEPT_MS) this.#entries.delete(entry.hash)
    }
  }

  entries(): IterableIterator<Entry> {
    return this.#entries.values()
  }

  /** For the operator; those used last come first. */
  list(): readonly SeenSource[] {
    return [...this.#entries.values()]
      .sort((one, other) => other.lastSeen - one.lastSeen)
      .map(({ prefix, client, country, firstSeen, lastSeen, calls }) => {
        return { prefix, client, country: country === '' ? null : country, firstSeen, lastSeen, calls }
      })
  }

  /** As JSON. */
  save(): unknown {
    return [...this.#entries.values()]
  }

  /** @param saved what `save` gave; anything else is nothing */
  static load(saved: unknown): SourceList {
    const list = new SourceList()
    if (!Array.isArray(saved)) return list
    const items: readonly unknown[] = saved
    for (const item of items.slice(0, MAX_LISTED)) {
      const entry = entryOf(item)
      if (entry !== undefined) list.#entries.set(entry.hash, entry)
    }
    return list
  }
}

function entryOf(item: unknown): Entry | undefined {
  const words = ['prefix', 'country', 'client'].map((name) => fieldOf(item, name))
  const [prefix, country, client] = words
  if (typeof prefix !== 'string' || typeof country !== 'string' || typeof client !== 'string')
    return undefined
  const numbers = ['hash', 'firstSeen', 'lastSeen', 'calls', 'today', 'rate'].map((name) =>
    fieldOf(item, name),
  )
  if (!numbers.every(isAmount)) return undefined
  const [hash = 0, firstSeen = 0, lastSeen = 0, calls = 0, today = 0, rate = 0] = numbers
  return { hash, prefix, country, client, firstSeen, lastSeen, calls, today, rate }
}
