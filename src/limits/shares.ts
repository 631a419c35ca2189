/** How fast the past is forgotten, in milliseconds. */
const MEMORY_MS = 1_000
/** Who has been silent for one to two of these is forgotten altogether. */
const EPOCH_MS = 3_000
/** Users that are told apart at a time: twice as many. Beyond it the least recent are forgotten. */
const MOST_USERS = 10_000

interface Share {
  /** Requests, each weighed by how recent it is. */
  weight: number
  at: number
}

/** How many requests each user makes, in bounded memory: an average over about the last second. */
export class Shares {
  #users = new Map<string, Share>()
  #before = new Map<string, Share>()
  #epochAt = -Infinity
  #highest = 0
  #highestBefore = 0

  /** Users who made a request lately; at least 1. */
  get active(): number {
    return Math.max(1, this.#users.size, this.#before.size)
  }

  /** The most requests a second that any user made lately. */
  get highest(): number {
    return Math.max(this.#highest, this.#highestBefore)
  }

  /**
   * A user makes a request.
   * @returns how many a second that makes, this one included
   */
  add(userId: string, now: number): number {
    if (now - this.#epochAt >= EPOCH_MS || this.#users.size >= MOST_USERS) this.#turn(now)
    const share = this.#shareOf(userId, now)
    share.weight = share.weight * Math.exp((share.at - now) / MEMORY_MS) + 1
    share.at = now
    const rate = (share.weight * 1_000) / MEMORY_MS
    if (rate > this.#highest) this.#highest = rate
    return rate
  }

  #shareOf(userId: string, now: number): Share {
    const known = this.#users.get(userId)
    if (known !== undefined) return known
    const share = this.#before.get(userId) ?? { weight: 0, at: now }
    this.#users.set(userId, share)
    return share
  }

  #turn(now: number): void {
    const isNext = now - this.#epochAt < 2 * EPOCH_MS
    this.#before = isNext ? this.#users : new Map<string, Share>()
    this.#highestBefore = isNext ? this.#highest : 0
    this.#users = new Map()
    this.#highest = 0
    this.#epochAt = now
  }
}
