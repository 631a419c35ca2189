import { fieldOf, isAmount } from './volume-codec.ts'
import { DAY } from './volume-rules.ts'
import { higherOf, NO_LEVELS, type Levels } from './windows.ts'

/** Windows whose highest levels are kept together: six hours. */
const SPAN = 36

/** Windows after which the older of two generations is forgotten: 14 days. */
const GENERATION = 14 * DAY

interface Span {
  readonly number: number
  readonly levels: Levels
}

/**
 * The highest levels of the last 14 to 28 days, without those of the last 24 hours: what goes on now is not compared
 * with itself.
 */
export class Past {
  /** Of at most the last 36 hours, oldest first. */
  #recent: readonly Span[] = []
  #newer: Levels = NO_LEVELS
  #older: Levels = NO_LEVELS
  /** The number of the window in which the newer generation began; -1: none has. */
  #began = -1

  /** The highest levels that are more than a day old. */
  get highest(): Levels {
    return higherOf(this.#newer, this.#older)
  }

  /** Takes in the levels at the end of a window. */
  note(window: number, levels: Levels): void {
    const number = Math.floor(window / SPAN)
    const last = this.#recent.at(-1)
    if (last?.number === number) {
      this.#recent = [...this.#recent.slice(0, -1), { number, levels: higherOf(last.levels, levels) }]
    } else {
      this.#recent = [...this.#recent, { number, levels }]
    }
  }

  /** Lets what is more than a day old become the past. @param window the newest */
  advance(window: number): void {
    if (this.#began < 0) this.#began = window
    const age = window - this.#began
    if (age >= GENERATION) {
      this.#older = age >= 2 * GENERATION ? NO_LEVELS : this.#newer
      this.#newer = NO_LEVELS
      this.#began = window
    }
    let first = this.#recent[0]
    while (first !== undefined && window - (first.number + 1) * SPAN >= DAY) {
      this.#newer = higherOf(this.#newer, first.levels)
      this.#recent = this.#recent.slice(1)
      first = this.#recent[0]
    }
  }

  /** As JSON. */
  save(): unknown {
    const recent = this.#recent.map(({ number, levels }) => [number, ...levels])
    return { recent, newer: this.#newer, older: this.#older, began: this.#began }
  }

  /** Puts in what `save` gave. @returns whether it was that */
  restore(saved: unknown): boolean {
    const newer = levelsOf(fieldOf(saved, 'newer'))
    const older = levelsOf(fieldOf(saved, 'older'))
    const recent = spansOf(fieldOf(saved, 'recent'))
    const began = fieldOf(saved, 'began')
    if (newer === undefined || older === undefined || recent === undefined) return false
    if (typeof began !== 'number' || !Number.isInteger(began) || began < -1) return false
    this.#newer = newer
    this.#older = older
    this.#recent = recent
    this.#began = began
    return true
  }
}

function levelsOf(value: unknown): Levels | undefined {
  if (!Array.isArray(value)) return undefined
  const entries: readonly unknown[] = value
  return entries.length === NO_LEVELS.length && entries.every(isAmount) ? entries : undefined
}

const MAX_SPANS = 16

function spansOf(value: unknown): readonly Span[] | undefined {
  if (!Array.isArray(value) || value.length > MAX_SPANS) return undefined
  const spans: Span[] = []
  for (const entry of value as readonly unknown[]) {
    if (!Array.isArray(entry)) return undefined
    const [number, ...rest] = entry as readonly unknown[]
    const levels = levelsOf(rest)
    if (levels === undefined || !isAmount(number)) return undefined
    spans.push({ number, levels })
  }
  return spans
}
