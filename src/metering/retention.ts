import type { Clock } from '../lib/clock.ts'
import { startRounds } from '../lib/rounds.ts'
import type { Timer } from '../lib/timer.ts'
import type { LedgerStore } from '../store/store.ts'

const FIRST_MS = 60_000
const EVERY_MS = 3_600_000
const PAUSE_MS = 1_000

/** How long an object that has expired is still on record. */
const EXPIRED_MS = 24 * 3_600_000

/** What retention works with. */
export interface RetentionOptions {
  readonly ledger: Pick<LedgerStore, 'prune'>
  /** How long a settled row is kept, in milliseconds; 0: for ever. Objects that have expired go in any case. */
  readonly keepMs: number
  readonly clock: Pick<Clock, 'now'>
  /** Told when a pruning failed; the next one is tried an hour later. Must not throw. */
  readonly onError: (error: unknown) => void
  readonly timer?: Timer
}

/** What a round of prunings takes out: rows and objects from before these times. */
interface Limits {
  readonly rows: number
  readonly objects: number
}

/**
 * Takes old rows and expired objects out of the books: a minute after the start, then every hour. Totals stay.
 * @returns stops it, and resolves when a pruning that is under way has ended: only then may the store be closed
 */
export function startRetention(options: RetentionOptions): { stop(): Promise<void> } {
  const { ledger, keepMs, clock, onError, timer } = options

  function limitsAt(now: number): Limits {
    return { rows: keepMs > 0 ? now - keepMs : 0, objects: now - EXPIRED_MS }
  }

  return startRounds({
    firstMs: FIRST_MS,
    pauseMs: PAUSE_MS,
    everyMs: EVERY_MS,
    begin: () => limitsAt(clock.now()),
    step: ({ rows, objects }) => ledger.prune(rows, objects),
    onError,
    timer,
  })
}
