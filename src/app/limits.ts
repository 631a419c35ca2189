import type { Config } from '../config/schema.ts'
import { GatewayError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import { formatMoney } from '../lib/money.ts'
import type { Kept, Limiter, LimiterEvents } from '../limits/limiter.ts'
import { MemoryLimiter } from '../limits/memory.ts'
import { SessionCalls } from '../limits/session-calls.ts'
import type { Logger } from '../log.ts'
import type { Ledger } from '../metering/ledger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Budget, Store, Task } from '../store/store.ts'

/** Tasks that are read at a time when the process starts. */
const STEP = 1_000

export interface LimitsParts {
  readonly config: Pick<Config, 'timeZone' | 'priceCurrency'>
  readonly store: Pick<Store, 'ledger' | 'credits'>
  /** In which changes wait for the store. */
  readonly ledger: Pick<Ledger, 'flushed' | 'isFailing'>
  /** What a task may cost at the most. */
  readonly worstCaseOf: (task: Task) => Pick<Kept, 'charged' | 'usage'>
  readonly metrics: Metrics
  readonly logger: Logger
  readonly clock: Clock
}

/**
 * Opens what keeps callers inside their limits, and holds again what an earlier process held for tasks that still run.
 * Calls that it left open hold nothing any more: the ledger has settled them.
 */
export async function openLimits({
  config,
  store,
  ledger,
  worstCaseOf,
  metrics,
  logger,
  clock,
}: LimitsParts): Promise<Limiter> {
  const currency = config.priceCurrency
  const events: LimiterEvents = {
    refused: (kind) => metrics.limited(kind),
    notice({ subject, period, budget }) {
      metrics.budgetPassed()
      logger.warn({ [subject.kind]: subject.id, period, ...described(budget) }, 'a soft budget is used up')
    },
    failed: (error) => logger.error({ err: error }, 'limits could not be read: calls are refused'),
  }
  const limiter = new MemoryLimiter({
    clock,
    timeZone: config.timeZone,
    source: {
      async spent({ kind, id }, from, to) {
        // What waits in memory because the disk is full is not in the store, and no longer with its caller either.
        if (ledger.isFailing) throw new GatewayError('store_unavailable')
        await ledger.flushed()
        const spent = await store.ledger.spent({ dimension: kind, id, from, to, currency })
        // A call may be in the answer whose settlement nobody was told of yet; told before it, the answer is read again.
        await ledger.flushed()
        return spent
      },
      credit: (userId) => store.credits.total(userId),
    },
    events,
  })
  metrics.watchHeld(() => ({ money: limiter.held, holds: limiter.holds }))
  await resume(store.ledger, limiter, currency, worstCaseOf)
  return new SessionCalls({
    limiter,
    async callsOf(sessionId) {
      if (ledger.isFailing) throw new GatewayError('store_unavailable')
      await ledger.flushed()
      return await store.ledger.sessionCalls(sessionId)
    },
    events,
  })
}

async function resume(
  ledger: Pick<Store['ledger'], 'runningTasks'>,
  limiter: Limiter,
  currency: string,
  worstCaseOf: LimitsParts['worstCaseOf'],
): Promise<void> {
  let after: Pick<Task, 'taskId' | 'upstreamKey'> | null = null
  for (;;) {
    const tasks: readonly Task[] = await ledger.runningTasks(after, STEP)
    for (const task of tasks) {
      const { requestId, userId, tokenId, sessionId, endUser, bill } = task
      const { charged, usage } = worstCaseOf(task)
      limiter.resume({
        requestId,
        userId,
        tokenId,
        sessionId,
        endUser,
        charged: bill.currency === currency ? charged : 0n,
        usage,
      })
    }
    const last = tasks.at(-1)
    if (last === undefined) return
    after = { taskId: last.taskId, upstreamKey: last.upstreamKey }
  }
}

function described(budget: Budget): Readonly<Record<string, unknown>> {
  return 'unit' in budget
    ? { unit: budget.unit, quantity: budget.quantity }
    : { amount: formatMoney(budget.amount) }
}
