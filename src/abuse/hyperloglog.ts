/** The first ten bits of a hash pick the register: 2^10 registers are off by 3.25 % (one standard error, 1.04 / √1024). */
const INDEX_BITS = 10
const REGISTERS = 1 << INDEX_BITS
/** What is left of a hash of 32 bits holds ranks from 1 to this. */
const MAX_RANK = 33 - INDEX_BITS
/** So many are counted exactly, in less room than the registers need when they are saved. */
export const EXACT = 128
/** 1 / (2 ln 2): the constant of the estimator below. */
const ALPHA = 1 / (2 * Math.LN2)

const HASH_BYTES = 4

/**
 * How many different things came, of which each is known by a hash of 32 bits. Up to 128 are counted exactly; beyond it
 * 1 KiB estimates any number of them (Flajolet and others, 2007), by the estimator of Ertl (2017, algorithm 6), which
 * needs neither tables nor a case for small numbers. Hashes must be as good as random.
 */
export class HyperLogLog {
  #exact: Set<number> | null = new Set()
  #registers: Uint8Array | null = null
  /** What the registers came to when they were last added up; null: they have changed. Adding up reads all of them. */
  #estimate: number | null = null

  /** Counts one; the same hash counts once. */
  add(hash: number): void {
    const whole = hash >>> 0
    if (this.#exact !== null) {
      this.#exact.add(whole)
      if (this.#exact.size > EXACT) this.#widen()
    } else this.#raise(whole)
  }

  #widen(): void {
    const exact = this.#exact ?? []
    this.#exact = null
    this.#registers = new Uint8Array(REGISTERS)
    for (const hash of exact) this.#raise(hash)
  }

  #raise(hash: number): void {
    if (this.#registers === null) return
    const index = hash >>> (32 - INDEX_BITS)
    const rank = Math.min(MAX_RANK, Math.clz32(hash << INDEX_BITS) + 1)
    if (rank <= (this.#registers[index] ?? 0)) return
    this.#registers[index] = rank
    this.#estimate = null
  }

  /** How many there are: exact up to 128, about so many beyond. */
  count(): number {
    if (this.#registers === null) return this.#exact?.size ?? 0
    return (this.#estimate ??= Math.round(estimate(this.#registers)))
  }

  /** Adds everything that another has counted. */
  merge(other: HyperLogLog): void {
    if (other.#exact !== null) {
      for (const hash of other.#exact) this.add(hash)
      return
    }
    if (this.#exact !== null) this.#widen()
    const [own, more] = [this.#registers, other.#registers]
    if (own === null || more === null) return
    this.#estimate = null
    for (let at = 0; at < REGISTERS; at++) own[at] = Math.max(own[at] ?? 0, more[at] ?? 0)
  }

  /** As text: at most 512 bytes of hashes, or 1 KiB of registers, in base64. */
  save(): string {
    if (this.#registers !== null) return `r${Buffer.from(this.#registers).toString('base64')}`
    const exact = [...(this.#exact ?? [])]
    const bytes = Buffer.alloc(exact.length * HASH_BYTES)
    exact.forEach((hash, at) => bytes.writeUInt32LE(hash, at * HASH_BYTES))
    return `x${bytes.toString('base64')}`
  }

  /** @param saved what `save` gave @returns undefined for anything else */
  static load(saved: unknown): HyperLogLog | undefined {
    if (typeof saved !== 'string') return undefined
    const bytes = Buffer.from(saved.slice(1), 'base64')
    const counter = new HyperLogLog()
    if (saved.startsWith('r')) {
      if (bytes.length !== REGISTERS || bytes.some((rank) => rank > MAX_RANK)) return undefined
      counter.#exact = null
      counter.#registers = new Uint8Array(bytes)
      return counter
    }
    if (!saved.startsWith('x') || bytes.length % HASH_BYTES !== 0) return undefined
    for (let at = 0; at < bytes.length; at += HASH_BYTES) counter.add(bytes.readUInt32LE(at))
    return counter
  }
}

function estimate(registers: Uint8Array): number {
  const counts = new Float64Array(MAX_RANK + 1)
  for (const rank of registers) counts[rank] = (counts[rank] ?? 0) + 1
  let sum = REGISTERS * tau(1 - (counts[MAX_RANK] ?? 0) / REGISTERS)
  for (let rank = MAX_RANK - 1; rank >= 1; rank--) sum = 0.5 * (sum + (counts[rank] ?? 0))
  sum += REGISTERS * sigma((counts[0] ?? 0) / REGISTERS)
  return (ALPHA * REGISTERS * REGISTERS) / sum
}

/** What registers say in which nothing came, by their share. */
function sigma(share: number): number {
  if (share === 1) return Infinity
  let [x, y, sum, before] = [share, 1, share, -1]
  while (sum !== before) {
    x *= x
    before = sum
    sum += x * y
    y += y
  }
  return sum
}

/** What registers say that are full, by the share of those that are not. */
function tau(share: number): number {
  if (share === 0 || share === 1) return 0
  let [x, y, sum, before] = [share, 1, 1 - share, -1]
  while (sum !== before) {
    x = Math.sqrt(x)
    before = sum
    y *= 0.5
    sum -= (1 - x) ** 2 * y
  }
  return sum / 3
}
