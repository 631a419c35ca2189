import type { Config } from '../config/schema.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../log.ts'
import { Billing } from '../metering/billing.ts'
import { Entry, type EntryTools } from '../metering/entry.ts'
import { Estimator, type WorstCase } from '../metering/estimate.ts'
import { Ledger } from '../metering/ledger.ts'
import { openPriceBook } from '../metering/price-book.ts'
import { startRetention } from '../metering/retention.ts'
import { factsOf, taskOpeningOf } from '../metering/tasks.ts'
import { TaskTracker, type TaskEnd, type Trouble } from '../metering/tracker.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { OPERATIONS } from '../minimax/catalog.ts'
import type { TaskReport } from '../minimax/tasks.ts'
import type { Usage } from '../minimax/units.ts'
import { ask } from '../proxy/ask.ts'
import type { UpstreamKey, UpstreamKeys } from '../proxy/keys.ts'
import type { Upstream } from '../proxy/upstream.ts'
import type { Pipeline } from '../routes/passage.ts'
import type { LedgerStore, Task } from '../store/store.ts'

/** How long the end of the process waits for the last settlements. */
const LAST_COMMIT_MS = 10_000

/** Everything that keeps the books. */
export interface Books {
  readonly ledger: Ledger
  readonly of: Pipeline['books']
  /** @throws GatewayError `price_unknown` */
  readonly checkPrice: Pipeline['checkPrice']
  /** What a running task may cost at the most. */
  readonly worstCaseOf: (task: Task) => WorstCase
  /** Somebody else was told how a task stands. */
  observe(operation: string, upstreamKey: string, document: Buffer): void
  /** Follows tasks and takes out old rows, from now on. */
  start(): void
  /** Ends all that; resolves when the last settlement is on disk or cannot be written. */
  close(): Promise<void>
}

export interface BooksParts {
  readonly config: Config
  readonly store: LedgerStore
  readonly upstream: Upstream
  readonly keys: UpstreamKeys
  readonly metrics: Metrics
  readonly logger: Logger
  readonly clock: Clock
  /** On which account a task is, as the objects of its user say. */
  readonly accountOf: (task: Task) => Promise<string | undefined>
  /** A task was asked about. */
  readonly taskSeen: (task: Task, document: Buffer) => void
  /** Changes have waited for so many milliseconds before the store took them. */
  readonly ledgerWaited: (ms: number) => void
  /** A task has ended, and its call is settled. */
  readonly taskEnded: (task: Task, end: TaskEnd) => void
}

/**
 * Opens the books: prices, ledger, tasks. What an earlier process left open is settled first.
 * @throws PriceFileError when the operator's prices are wrong
 */
export async function openBooks(parts: BooksParts): Promise<Books> {
  const { config, store, metrics, logger, clock } = parts
  const prices = await openPriceBook({
    path: config.pricesFile,
    log: logger,
    clock,
    onReload: (result) => metrics.pricesReloaded(result),
  })
  const billing = new Billing({
    prices,
    currency: config.priceCurrency,
    unknown: config.priceUnknown,
    multiplier: config.priceMultiplier,
    planMultipliers: config.planMultipliers,
    onLookup: (status) => metrics.priceLookup(status),
  })
  const interrupted = await store.interrupt(clock.now())
  if (interrupted > 0)
    logger.warn({ calls: interrupted }, 'an earlier process left calls open; they are settled')

  const ledger = openLedger(parts)
  const tracker = openTracker(parts, ledger, billing)
  metrics.watchTasks(() => tracker.counts())
  const tools: EntryTools = {
    ledger,
    billing,
    estimator: new Estimator({
      prices,
      currency: config.priceCurrency,
      unknown: config.priceUnknown,
      holdOutputTokens: config.holdOutputTokens,
    }),
    clock,
    taskOf: (call, facts, bill, document) =>
      taskOpeningOf(
        {
          requestId: call.requestId,
          userId: call.caller?.userId ?? '',
          tokenId: call.caller?.tokenId ?? '',
          operation: call.operation.name,
          model: call.model,
          upstreamKey: call.upstreamKey,
        },
        facts,
        bill,
        document,
        clock.now(),
      ),
    beforeDelete: (taskId) => tracker.look(taskId),
    observe: (operation, upstreamKey, document) => void tracker.observe(operation, upstreamKey, document),
  }
  let retention: ReturnType<typeof startRetention> | undefined

  return {
    ledger,
    of: (call, identity, body, subject) =>
      new Entry(
        tools,
        call,
        billing.multiplierOf(identity ?? { multiplier: null, planMultiplier: null, plan: null }),
        body,
        subject,
      ),
    worstCaseOf: (task) => worstCaseOf(tools.estimator, task),
    observe: tools.observe,
    checkPrice: (operation, model) => billing.check({ operation, model, at: clock.now() }),
    start() {
      tracker.start()
      retention = startRetention({
        ledger: store,
        keepMs: config.ledgerRetention,
        clock,
        onError: (error) => logger.error({ err: error }, 'old rows of the ledger could not be taken out'),
      })
    },
    async close() {
      prices.close()
      await tracker.stop()
      await retention?.stop()
      const left = await ledger.close(LAST_COMMIT_MS)
      if (left > 0) logger.error({ changes: left }, 'the ledger could not be written to the end')
    },
  }
}

