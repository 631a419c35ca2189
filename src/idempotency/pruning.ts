import type { Clock } from '../lib/clock.ts'
import type { IdempotencyStore } from '../store/store.ts'

/** Not at once: a start has better things to do. */
const FIRST_MS = 60_000
const EVERY_MS = 600_000
/** Between two steps of one round, so that requests get in between. */
const PAUSE_MS = 100

/** Calls back once after so many milliseconds. @returns takes it back */
export type Timer = (callback: () => void, milliseconds: number) => () => void

export interface PruningOptions {
  readonly store: Pick<IdempotencyStore, 'prune'>
  readonly clock: Pick<Clock, 'now'>
  /** Told when a step failed; the next round comes at its time. Must not throw. */
  readonly onError: (error: unknown) => void
  readonly timer?: Timer
}

const systemTimer: Timer = (callback, milliseconds) => {
  const timeout = setTimeout(callback, milliseconds)
  timeout.unref()
  return () => clearTimeout(timeout)
}

/**
 * Takes keys that have expired out of the store: a minute after the start, then every ten minutes.
 * @returns stops it, and resolves when a step that is under way has ended: only then may the store be closed
 */
export function startPruning({ store, clock, onError, timer = systemTimer }: PruningOptions): {
  stop(): Promise<void>
} {
  let isStopped = false
  let cancel = (): void => undefined
  let underway = Promise.resolve()

  /** @param now of the whole round, so that it ends; null: a round begins */
  function after(milliseconds: number, now: number | null): void {
    cancel = timer(() => {
      underway = step(now ?? clock.now())
    }, milliseconds)
  }

  async function step(now: number): Promise<void> {
    let rows = 0
    try {
      rows = await store.prune(now)
    } catch (error) {
      onError(error)
    }
    if (isStopped) return
    if (rows > 0) after(PAUSE_MS, now)
    else after(EVERY_MS, null)
  }

  after(FIRST_MS, null)
  return {
    async stop() {
      isStopped = true
      cancel()
      await underway
    },
  }
}
