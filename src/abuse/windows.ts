import { floatsOf, textOf } from './volume-codec.ts'
import { DAY, HORIZONS, type Horizon } from './volume-rules.ts'

/** One number for each horizon, in their order. */
export type Levels = readonly number[]

/** Of nothing. */
export const NO_LEVELS: Levels = HORIZONS.map(() => 0)

/** @returns the higher of each two */
export function higherOf(levels: Levels, others: Levels): Levels {
  return levels.map((level, index) => Math.max(level, others[index] ?? 0))
}

/** The last 24 hours, in windows of ten minutes that are over; the newest first. */
export class DayOfWindows {
  readonly #ring: Float32Array
  #newest = 0
  readonly #room = new Float32Array(DAY)

  constructor(ring = new Float32Array(DAY)) {
    this.#ring = ring
  }

  /** Adds the window that is over now. @returns the one that is a day old and leaves */
  push(amount: number): number {
    this.#newest = (this.#newest + 1) % DAY
    const left = this.#ring[this.#newest] ?? 0
    this.#ring[this.#newest] = amount
    return left
  }

  /** Of all horizons. @param current what the window under way has so far; undefined: only those that are over count */
  levels(current?: number): Levels {
    const recent = this.#recent(current)
    return HORIZONS.map((horizon) => levelOf(horizon, recent))
  }

  #recent(current: number | undefined): Float32Array {
    const shift = current === undefined ? 0 : 1
    const recent = new Float32Array(DAY)
    if (current !== undefined) recent[0] = current
    for (let age = shift; age < DAY; age++) {
      recent[age] = this.#ring[(this.#newest - age + shift + DAY) % DAY] ?? 0
    }
    return recent
  }

  /** As text, oldest last. */
  save(): string {
    this.#room.set(this.#recent(undefined))
    return textOf(this.#room)
  }
}

function levelOf(horizon: Horizon, recent: Float32Array): number {
  const windows = recent.subarray(0, horizon.windows)
  return horizon.kind === 'sum' ? sumOf(windows) : floorOf(windows, horizon.spared)
}

function sumOf(windows: Float32Array): number {
  let sum = 0
  for (const amount of windows) sum += amount
  return sum
}

/** The lowest so far, sorted: never more than the windows that a floor spares, and one. */
const lowest = new Float32Array(DAY)

function floorOf(windows: Float32Array, spared: number): number {
  let kept = 0
  for (const amount of windows) {
    if (kept > spared) {
      if (amount >= (lowest[spared] ?? 0)) continue
      kept = spared
    }
    let place = kept++
    for (; place > 0 && (lowest[place - 1] ?? 0) > amount; place--) lowest[place] = lowest[place - 1] ?? 0
    lowest[place] = amount
  }
  return lowest[spared] ?? 0
}

/** @param saved what `save` gave @returns undefined for anything else */
export function loadDayOfWindows(saved: unknown): DayOfWindows | undefined {
  const recent = floatsOf(saved, DAY)
  if (recent === undefined) return undefined
  const day = new DayOfWindows()
  for (const amount of recent.toReversed()) day.push(amount)
  return day
}
