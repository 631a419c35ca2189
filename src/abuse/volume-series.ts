import { loadLogHistogram, LogHistogram } from './quantiles.ts'
import { fieldOf, isAmount } from './volume-codec.ts'
import { Past } from './volume-past.ts'
import { DAY, HORIZONS, limitOf, type Horizon } from './volume-rules.ts'
import { DayOfWindows, loadDayOfWindows, NO_LEVELS, type Levels } from './windows.ts'

/** Active windows of an own past that say what is usual; with fewer, what others use is asked. */
export const ENOUGH = 36

/** What is a day older counts so much less: after 14 days about half. */
const DECAY_PER_DAY = 0.95

/** A known p99 rises by no more than this factor a day. */
const RISE = 3

const SHARE = 0.99

/** How far a horizon is beyond what is usual. */
export interface Excess {
  readonly horizon: Horizon
  readonly level: number
  readonly limit: number
  /** The highest of the past. */
  readonly highest: number
  /** Of level to limit. */
  readonly ratio: number
}

/** What one quantity did in the last 24 hours, and before: windows of ten minutes, in memory that does not grow. */
export class Series {
  readonly #least: number
  #day = new DayOfWindows()
  #past = new Past()
  #sizes: LogHistogram
  #current = 0
  #closed: Levels | undefined = NO_LEVELS
  /** The day of the last decay. */
  #decayed = -1
  /** The p99 at that time; 0: it may rise as it likes. */
  #anchor = 0

  /** @param least the smallest amount of a window that is told from smaller ones, above 0 */
  constructor(least: number) {
    this.#least = least
    this.#sizes = new LogHistogram(least)
  }

  /** Counts into the window under way. */
  add(amount: number): void {
    this.#current += amount
  }

  /** Active windows that are more than a day old; older ones weigh less. */
  get known(): number {
    return this.#sizes.total
  }

  /** The p99 of these windows; 0 of none. */
  get p99(): number {
    return this.#sizes.total === 0 ? 0 : this.#sizes.quantile(SHARE)
  }

  /** The highest levels of the past. */
  get highest(): Levels {
    return this.#past.highest
  }

  /** The levels now: at the end of the last window or in the one under way, whichever is higher. */
  levels(): Levels {
    this.#closed ??= this.#day.levels()
    if (this.#current === 0) return this.#closed
    const now = this.#day.levels(this.#current)
    return this.#closed.map((level, index) => Math.max(level, now[index] ?? 0))
  }

  /**
   * Ends the window under way and as many idle ones as there are to the next.
   * @param window the number of the one under way
   * @param settled whether the token is known long enough for what is too much to be learnt only in part
   */
  advance(window: number, next: number, settled: boolean): void {
    this.#push(this.#current)
    // Idle windows raise no level, so that what was reached before them is all there is to note.
    if (this.#current > 0) {
      this.#closed = this.#day.levels()
      this.#past.note(window, settled ? this.#withinLimits(this.#closed) : this.#closed)
    } else {
      this.#closed = undefined
    }
    this.#current = 0
    const idle = Math.min(next - window - 1, DAY)
    for (let passed = 0; passed < idle; passed++) this.#push(0)
    if (idle > 0) this.#closed = undefined
    this.#past.advance(next - 1)
    this.#age(Math.floor(next / DAY), settled)
  }

  /** What is too much now is no more than the limit to those who look back, so that no attack becomes usual at once. */
  #withinLimits(levels: Levels): Levels {
    const { highest, p99 } = this
    return HORIZONS.map((horizon, index) =>
      Math.min(levels[index] ?? 0, limitOf(horizon, p99, highest[index] ?? 0)),
    )
  }

  #push(amount: number): void {
    const left = this.#day.push(amount)
    if (left > 0) this.#sizes.add(this.#anchor > 0 ? Math.min(left, this.#anchor * RISE) : left)
  }

  #age(day: number, settled: boolean): void {
    if (day === this.#decayed) return
    if (this.#decayed >= 0) this.#sizes.decay(DECAY_PER_DAY ** (day - this.#decayed))
    this.#decayed = day
    this.#anchor = settled ? this.p99 : 0
  }

  /** Horizons with what would be too much, by own p99 or a higher one. @param least what no p99 is taken to be below */
  excesses(least: number): readonly Excess[] {
    const { highest } = this
    const levels = this.levels()
    const p99 = Math.max(least, this.p99)
    return HORIZONS.map((horizon, index) => {
      const most = highest[index] ?? 0
      const level = levels[index] ?? 0
      const limit = limitOf(horizon, p99, most)
      return { horizon, level, limit, highest: most, ratio: level / limit }
    })
  }

  /** As JSON. */
  save(): unknown {
    return {
      day: this.#day.save(),
      past: this.#past.save(),
      sizes: this.#sizes.save(),
      current: this.#current,
      decayed: this.#decayed,
      anchor: this.#anchor,
    }
  }

  /** Puts in what `save` gave. @returns whether it was that; otherwise nothing is put in */
  restore(saved: unknown): boolean {
    const day = loadDayOfWindows(fieldOf(saved, 'day'))
    const past = new Past()
    const sizes = loadLogHistogram(fieldOf(saved, 'sizes'), this.#least)
    const current = fieldOf(saved, 'current')
    const decayed = fieldOf(saved, 'decayed')
    const anchor = fieldOf(saved, 'anchor')
    if (day === undefined || sizes === undefined || !past.restore(fieldOf(saved, 'past'))) return false
    if (!isAmount(current) || !isAmount(anchor)) return false
    if (typeof decayed !== 'number' || !Number.isInteger(decayed) || decayed < -1) return false
    this.#day = day
    this.#past = past
    this.#sizes = sizes
    this.#current = current
    this.#closed = undefined
    this.#decayed = decayed
    this.#anchor = anchor
    return true
  }
}
