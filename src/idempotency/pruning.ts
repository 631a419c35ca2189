import type { Clock } from '../lib/clock.ts'
import { startRounds } from '../lib/rounds.ts'
import type { Timer } from '../lib/timer.ts'
import type { IdempotencyStore } from '../store/store.ts'

const FIRST_MS = 60_000
const EVERY_MS = 600_000
const PAUSE_MS = 100

/** What pruning works with. */
export interface PruningOptions {
  readonly store: Pick<IdempotencyStore, 'prune'>
  readonly clock: Pick<Clock, 'now'>
  /** Told when a step failed; the next round comes at its time. Must not throw. */
  readonly onError: (error: unknown) => void
  readonly timer?: Timer
}

/**
 * Takes keys that have expired out of the store: a minute after the start, then every ten minutes.
 * @returns stops it, and resolves when a step that is under way has ended: only then may the store be closed
 */
export function startPruning({ store, clock, onError, timer }: PruningOptions): { stop(): Promise<void> } {
  return startRounds({
    firstMs: FIRST_MS,
    pauseMs: PAUSE_MS,
    everyMs: EVERY_MS,
    begin: () => clock.now(),
    step: (now) => store.prune(now),
    onError,
    timer,
  })
}
