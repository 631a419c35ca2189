const MINUTE_MS = 60_000
/** The part of a minute's calls that may go at once: the rest is spread, so that nobody waits for a minute to end. */
const BURST = 1 / 20

/**
 * Spreads calls over time so that no minute, wherever it begins, has more of them than allowed (the generic cell rate
 * algorithm, ITU-T I.371: one number tells all). What is counted are calls, or the tokens of calls.
 */
export class Pace {
  /** When the calls that went have been paid for, at the pace allowed. */
  #paidAt = -Infinity
  /** Since when something has been owed without a break. */
  #busySince = -Infinity

  /**
   * @param perMinute how much a minute may have, at least 1
   * @param cost how much of it the next call is; more than a minute's is taken for all of one
   * @returns when the next call may go, by the clock of `now`; the past: at once
   */
  readyAt(perMinute: number, cost = 1): number {
    const burst = burstOf(perMinute)
    // What is larger than a burst waits until nothing is owed, and then for the rest of itself.
    return this.#paidAt - (burst - Math.min(cost, perMinute)) * gapOf(perMinute, burst)
  }

  /** A call goes that counts as `cost`. */
  spend(now: number, perMinute: number, cost: number): void {
    if (now > this.#paidAt) this.#busySince = now
    this.#paidAt =
      Math.max(now, this.#paidAt) + Math.min(cost, perMinute) * gapOf(perMinute, burstOf(perMinute))
  }

  /**
   * A call that went has come to something else than it was counted as: what it did not use may be used by others, and what it
   * used beyond that is owed. What was paid for before nothing more was owed is lost, as if it had been used: nobody
   * saves up.
   * @param since when it went. @param perMinute what was allowed then
   */
  correct(since: number, perMinute: number, cost: number, used: number): void {
    const change = Math.min(used, perMinute) - Math.min(cost, perMinute)
    if (change < 0 && since < this.#busySince) return
    this.#paidAt += change * gapOf(perMinute, burstOf(perMinute))
  }
}

function burstOf(perMinute: number): number {
  return Math.max(1, Math.floor(perMinute * BURST))
}

/** A full burst and what follows it at this distance make no more than a minute's calls. */
function gapOf(perMinute: number, burst: number): number {
  return MINUTE_MS / (perMinute - burst + 1)
}
