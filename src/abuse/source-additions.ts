import type { Entry, SourceList } from './source-list.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, numbersOf } from './source-times.ts'
import { fieldOf, isAmount } from './volume-codec.ts'
import type { Evidence } from '../signals.ts'

/** What came longer ago than this counts for little. */
const FADING_MS = 12 * HOUR_MS
/** The part of a usual day that fading sums hold of steady traffic. */
const HELD = FADING_MS / DAY_MS
/** A network is new for so long; then it is one of the token's own. */
const NEW_MS = 3 * DAY_MS
/** Traffic is measured after so many days. */
const ENOUGH = 7
const DAYS = 14
const PACE = 1 / 14
/** What new networks must add, as a part of what is usual. */
const ADDED = 0.25
/** How much of their usual traffic the networks that did not fall silent must still have: they are used beside the new. */
const BESIDE = 0.4
/** Room above the most that was seen of what is usual for this token. */
const ROOM = 1.25
/** Calls from new networks, as they fade, that are worth a word. */
const LEAST_CALLS = 20

/**
 * Traffic from new networks beside the old, as of a token that somebody else uses too. A network that takes the place of
 * one that fell silent, as after a move, adds nothing; nor does what is no more than new networks always had, as with
 * build machines.
 *
 * A call weighs 1, and as much again as it costs by the token's mean: one video counts like the many chats it is worth.
 */
export class Additions {
  #since = 0
  #day = -1
  #minute = 0
  #days = 0
  /** Mean cost of a call, in nano-units. */
  #meanCost = 0
  #calls = 0
  #cost = 0
  /** What came today, and what of it from new networks. */
  #today = 0
  #newToday = 0
  /** Of a usual day, all and without new networks. */
  #usual = 0
  #totals: number[] = []
  #newTotals: number[] = []
  /** Sums that fade. */
  #known = 0
  #new = 0
  #newCalls = 0
  #wasSaidToday = false

  #isNew(entry: Entry, at: number): boolean {
    return at - entry.firstSeen < NEW_MS && entry.firstSeen - this.#since >= DAY_MS
  }

  /** Counts one call. @param cost nano-units @param since when the token was first seen */
  add(entry: Entry, list: SourceList, at: number, cost: number, since: number): void {
    this.#since = since
    this.#turn(at, list)
    const weight = this.#meanCost > 0 ? 1 + cost / this.#meanCost : 1
    this.#calls++
    this.#cost += cost
    this.#today += weight
    entry.today += weight
    if (!this.#isNew(entry, at)) this.#known += weight
    else {
      this.#new += weight
      this.#newCalls++
      this.#newToday += weight
    }
  }

  #turn(at: number, list: SourceList): void {
    const minute = Math.floor(at / MINUTE_MS)
    if (minute <= this.#minute) return
    const factor = Math.exp(((this.#minute - minute) * MINUTE_MS) / FADING_MS)
    this.#known *= factor
    this.#new *= factor
    this.#newCalls *= factor
    this.#minute = minute
    const day = Math.floor(at / DAY_MS)
    if (day > this.#day && this.#day >= 0) this.#endDays(day - this.#day, at, list)
    this.#day = Math.max(day, this.#day)
  }

  #endDays(count: number, at: number, list: SourceList): void {
    // Days without a call count too, as far as they matter.
    for (let ended = 0; ended < Math.min(count, DAYS); ended++) {
      this.#days++
      const pace = Math.max(PACE, 1 / this.#days)
      if (this.#calls > 0) this.#meanCost += pace * (this.#cost / this.#calls - this.#meanCost)
      this.#usual += pace * (this.#today - this.#newToday - this.#usual)
      this.#totals = [...this.#totals, this.#today - this.#newToday].slice(-DAYS)
      // What was reported must not become usual by itself.
      this.#newTotals = [...this.#newTotals, this.#wasSaidToday ? 0 : this.#newToday].slice(-DAYS)
      list.endDay(at, this.#days)
      this.#today = 0
      this.#newToday = 0
      this.#calls = 0
      this.#cost = 0
      this.#wasSaidToday = false
    }
  }

  /** @returns what new networks add; undefined: nothing that matters */
  look(now: number, list: SourceList): Evidence | undefined {
    this.#turn(now, list)
    if (this.#days < ENOUGH || this.#usual <= 0 || this.#newCalls < LEAST_CALLS) return undefined
    const silent = this.#silent(list, now)
    const peak = Math.max(1, Math.max(...this.#totals) / this.#usual)
    const allowed = ROOM * HELD * (Math.max(0, ...this.#newTotals) + peak * silent)
    const added = this.#new - allowed
    if (added <= ADDED * HELD * this.#usual) return undefined
    if (this.#known < BESIDE * HELD * (this.#usual - silent)) return undefined
    this.#wasSaidToday = true
    return { added_percent: Math.round((100 * added) / (HELD * this.#usual)) }
  }

  /** The usual traffic of the token's own networks that fell silent when the new ones came. */
  #silent(list: SourceList, now: number): number {
    let first = Infinity
    for (const entry of list.entries()) {
      if (this.#isNew(entry, now)) first = Math.min(first, entry.firstSeen)
    }
    let sum = 0
    for (const entry of list.entries()) {
      if (!this.#isNew(entry, now) && entry.lastSeen < first + HOUR_MS) sum += entry.rate
    }
    return Math.min(sum, this.#usual)
  }

  #numbers(): number[] {
    return [
      this.#since,
      this.#day,
      this.#minute,
      this.#days,
      this.#meanCost,
      this.#calls,
      this.#cost,
      this.#today,
      this.#newToday,
      this.#usual,
      this.#known,
      this.#new,
      this.#newCalls,
    ]
  }

  /** As JSON. */
  save(): unknown {
    const said = this.#wasSaidToday
    return { now: this.#numbers(), totals: this.#totals, new_totals: this.#newTotals, said }
  }

  /** @param saved what `save` gave; anything else is nothing */
  static load(saved: unknown): Additions {
    const additions = new Additions()
    const numbers = numbersOf(fieldOf(saved, 'now'), Infinity)
    if (numbers.length !== additions.#numbers().length || !numbers.every(isAmount)) return additions
    additions.#set(numbers)
    additions.#totals = numbersOf(fieldOf(saved, 'totals'), DAYS)
    additions.#newTotals = numbersOf(fieldOf(saved, 'new_totals'), DAYS)
    additions.#wasSaidToday = fieldOf(saved, 'said') === true
    return additions
  }

  #set(numbers: readonly number[]): void {
    const [since = 0, day = -1, minute = 0, days = 0, meanCost = 0, calls = 0, cost = 0] = numbers
    const [today = 0, newToday = 0, usual = 0, known = 0, fresh = 0, newCalls = 0] = numbers.slice(7)
    this.#since = since
    this.#day = day
    this.#minute = minute
    this.#days = days
    this.#meanCost = meanCost
    this.#calls = calls
    this.#cost = cost
    this.#today = today
    this.#newToday = newToday
    this.#usual = usual
    this.#known = known
    this.#new = fresh
    this.#newCalls = newCalls
  }
}
