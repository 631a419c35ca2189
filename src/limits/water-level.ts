import type { Shares } from './shares.ts'

/** How often the level is set anew, in milliseconds. */
const UPDATE_MS = 20
/** After such a time without a measurement there was no load. */
const IDLE_MS = 500
/**
 * How the level follows the delay: by how far it is from what is wanted, and by how it has changed since the last time,
 * both in parts of what is wanted (the two terms of PIE, RFC 8033 section 4.2). The level is moved by a factor, so that it
 * answers alike whether twice as much is asked for as can be served, or a hundred times.
 */
const BY_DISTANCE = 0.1
const BY_CHANGE = 0.4
/** A single long pass, say of the garbage collector, counts for no more than this. */
const MOST = 3
/** A delay that is over sooner was a burst, which is served late rather than not at all (RFC 8033, section 4.4). */
const PATIENCE_MS = 100
/** A delay of so many times what is wanted lets go of the floor. */
const FAR = 4
/** What stands below this part of an equal share is not refused before that. */
const FLOOR = 1 / 2

/**
 * How many requests a second each user may make while there is too much to do. Who makes fewer is not refused anything; who
 * makes more gets as many as this. That one number is the fair division (max-min) of whatever can be served (as in
 * core-stateless fair queueing, Stoica, Shenker and Zhang, 1998), and the delay alone tells how high it is.
 */
export class WaterLevel {
  readonly #wantedMs: number
  /** Infinity: nobody is refused anything. */
  #level = Infinity
  #updatedAt = -Infinity
  /** Since when the delay has been longer than it may be; Infinity: it is not. */
  #longSince = Infinity
  /** Of the measurements since then: those that are long stand for more requests. */
  #sum = 0
  #squares = 0
  #delayBefore = 0
  #admitted = 0

  /** @param wantedMs how long work may wait */
  constructor(wantedMs: number) {
    this.#wantedMs = wantedMs
  }

  /** @returns requests a second; Infinity: no limit */
  at(now: number): number {
    if (this.#level !== Infinity && now - this.#updatedAt > IDLE_MS) this.#lift()
    return this.#level
  }

  /** A request was let in. */
  admitted(): void {
    this.#admitted++
  }

  /** Work has waited for so long. */
  update(ms: number, now: number, shares: Shares): void {
    this.#sum += ms
    this.#squares += ms * ms
    const elapsed = now - this.#updatedAt
    if (elapsed < UPDATE_MS) return
    const delay = this.#sum === 0 ? 0 : this.#squares / this.#sum
    const perSecond = (this.#admitted * 1_000) / elapsed
    if (elapsed > IDLE_MS && delay <= this.#wantedMs) this.#lift()
    else this.#set(delay, perSecond, shares, now)
    this.#updatedAt = now
    this.#delayBefore = delay
    this.#sum = 0
    this.#squares = 0
    this.#admitted = 0
  }

  #isLong(isNow: boolean, now: number): boolean {
    if (!isNow) this.#longSince = Infinity
    else if (this.#longSince === Infinity) this.#longSince = now
    return now - this.#longSince >= PATIENCE_MS
  }

  #lift(): void {
    this.#level = Infinity
    this.#longSince = Infinity
    this.#delayBefore = 0
  }

  #set(delay: number, perSecond: number, shares: Shares, now: number): void {
    const wanted = this.#wantedMs
    if (this.#level === Infinity && !this.#isLong(delay > wanted, now)) return
    const distance = within(delay / wanted - 1)
    const change = within((delay - this.#delayBefore) / wanted)
    const { highest } = shares
    const level = Math.min(this.#level, highest) * Math.exp(-BY_DISTANCE * distance - BY_CHANGE * change)
    const floor = delay > FAR * wanted ? 0 : (FLOOR * perSecond) / shares.active
    this.#level = level > highest ? Infinity : Math.max(level, floor, Number.MIN_VALUE)
  }
}

function within(value: number): number {
  return Math.max(-MOST, Math.min(MOST, value))
}
