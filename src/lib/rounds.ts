import { systemTimer, type Timer } from './timer.ts'

/** Work that is done again and again, each round in steps, so that requests get in between. Times are milliseconds. */
export interface RoundsOptions<Bounds> {
  /** Until the first round: a start has better things to do. */
  readonly firstMs: number
  /** Between two steps of one round. */
  readonly pauseMs: number
  /** From the last step of one round to the next. */
  readonly everyMs: number
  /** @returns what all steps of a round that begins now have in common, so that it ends */
  readonly begin: () => Bounds
  /** One step. @returns how much it did; 0: the round is over */
  readonly step: (bounds: Bounds) => Promise<number>
  /** Told when a step failed; the next round comes at its time. Must not throw. */
  readonly onError: (error: unknown) => void
  readonly timer?: Timer | undefined
}

/**
 * Starts the rounds.
 * @returns stops them, and resolves when a step that is under way has ended
 */
export function startRounds<Bounds extends number | object>(
  options: RoundsOptions<Bounds>,
): { stop(): Promise<void> } {
  const { firstMs, pauseMs, everyMs, begin, step, onError, timer = systemTimer } = options
  let isStopped = false
  let cancel = (): void => undefined
  let underway = Promise.resolve()

  /** @param bounds null: a round begins */
  function after(milliseconds: number, bounds: Bounds | null): void {
    cancel = timer(() => {
      underway = run(bounds ?? begin())
    }, milliseconds)
  }

  async function run(bounds: Bounds): Promise<void> {
    let done = 0
    try {
      done = await step(bounds)
    } catch (error) {
      onError(error)
    }
    if (isStopped) return
    if (done > 0) after(pauseMs, bounds)
    else after(everyMs, null)
  }

  after(firstMs, null)
  return {
    async stop() {
      isStopped = true
      cancel()
      await underway
    },
  }
}
