import type { Clock } from '../lib/clock.ts'
import type { LedgerStore } from '../store/store.ts'

/** Not at once: a start has better things to do. */
const FIRST_MS = 60_000
const EVERY_MS = 3_600_000
/** Between two prunings of one round, so that a store which takes rows out in pieces lets calls in between. */
const PAUSE_MS = 1_000

/** Calls back once after so many milliseconds. @returns takes it back */
export type Timer = (callback: () => void, milliseconds: number) => () => void

export interface RetentionOptions {
  readonly ledger: Pick<LedgerStore, 'prune'>
  /** How long a settled row is kept, in milliseconds; 0: for ever. */
  readonly keepMs: number
  readonly clock: Pick<Clock, 'now'>
  /** Told when a pruning failed; the next one is tried an hour later. Must not throw. */
  readonly onError: (error: unknown) => void
  readonly timer?: Timer
}

const systemTimer: Timer = (callback, milliseconds) => {
  const timeout = setTimeout(callback, milliseconds)
  timeout.unref()
  return () => clearTimeout(timeout)
}

/**
 * Takes old rows out of the books: a minute after the start, then every hour. Totals stay.
 * @returns stops it, and resolves when a pruning that is under way has ended: only then may the store be closed
 */
export function startRetention(options: RetentionOptions): { stop(): Promise<void> } {
  const { ledger, keepMs, clock, onError, timer = systemTimer } = options
  let isStopped = false
  let cancel = (): void => undefined
  let underway = Promise.resolve()

  function after(milliseconds: number, before: number | null): void {
    cancel = timer(() => {
      underway = prune(before ?? clock.now() - keepMs)
    }, milliseconds)
  }

  /** One step of a round; all of its steps have the same limit, so that it ends. */
  async function prune(before: number): Promise<void> {
    let rows = 0
    try {
      rows = await ledger.prune(before)
    } catch (error) {
      onError(error)
    }
    if (isStopped) return
    if (rows > 0) after(PAUSE_MS, before)
    else after(EVERY_MS, null)
  }

  if (keepMs > 0) after(FIRST_MS, null)
  return {
    async stop() {
      isStopped = true
      cancel()
      await underway
    },
  }
}
