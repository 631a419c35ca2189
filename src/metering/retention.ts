import type { Clock } from '../lib/clock.ts'
import type { LedgerStore } from '../store/store.ts'

/** Not at once: a start has better things to do. */
const FIRST_MS = 60_000
const EVERY_MS = 3_600_000
/** Between two prunings of one round, so that a store which takes rows out in pieces lets calls in between. */
const PAUSE_MS = 1_000

/** How long an object that has expired is still on record. */
const EXPIRED_MS = 24 * 3_600_000

/** Calls back once after so many milliseconds. @returns takes it back */
export type Timer = (callback: () => void, milliseconds: number) => () => void

export interface RetentionOptions {
  readonly ledger: Pick<LedgerStore, 'prune'>
  /** How long a settled row is kept, in milliseconds; 0: for ever. Objects that have expired go in any case. */
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
  const { ledger, keepMs, clock, onError, timer = systemTimer } = options
  let isStopped = false
  let cancel = (): void => undefined
  let underway = Promise.resolve()

  function limitsAt(now: number): Limits {
    return { rows: keepMs > 0 ? now - keepMs : 0, objects: now - EXPIRED_MS }
  }

  function after(milliseconds: number, limits: Limits | null): void {
    cancel = timer(() => {
      underway = prune(limits ?? limitsAt(clock.now()))
    }, milliseconds)
  }

  /** One step of a round; all of its steps have the same limits, so that it ends. */
  async function prune(limits: Limits): Promise<void> {
    let rows = 0
    try {
      rows = await ledger.prune(limits.rows, limits.objects)
    } catch (error) {
      onError(error)
    }
    if (isStopped) return
    if (rows > 0) after(PAUSE_MS, limits)
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
