import { RESPONSES, SIGNALS, type Family, type Response, type Signal } from '../signals.ts'

/** One signal and how sure it is, from 0 to 1. */
export interface Clue {
  readonly signal: Signal
  readonly strength: number
}

/** What one signal adds to a score. */
export interface Term extends Clue {
  readonly family: Family
  /** The points of all terms make the score. */
  readonly points: number
}

/** How much speaks against a token, and what of. */
export interface Score {
  /** From 0 to the number of families. */
  readonly value: number
  /** Strongest first. */
  readonly terms: readonly Term[]
  /** Families at a high level, by signals that stand for themselves. */
  readonly families: readonly Family[]
  /** Somebody has proved it: no second opinion is needed. */
  readonly isProven: boolean
}

/** What a further signal of a family counts: it is mostly the same opinion again. */
const FURTHER = 0.25
/** The most that one family counts: as much as slows a token down. Whatever one family says, it stops none. */
const FAMILY_CAP = 1
/** The level from which a family is one of the two that a suspension needs. */
const HIGH = 0.5

/** Points from which each step is taken. */
const THRESHOLDS: Readonly<Record<Response, number>> = {
  watch: 0.25,
  notify: 0.5,
  throttle: FAMILY_CAP,
  suspend: 1.25,
}

/**
 * Signals that an honest program raises too when it is new, grows, has a fault or learns something new, often together
 * with one of volume. They add to the score, but none makes its family one of the two that a suspension needs.
 */
const SUPPORTING: ReadonlySet<Signal> = new Set<Signal>([
  'cold_start',
  'novel_source',
  'error_mix',
  'modality_shift',
  'off_hours',
  'repetition',
])

/** What a suspension before takes off the thresholds, and how far that goes. */
const PER_STRIKE = 0.8
const LEAST_FACTOR = 0.5

/** The strongest clue of each signal, strongest first; strengths beyond 0 to 1, or none at all, count as the nearest. */
function strongest(clues: readonly Clue[]): readonly Clue[] {
  const bySignal = new Map<Signal, number>()
  for (const { signal, strength } of clues) {
    const within = strength > 0 ? Math.min(1, strength) : 0
    bySignal.set(signal, Math.max(within, bySignal.get(signal) ?? 0))
  }
  return [...bySignal]
    .map(([signal, strength]) => ({ signal, strength }))
    .sort((one, other) => other.strength - one.strength || (one.signal < other.signal ? -1 : 1))
}

/** Adds up evidence: in each family the strongest signal in full, further ones by a quarter, up to the cap. */
export function scoreOf(clues: readonly Clue[]): Score {
  const terms: Term[] = []
  const sums = new Map<Family, number>()
  const families = new Set<Family>()
  for (const { signal, strength } of strongest(clues)) {
    const family = SIGNALS[signal]
    const before = sums.get(family)
    const full = before === undefined ? strength : strength * FURTHER
    const points = Math.min(full, FAMILY_CAP - (before ?? 0))
    sums.set(family, (before ?? 0) + points)
    terms.push({ signal, family, strength, points })
    if (strength >= HIGH && !SUPPORTING.has(signal)) families.add(family)
  }
  let value = 0
  for (const sum of sums.values()) value += sum
  const isProven = terms.some(({ signal, strength }) => signal === 'leak_report' && strength > 0)
  return { value, terms, families: [...families], isProven }
}

/**
 * The step that a score calls for; null: none.
 * @param strikes how often the token was suspended before: each lets the thresholds down, to half of what they are. What
 * a suspension needs beside its points stays the same
 */
export function stepOf({ value, families, isProven }: Score, strikes: number): Response | null {
  if (isProven) return 'suspend'
  const factor = Math.max(LEAST_FACTOR, PER_STRIKE ** strikes)
  const reached = RESPONSES.filter((step) => {
    if (step === 'suspend' && families.length < 2) return false
    return value >= THRESHOLDS[step] * factor
  })
  return reached.at(-1) ?? null
}
