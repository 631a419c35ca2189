import { DAY_MS, numbersOf } from './source-times.ts'
import { fieldOf, isAmount } from './volume-codec.ts'

const SLOTS = 10
const DAYS = 14

/** How often something happened in the last while, and how often it did at most on each of the last days. */
export class Recent {
  readonly #slotMs: number
  readonly #counts = new Float64Array(SLOTS)
  #slot = -1
  #sum = 0
  #day = -1
  #mostToday = 0
  #most: number[] = []

  /** @param spanMs milliseconds; exact to a tenth of it, upward */
  constructor(spanMs: number) {
    this.#slotMs = spanMs / SLOTS
  }

  /** Counts it once. @param at milliseconds since the Unix epoch */
  add(at: number): void {
    this.#turn(at)
    const index = this.#slot % SLOTS
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    this.#sum++
    if (this.#sum > this.#mostToday) this.#mostToday = this.#sum
  }

  #turn(at: number): void {
    const slot = Math.floor(at / this.#slotMs)
    if (slot <= this.#slot) return
    if (this.#slot < 0 || slot - this.#slot >= SLOTS) {
      this.#counts.fill(0)
      this.#sum = 0
    } else {
      for (let next = this.#slot + 1; next <= slot; next++) {
        this.#sum -= this.#counts[next % SLOTS] ?? 0
        this.#counts[next % SLOTS] = 0
      }
    }
    this.#slot = slot
    this.#turnDay(Math.floor(at / DAY_MS))
  }

  #turnDay(day: number): void {
    if (day <= this.#day) return
    if (this.#day >= 0) this.#most = [...this.#most, this.#mostToday].slice(-DAYS)
    this.#mostToday = this.#sum
    this.#day = day
  }

  /** How often within the span. */
  count(now: number): number {
    this.#turn(now)
    return this.#sum
  }

  /** The most within any span of the days before this one. */
  get usualMost(): number {
    return Math.max(0, ...this.#most)
  }

  /** As JSON. What happened within the span is short-lived, and saved too: a restart must not help anybody. */
  save(): unknown {
    const counts = [...this.#counts]
    return { slot: this.#slot, counts, day: this.#day, today: this.#mostToday, most: this.#most }
  }

  /** Takes back what `save` gave; anything else is nothing. */
  load(saved: unknown): this {
    const [slot, day, today] = [fieldOf(saved, 'slot'), fieldOf(saved, 'day'), fieldOf(saved, 'today')]
    const counts = numbersOf(fieldOf(saved, 'counts'), SLOTS)
    if (!isAmount(slot) || !isAmount(day) || !isAmount(today)) return this
    if (counts.length !== SLOTS || !counts.every(isAmount)) return this
    this.#slot = slot
    this.#day = day
    this.#mostToday = today
    this.#counts.set(counts)
    this.#sum = counts.reduce((sum, count) => sum + count, 0)
    this.#most = numbersOf(fieldOf(saved, 'most'), DAYS)
    return this
  }
}
