/** How often a limit grows again. */
const GROW_MS = 10_000
/** Refusals that come so soon after a cut speak of calls from before it. */
const CUT_MS = 1_000
/** What a cut leaves at least, as a part of the limit. */
const FLOOR = 1 / 8
/** What a limit gains each time that it grows, as a part of itself. */
const STEP = 1 / 16
/** A learned limit that has grown to so many times itself without a refusal is none any more. */
const FORGET = 2

/**
 * A limit of the shared account: set by the operator, or learned by running into it. It is halved when MiniMax refuses,
 * grows again in equal steps (additive increase, multiplicative decrease, as in congestion control), up to what is set;
 * a learned one is forgotten once it has grown far beyond where it was met.
 */
export class Limit {
  readonly #set: number
  readonly #least: number
  /** What steps and floor are parts of; 0: there is no limit. */
  #base: number
  #value: number
  #cutAt = -Infinity
  #grownAt = 0

  /**
   * @param set what the operator has set; 0: not known
   * @param least below this a learned limit is never taken to be
   */
  constructor(set: number, least: number) {
    this.#set = set
    this.#least = least
    this.#base = set
    this.#value = set
  }

  /** @returns what is allowed now, whole and at least 1; 0: there is no limit */
  at(now: number): number {
    if (this.#value !== this.#set) this.#grow(now)
    return this.#base === 0 ? 0 : Math.max(1, Math.floor(this.#value))
  }

  #grow(now: number): void {
    const times = Math.floor((now - this.#grownAt) / GROW_MS)
    if (times <= 0) return
    this.#grownAt += times * GROW_MS
    this.#value += times * STEP * this.#base
    if (this.#set > 0) this.#value = Math.min(this.#set, this.#value)
    else if (this.#value >= FORGET * this.#base) this.#forget()
  }

  #forget(): void {
    this.#base = 0
    this.#value = 0
  }

  /** MiniMax refuses: what is allowed is halved, unless that was done just now. Where there is no limit nothing happens. */
  cut(now: number): void {
    if (this.at(now) === 0 || now - this.#cutAt < CUT_MS) return
    const floor = Math.max(this.#set > 0 ? 1 : this.#least, this.#base * FLOOR)
    this.#value = Math.min(this.#value, Math.max(floor, this.#value / 2))
    this.#cutAt = now
    this.#grownAt = now
  }

  /** Takes what went well so far for the limit, where none is known, and half of it for what is allowed now. */
  learn(now: number, observed: number): void {
    if (this.at(now) > 0) return
    this.#base = Math.max(this.#least, observed)
    this.#value = Math.max(this.#least, this.#base / 2)
    this.#cutAt = now
    this.#grownAt = now
  }
}
