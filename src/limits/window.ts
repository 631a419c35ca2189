const WINDOW_MS = 60_000
const BUCKETS = 128
/** One bucket is always under way, and the others cover the whole window. */
const WIDTH = WINDOW_MS / (BUCKETS - 1)

/** @param monotonic milliseconds of a clock that never steps @returns the number of the bucket of that moment */
export function bucketAt(monotonic: number): number {
  return Math.floor(monotonic / WIDTH)
}

/** @returns whether what was used in a bucket still counts at another */
export function countsAt(bucket: number, now: number): boolean {
  return now - bucket < BUCKETS
}

/**
 * What was used in the last minute, as a sum over buckets of half a second. In no 60 seconds, wherever they begin, is more
 * let in than the limit, and all of it may be used at once; what was used counts for 60 to 60.5 seconds, so that a steady
 * caller gets 99.2 % of the limit or more.
 *
 * Neither a token bucket nor the generic cell rate algorithm: both let a burst and what is refilled meanwhile into the
 * same minute, up to twice the limit, unless bursts are forbidden; and whoever has 60 calls a minute may well make ten at
 * once. And neither could take back what was reserved and not used.
 */
export class Window {
  readonly #counts = new Float64Array(BUCKETS)
  #newest: number
  #sum = 0

  constructor(bucket: number) {
    this.#newest = bucket
  }

  /** @returns what was used in the minute that ends with a bucket */
  sumAt(bucket: number): number {
    if (bucket > this.#newest) this.#turn(bucket)
    return this.#sum
  }

  #turn(bucket: number): void {
    if (bucket - this.#newest >= BUCKETS) {
      this.#counts.fill(0)
      this.#sum = 0
    } else {
      for (let next = this.#newest + 1; next <= bucket; next++) {
        this.#sum -= this.#counts[next & (BUCKETS - 1)] ?? 0
        this.#counts[next & (BUCKETS - 1)] = 0
      }
    }
    this.#newest = bucket
  }

  /** Adds what is used, or takes back what was not. It is nothing where the bucket counts no more. */
  add(bucket: number, amount: number): void {
    if (bucket > this.#newest) this.#turn(bucket)
    if (!countsAt(bucket, this.#newest)) return
    const at = bucket & (BUCKETS - 1)
    this.#counts[at] = (this.#counts[at] ?? 0) + amount
    this.#sum += amount
  }

  /** @returns the milliseconds until at least so much has left; all of it, where there is less */
  leavesIn(amount: number, monotonic: number): number {
    const newest = bucketAt(monotonic)
    this.sumAt(newest)
    let left = 0
    let last = newest - BUCKETS
    for (let bucket = last + 1; bucket <= newest && left < amount; bucket++) {
      const count = this.#counts[bucket & (BUCKETS - 1)] ?? 0
      if (count > 0) last = bucket
      left += count
    }
    return Math.max(0, (last + BUCKETS) * WIDTH - monotonic)
  }

  /** @returns the milliseconds until nothing counts any more */
  emptyIn(monotonic: number): number {
    const newest = bucketAt(monotonic)
    this.sumAt(newest)
    for (let bucket = newest; bucket > newest - BUCKETS; bucket--) {
      if ((this.#counts[bucket & (BUCKETS - 1)] ?? 0) > 0) return (bucket + BUCKETS) * WIDTH - monotonic
    }
    return 0
  }
}
