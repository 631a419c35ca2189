import { HyperLogLog } from './hyperloglog.ts'
import { DAY_MS, HOUR_MS, numbersOf } from './source-times.ts'
import { fieldOf, isAmount } from './volume-codec.ts'
import type { Observation } from './watcher.ts'

/** Days that are remembered. */
const DAYS = 28
/** Days that must be known before what is more than usual is said. */
const ENOUGH = 7
const USUAL_FACTOR = 3
const LEAST = 5
/** As low as suspensions bring the hard limit, unless it was lower. */
const FLOOR = 20

/** How many networks a token was used from, each hour and each UTC day, and what was usual for it. */
export class SourceCounts {
  #hour = -1
  #day = -1
  #networksOfHour = new HyperLogLog()
  #networksOfDay = new HyperLogLog()
  #mostInHour = 0
  /** Of each day that it was used, the newest last. A p99 of so few days is the highest of them. */
  #days: number[] = []
  #hours: number[] = []

  /** Counts a network. @param at milliseconds since the Unix epoch */
  add(hash: number, at: number): void {
    this.#turn(at)
    this.#networksOfHour.add(hash)
    this.#networksOfDay.add(hash)
  }

  #turn(at: number): void {
    const hour = Math.floor(at / HOUR_MS)
    if (hour <= this.#hour) return
    this.#mostInHour = Math.max(this.#mostInHour, this.#networksOfHour.count())
    this.#networksOfHour = new HyperLogLog()
    this.#hour = hour
    const day = Math.floor(at / DAY_MS)
    if (day <= this.#day) return
    if (this.#day >= 0) this.#endDay()
    this.#day = day
  }

  #endDay(): void {
    this.#days = [...this.#days, this.#networksOfDay.count()].slice(-DAYS)
    this.#hours = [...this.#hours, this.#mostInHour].slice(-DAYS)
    this.#networksOfDay = new HyperLogLog()
    this.#mostInHour = 0
  }

  /** @param most networks a day that are too many for any token @param strikes each halves it, down to 20 */
  look(now: number, most: number, strikes: number): Observation | undefined {
    this.#turn(now)
    const [hour, day] = [this.#networksOfHour.count(), this.#networksOfDay.count()]
    const hard = Math.max(Math.min(most, FLOOR), Math.floor(most / 2 ** strikes))
    const isKnown = this.#days.length >= ENOUGH
    const usualDay = Math.max(0, ...this.#days)
    const limitOfDay = isKnown ? Math.max(LEAST, USUAL_FACTOR * usualDay) : hard
    const limitOfHour = isKnown ? Math.max(LEAST, USUAL_FACTOR * Math.max(0, ...this.#hours)) : hard
    const evidence = { networks_day: day, networks_hour: hour, usual_day: usualDay, limit: hard }
    if (day > hard) return { signal: 'distinct_sources', strength: 1, evidence }
    if (day <= limitOfDay && hour <= limitOfHour) return undefined
    return {
      signal: 'distinct_sources',
      strength: 0.5,
      evidence: { ...evidence, limit: day > limitOfDay ? limitOfDay : limitOfHour },
    }
  }

  /** As JSON. */
  save(): unknown {
    return {
      hour: this.#hour,
      day: this.#day,
      of_hour: this.#networksOfHour.save(),
      of_day: this.#networksOfDay.save(),
      most: this.#mostInHour,
      days: this.#days,
      hours: this.#hours,
    }
  }

  /** @param saved what `save` gave; anything else is nothing */
  static load(saved: unknown): SourceCounts {
    const counts = new SourceCounts()
    const [hour, day, most] = [fieldOf(saved, 'hour'), fieldOf(saved, 'day'), fieldOf(saved, 'most')]
    if (!isAmount(hour) || !isAmount(day) || !isAmount(most)) return counts
    counts.#hour = hour
    counts.#day = day
    counts.#mostInHour = most
    counts.#networksOfHour = HyperLogLog.load(fieldOf(saved, 'of_hour')) ?? new HyperLogLog()
    counts.#networksOfDay = HyperLogLog.load(fieldOf(saved, 'of_day')) ?? new HyperLogLog()
    counts.#days = numbersOf(fieldOf(saved, 'days'), DAYS)
    counts.#hours = numbersOf(fieldOf(saved, 'hours'), DAYS)
    return counts
  }
}
