import type { CallEvent } from './event.ts'
import { LEAST, mixed, QUANTITIES, type Cohorts, type Quantity } from './cohorts.ts'
import { fieldOf, isAmount } from './volume-codec.ts'
import { costVelocity, coldStart, envelope } from './volume-findings.ts'
import { DAY } from './volume-rules.ts'
import { ENOUGH, Series } from './volume-series.ts'
import type { Background, Observation, Watcher } from './watcher.ts'

/** Milliseconds of a window. */
export const WINDOW_MS = 600_000

/** A token that has been seen for less is judged by what others use. */
const LEARNING_MS = 5 * DAY * WINDOW_MS

/** Own windows that say as much as what others use. */
const COHORT_WINDOWS = 72

/** No p99 is taken to be less, so that a token that is hardly used is not strange when it is used: in ten minutes. */
const LEAST_P99 = { requests: 10, money: 10_000_000 } as const satisfies Readonly<Record<Quantity, number>>

/** What counting the same in bulk would say. */
export interface Amounts {
  /** Milliseconds since the Unix epoch. */
  readonly at: number
  readonly plan: string
  readonly requests: number
  /** Nano-units. */
  readonly money: number
}

/** How much one token does, against its own past, or against what others of its plan do while it has none. */
export class Volume implements Watcher {
  readonly #cohorts: Cohorts
  readonly #series: Readonly<Record<Quantity, Series>> = {
    requests: new Series(LEAST.requests),
    money: new Series(LEAST.money),
  }
  /** The number of the window under way; -1: nothing was counted yet. */
  #window = -1
  #plan = ''
  /** When it began to be seen: a token may be much older than its detection. Milliseconds since the Unix epoch. */
  #since = Infinity

  /** @param cohorts what others do; the token tells its own there once a day */
  constructor(cohorts: Cohorts) {
    this.#cohorts = cohorts
  }

  /** Counts a call; one that is late counts now. */
  observe(event: CallEvent): void {
    this.#turn(event.at)
    this.#plan = event.plan
    if (this.#since === Infinity) this.#since = event.at
    this.#series.requests.add(1)
    // A double is exact to a nano-unit up to nine million units of money, and near enough beyond.
    this.#series.money.add(Math.max(0, Number(event.charged)))
  }

  /** Counts many calls of one window at once, to the same effect. */
  count(amounts: Amounts): void {
    this.#turn(amounts.at)
    this.#plan = amounts.plan
    if (this.#since === Infinity) this.#since = amounts.at
    this.#series.requests.add(amounts.requests)
    this.#series.money.add(amounts.money)
  }

  #turn(at: number): void {
    const window = Math.floor(at / WINDOW_MS)
    if (window <= this.#window) return
    if (this.#window >= 0) {
      const settled = this.#isKnown(at)
      for (const quantity of QUANTITIES) this.#series[quantity].advance(this.#window, window, settled)
      if (Math.floor(window / DAY) > Math.floor(this.#window / DAY)) this.#tell()
    }
    this.#window = window
  }

  #tell(): void {
    const { requests, money } = this.#series
    if (requests.known >= ENOUGH) {
      this.#cohorts.learn(this.#plan, { requests: requests.p99, money: money.p99 })
    }
  }

  /** See `Watcher`. */
  look({ now }: Background): readonly Observation[] {
    return strongest(this.rules(now))
  }

  /** Every rule that speaks by now, named in its evidence; `look` says of each signal the strongest. */
  rules(now: number): readonly Observation[] {
    if (this.#window < 0) return []
    this.#turn(now)
    return QUANTITIES.flatMap((quantity) => this.#found(quantity, now))
  }

  #found(quantity: Quantity, now: number): readonly Observation[] {
    const series = this.#series[quantity]
    if (!this.#isKnown(now)) {
      const usual = mixed(series.p99, series.known, this.#cohorts.usual(this.#plan, quantity), COHORT_WINDOWS)
      return coldStart(quantity, series, Math.max(LEAST_P99[quantity], usual))
    }
    const excesses = series.excesses(LEAST_P99[quantity])
    const found = [...envelope(quantity, excesses, series.p99)]
    return quantity === 'money' ? [...found, ...costVelocity(excesses)] : found
  }

  #isKnown(now: number): boolean {
    return now - this.#since >= LEARNING_MS && this.#series.requests.known >= ENOUGH
  }

  /** What is usual for the token in ten minutes: the p99 of its requests; undefined while too little is known. */
  usualRequests(): number | undefined {
    const { requests } = this.#series
    return requests.known >= ENOUGH ? requests.p99 : undefined
  }

  /** See `Watcher`. */
  save(): unknown {
    return {
      version: 1,
      window: this.#window,
      plan: this.#plan,
      since: this.#window < 0 ? 0 : this.#since,
      requests: this.#series.requests.save(),
      money: this.#series.money.save(),
    }
  }

  /** Puts in what `save` gave. @returns whether it was that */
  restore(saved: unknown): boolean {
    const window = fieldOf(saved, 'window')
    const plan = fieldOf(saved, 'plan')
    const since = fieldOf(saved, 'since')
    if (fieldOf(saved, 'version') !== 1 || typeof plan !== 'string' || !isAmount(since)) return false
    if (typeof window !== 'number' || !Number.isInteger(window) || window < -1) return false
    for (const quantity of QUANTITIES) {
      if (!this.#series[quantity].restore(fieldOf(saved, quantity))) return false
    }
    this.#window = window
    this.#plan = plan
    this.#since = window < 0 ? Infinity : since
    this.#tell()
    return true
  }
}

/** Calls and money are one opinion: of each signal, the stronger. */
function strongest(found: readonly Observation[]): readonly Observation[] {
  return found.filter(
    (one, index) =>
      !found.some(
        (other, place) =>
          other.signal === one.signal &&
          (other.strength > one.strength || (other.strength === one.strength && place < index)),
      ),
  )
}

/** @param saved what `save` of a token gave; anything else is a token of which nothing is known */
export function loadVolume(saved: unknown, cohorts: Cohorts): Volume {
  const volume = new Volume(cohorts)
  return volume.restore(saved) ? volume : new Volume(cohorts)
}