function openLedger(parts: BooksParts): Ledger {
  const { store, clock, metrics, logger } = parts
  return new Ledger(store, clock, {
    committed(ms, _changes, waitedMs) {
      metrics.ledgerCommit(ms / 1000)
      parts.ledgerWaited(waitedMs)
    },
    failing: (error) =>
      logger.error({ err: error.cause ?? error }, 'the ledger takes no writes: new calls are refused'),
    recovered: () => logger.info('the ledger takes writes again'),
    lost: (change, error) =>
      logger.error({ err: error, kind: change.kind }, 'a change cannot be written to the ledger'),
  })
}

function openTracker(parts: BooksParts, ledger: Ledger, billing: Billing): TaskTracker {
  const { store, upstream, logger, clock } = parts
  return new TaskTracker({
    ledger: store,
    write: (change) =>
      new Promise((resolve, reject) => {
        ledger.write(change, (error, applied) => (error === null ? resolve(applied) : reject(error)))
      }),
    async ask(task, { operation: name, path }, signal) {
      const key = await keyFor(parts, task)
      const operation = OPERATIONS.find((one) => one.name === name)
      if (key === undefined)
        throw new Error(`the upstream key ${task.upstreamKey} is not configured any more`)
      if (operation === undefined) throw new Error(`there is no operation ${name}`)
      const answer = await ask(upstream, { operation, path, key }, signal)
      parts.taskSeen(task, answer.body)
      return answer
    },
    bill: (task, usage, report) => billTask(billing, task, usage, report),
    clock,
    random: Math.random,
    events: {
      ended(task, end) {
        parts.taskEnded(task, end)
        logger.debug({ task: task.taskId, state: end.state }, 'a task has ended')
      },
      trouble: (task, trouble) =>
        logger.warn({ task: task.taskId, ...troubleOf(trouble) }, 'a task did not answer'),
      failed: (what, error) => logger.error({ err: error }, `following tasks: the ${what} failed`),
    },
  })
}

/** The key that made a task, or one that has taken its place; undefined: its account has none any more. */
async function keyFor({ keys, accountOf }: BooksParts, task: Task): Promise<UpstreamKey | undefined> {
  const named = keys.named(task.upstreamKey)
  if (named !== undefined) return named
  const account = keys.accountOf(task.upstreamKey) ?? (await accountOf(task))
  return account === undefined ? undefined : (keys.pickOf(account) ?? keys.of(account)[0])
}

/** For the log: MiniMax's code, never its text. */
function troubleOf(trouble: Trouble): Readonly<Record<string, unknown>> {
  return trouble.kind === 'unreachable'
    ? { err: trouble.error }
    : { status: trouble.status, providerCode: trouble.failure?.code }
}

function billTask(billing: Billing, task: Task, usage: Usage, report: TaskReport): Task['bill'] {
  const facts = factsOf(task.facts)
  const { bill, status } = billing.bill({
    operation: task.operation,
    model: report.model,
    askedModel: task.model === '' ? undefined : task.model,
    at: task.createdAt,
    usage,
    facts: facts === undefined ? undefined : { ...facts, resolution: report.resolution ?? facts.resolution },
    estimated: false,
    multiplier: task.bill.multiplier,
  })
  // What the end reports has no price: what the request told has.
  return status === 'unpriced' || status === 'refused' ? { ...task.bill, estimated: true } : bill
}

/** As it was held before the process ended; a task of an earlier version keeps no facts that tell it. */
function worstCaseOf(estimator: Pick<Estimator, 'estimate'>, task: Task): WorstCase {
  const { operation, model, createdAt, bill } = task
  const facts = factsOf(task.facts)
  if (facts === undefined) return bill
  const worst = estimator.estimate({
    operation,
    model: model === '' ? undefined : model,
    facts,
    at: createdAt,
    multiplier: bill.multiplier,
    maxOutputTokens: null,
  })
  return worst.charged < bill.charged ? bill : worst
}
