import { floatsOf, textOf } from './volume-codec.ts'

/** Each bucket's upper end, as a multiple of its lower end. */
const GROWTH = 1.1
const BUCKETS = 256
const LN_GROWTH = Math.log(GROWTH)

/** A quantile is off by at most this factor, upward or downward, for values within the range. */
export const QUANTILE_ERROR = Math.sqrt(GROWTH)

/** What weighs less than this is forgotten, so that what is saved stays short. */
const LEAST_WEIGHT = 0.01

/**
 * How often values of each size came, in buckets that grow by a tenth: quantiles of any number of values in 1 KiB. From
 * `least` up it reaches 3.6e10 times as far; what is outside counts as the nearest end.
 */
export class LogHistogram {
  readonly #least: number
  readonly #weights: Float32Array
  #total = 0

  /** @param least the smallest value that is told from smaller ones, above 0 */
  constructor(least: number, weights = new Float32Array(BUCKETS)) {
    this.#least = least
    this.#weights = weights
    this.#total = this.#sum()
  }

  #sum(): number {
    let sum = 0
    for (const weight of this.#weights) sum += weight
    return sum
  }

  /** All weights together. */
  get total(): number {
    return this.#total
  }

  #bucketOf(value: number): number {
    const bucket = Math.floor(Math.log(value / this.#least) / LN_GROWTH)
    return Math.min(BUCKETS - 1, Math.max(0, bucket))
  }

  /** Counts one value above 0. */
  add(value: number): void {
    const bucket = this.#bucketOf(value)
    this.#weights[bucket] = (this.#weights[bucket] ?? 0) + 1
    this.#total += 1
  }

  /** Makes everything counted so far weigh less. @param factor between 0 and 1 */
  decay(factor: number): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const weight = (this.#weights[bucket] ?? 0) * factor
      this.#weights[bucket] = weight < LEAST_WEIGHT ? 0 : weight
    }
    this.#total = this.#sum()
  }

  /** @param share between 0 and 1 @returns about the smallest value that so large a share does not exceed; 0 of nothing */
  quantile(share: number): number {
    const wanted = share * this.#total
    let seen = 0
    let last = -1
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const weight = this.#weights[bucket] ?? 0
      if (weight === 0) continue
      seen += weight
      last = bucket
      if (seen >= wanted) break
    }
    return last < 0 ? 0 : this.#least * GROWTH ** (last + 0.5)
  }

  /** As JSON: the buckets in use, as text. */
  save(): readonly [first: number, weights: string] {
    const first = this.#weights.findIndex((weight) => weight > 0)
    if (first < 0) return [0, '']
    const last = this.#weights.findLastIndex((weight) => weight > 0)
    return [first, textOf(this.#weights.subarray(first, last + 1))]
  }
}

/** @param saved what `save` gave @returns undefined for anything else */
export function loadLogHistogram(saved: unknown, least: number): LogHistogram | undefined {
  if (!Array.isArray(saved)) return undefined
  const parts: readonly unknown[] = saved
  const [first, text] = parts
  const weights = floatsOf(text)
  if (weights === undefined || typeof first !== 'number' || !Number.isInteger(first)) return undefined
  if (first < 0 || first + weights.length > BUCKETS) return undefined
  const all = new Float32Array(BUCKETS)
  all.set(weights, first)
  return new LogHistogram(least, all)
}
