import type { Call } from '../call.ts'
import { OPERATIONS } from '../minimax/catalog.ts'
import { FAILURE_CODES } from '../minimax/failures.ts'
import { MODELS } from '../minimax/models.ts'
import { TASK_KINDS } from '../minimax/tasks.ts'
import { RESPONSES, SIGNALS, type Response, type Signal } from '../signals.ts'
import { AccessMetrics } from './access.ts'
import { COMMIT, FAMILIES, LATENCY, OVERHEAD } from './families.ts'
import { JwksMetrics } from './jwks.ts'
import { KeyMetrics } from './keys.ts'
import {
  ADMIN_AUTH_RESULTS,
  AUTH_RESULTS,
  LIMITS,
  PRICE_LOOKUPS,
  PRICE_RELOADS,
  TASK_STATES,
  type AdminAuthResult,
  type AuthResult,
  type LimitLabel,
  type PriceLookup,
  type PriceReload,
} from './labels.ts'
import { MetricsRegistry, type Child, type Exposition, type Gauge } from './registry.ts'
import { OTHER_MODEL } from './usage-series.ts'
import { UserTotals, type CountedBill } from './users.ts'
import { nothingWatched, type Watched } from './watched.ts'

/** What stands for every request that no operation matches. */
export const UNKNOWN_OPERATION = { name: 'unknown', modality: 'unknown' } as const

/** Nano-units in one unit of money. */
const NANO = 1e9
/** How many series of requests name a model; beyond them, `other` stands for it. */
const REQUEST_SERIES = 1_000
/** How many series of usage there may be. */
const USAGE_SERIES = 2_000
/** The default of the setting `metrics_users`. */
const USERS = 50

/** What is kept per operation, so that a request looks up no labels. */
interface OperationMetrics {
  readonly seconds: { observe(value: number): void }
  readonly firstByte: { observe(value: number): void }
  readonly overhead: { observe(value: number): void }
  inflight: number
  /** Children of `requests_total` by outcome, then by model, made when first needed; their number is bounded. */
  readonly requests: Map<string, Map<string, Child>>
}

/** Settings of the metrics. */
export interface MetricsOptions {
  /** How many users, the busiest, have series of their own. */
  readonly users?: number
}

/** Everything that the gateway tells Prometheus. Each label's values come from a list of ours, or from the operator. */
export class Metrics {
  readonly #registry = new MetricsRegistry()
  /** Of identity providers. */
  readonly jwks = new JwksMetrics(this.#registry)
  /** Of requests for access. */
  readonly access = new AccessMetrics(this.#registry)
  /** Of upstream keys. */
  readonly keys = new KeyMetrics(this.#registry)
  readonly #requests = this.#registry.counter(FAMILIES.requests)
  readonly #authAttempts = this.#registry.counted(FAMILIES.authAttempts, 'result', AUTH_RESULTS)
  readonly #adminAuthAttempts = this.#registry.counted(
    FAMILIES.adminAuthAttempts,
    'result',
    ADMIN_AUTH_RESULTS,
  )
  readonly #limited = this.#registry.counted(FAMILIES.limited, 'limit', LIMITS)
  readonly #providerCodes = this.#registry.counted(FAMILIES.providerCodes, 'code', [
    ...Object.keys(FAILURE_CODES),
    OTHER_MODEL,
  ])
  readonly #priceLookups = this.#registry.counted(FAMILIES.priceLookups, 'status', PRICE_LOOKUPS)
  readonly #priceReloads = this.#registry.counted(FAMILIES.priceReloads, 'result', PRICE_RELOADS)
  readonly #incidents = this.#registry.counter(FAMILIES.incidents)
  readonly #keyMasked = this.#registry.counter(FAMILIES.keyMasked)
  readonly #budgetsPassed = this.#registry.counter(FAMILIES.budgetsPassed)
  readonly #abuseFailures = this.#registry.counter(FAMILIES.abuseFailures)
  readonly #lastUsedFailures = this.#registry.counter(FAMILIES.lastUsedFailures)
  readonly #seriesFolded = this.#registry.counter(FAMILIES.seriesFolded)
  readonly #lost = this.#registry.counter(FAMILIES.lost)
  readonly #turnWait = this.#registry.histogram(FAMILIES.turnWait, COMMIT)
  readonly #ledgerCommit = this.#registry.histogram(FAMILIES.ledgerCommit, COMMIT)
  readonly #byOperation = new Map<string, OperationMetrics>()
  readonly #users: UserTotals
  readonly #watched: Watched = nothingWatched()
  #requestSeries = 0

  constructor({ users = USERS }: MetricsOptions = {}) {
    this.#users = new UserTotals({
      cap: users,
      limit: USAGE_SERIES,
      onFold: () => this.#seriesFolded.inc(),
      onLost: (count) => this.#lost.inc(count),
    })
    // An alert on an increase sees the first of them only where there was a zero before it.
    for (const signal of Object.keys(SIGNALS))
      for (const response of RESPONSES) this.#incidents.inc({ signal, response }, 0)
    this.#openOperations()
    this.#showUsers()
    this.#showWatched()
  }

  #openOperations(): void {
    const seconds = this.#registry.histogram(FAMILIES.seconds, LATENCY)
    const firstByte = this.#registry.histogram(FAMILIES.firstByte, LATENCY)
    const overhead = this.#registry.histogram(FAMILIES.overhead, OVERHEAD)
    this.#registry.gauge(FAMILIES.inflight, (gauge) => {
      for (const [operation, { inflight }] of this.#byOperation) gauge.set({ operation }, inflight)
    })
    for (const { name: operation } of [...OPERATIONS, UNKNOWN_OPERATION]) {
      this.#byOperation.set(operation, {
        seconds: seconds.labels({ operation }),
        firstByte: firstByte.labels({ operation }),
        overhead: overhead.labels({ operation }),
        inflight: 0,
        requests: new Map(),
      })
    }
  }

  #showUsers(): void {
    this.#registry.counter(FAMILIES.usage, (counter) => {
      counter.reset()
      for (const { user, model, unit, quantity } of this.#users.usage)
        counter.inc({ user, model, unit }, quantity.value)
    })
    this.#registry.counter(FAMILIES.charged, (counter) => {
      counter.reset()
      for (const { user, charged } of this.#users.money()) counter.inc({ user }, Number(charged) / NANO)
    })
    this.#registry.counter(FAMILIES.list, (counter) => {
      counter.reset()
      for (const { user, list } of this.#users.money()) counter.inc({ user }, Number(list) / NANO)
    })
  }

  #showWatched(): void {
    this.#registry.gauge(FAMILIES.held, (gauge) => gauge.set(Number(this.#watched.held().money) / NANO))
    this.#registry.gauge(FAMILIES.holds, (gauge) => gauge.set(this.#watched.held().holds))
    this.#registry.gauge(FAMILIES.draining, (gauge) => gauge.set(this.#watched.isDraining() ? 1 : 0))
    this.#registry.gauge(FAMILIES.tokensExpiring, (gauge) => gauge.set(this.#watched.expiring()))
    this.#registry.gauge(FAMILIES.tasks, (gauge) => this.#collectTasks(gauge))
  }

  /** A request of an operation begins. */
  begin(operation: string): void {
    const metrics = this.#byOperation.get(operation)
    if (metrics !== undefined) metrics.inflight++
  }

  /** A request that began has ended. */
  finish(call: Call): void {
    const metrics = this.#byOperation.get(call.operation.name)
    if (metrics === undefined || call.outcome === null) return
    metrics.inflight--
    const model = modelLabel(call.model)
    const requests =
      metrics.requests.get(call.outcome)?.get(model) ?? this.#openRequests(metrics, call, call.outcome, model)
    requests.inc()
    metrics.seconds.observe(call.durationMs / 1000)
    if (call.firstByteAt !== 0) metrics.firstByte.observe((call.firstByteAt - call.startedAt) / 1000)
    if (call.sentAt !== 0) metrics.overhead.observe((call.sentAt - call.startedAt) / 1000)
    if (call.providerCode !== 0) {
      const code = call.providerCode in FAILURE_CODES ? String(call.providerCode) : OTHER_MODEL
      this.#providerCodes.get(code)?.inc()
    }
    if (call.keyMasked > 0) this.#keyMasked.inc(call.keyMasked)
    if (call.bill !== null && call.caller !== null) this.#users.count(call.caller.userId, model, call.bill)
  }

  #openRequests(metrics: OperationMetrics, call: Call, outcome: string, model: string): Child {
    let byModel = metrics.requests.get(outcome)
    if (byModel === undefined) metrics.requests.set(outcome, (byModel = new Map<string, Child>()))
    let child: Child | undefined
    if (model !== '' && model !== OTHER_MODEL && this.#requestSeries++ >= REQUEST_SERIES) {
      this.#seriesFolded.inc()
      child = byModel.get(OTHER_MODEL) ?? this.#openRequests(metrics, call, outcome, OTHER_MODEL)
    }
    child ??= this.#requests.labels({ operation: call.operation.name, model, outcome })
    byModel.set(model, child)
    return child
  }

  /** Counts the bill of a call that was settled after it ended, as tasks are. @param model as the request named it */
  billed(userId: string, model: string, bill: CountedBill): void {
    this.#users.count(userId, modelLabel(model), bill)
  }

  /** Somebody tried to authenticate. */
  authAttempt(result: AuthResult): void {
    this.#authAttempts.get(result)?.inc()
  }

  /** Somebody came to the operator's listener. */
  adminAuthAttempt(result: AdminAuthResult): void {
    this.#adminAuthAttempts.get(result)?.inc()
  }

  /** A limit has refused a request. */
  limited(limit: LimitLabel): void {
    this.#limited.get(limit)?.inc()
  }

  /** A soft budget is used up. */
  budgetPassed(): void {
    this.#budgetsPassed.inc()
  }

  /** Abuse was found. @param response the step that was taken */
  incident(signal: Signal, response: Response): void {
    this.#incidents.inc({ signal, response })
  }

  /** Looking for abuse has failed; the call went on. */
  abuseFailed(): void {
    this.#abuseFailures.inc()
  }

  /** When tokens were last used could not be written. */
  lastUsedFailed(): void {
    this.#lastUsedFailures.inc()
  }

  /** A call has had to wait for its turn. */
  turnWaited(seconds: number): void {
    this.#turnWait.observe(seconds)
  }

  /** A call was billed, or refused for want of a price. */
  priceLookup(status: PriceLookup): void {
    this.#priceLookups.get(status)?.inc()
  }

  /** The operator's file of prices has changed. */
  pricesReloaded(result: PriceReload): void {
    this.#priceReloads.get(result)?.inc()
  }

  /** @param seconds that one group of changes took to be on disk */
  ledgerCommit(seconds: number): void {
    this.#ledgerCommit.observe(seconds)
  }

  /** @param held asked whenever Prometheus reads; money in nano-units */
  watchHeld(held: Watched['held']): void {
    this.#watched.held = held
  }

  /** @param count asked whenever Prometheus reads; while it rejects there are no numbers of tasks */
  watchTasks(count: Watched['tasks']): void {
    this.#watched.tasks = count
  }

  /** @param isDraining asked whenever Prometheus reads */
  watchDraining(isDraining: Watched['isDraining']): void {
    this.#watched.isDraining = isDraining
  }

  /** @param expiring asked whenever Prometheus reads */
  watchExpiring(expiring: Watched['expiring']): void {
    this.#watched.expiring = expiring
  }

  async #collectTasks(gauge: Gauge<'kind' | 'state'>): Promise<void> {
    gauge.reset()
    let tallies: Awaited<ReturnType<Watched['tasks']>>
    try {
      tallies = await this.#watched.tasks()
    } catch {
      // Whoever counts tells of it; all the other metrics are still read.
      return
    }
    for (const kind of TASK_KINDS) for (const state of TASK_STATES) gauge.set({ kind, state }, 0)
    for (const { kind, state, count } of tallies) gauge.set({ kind, state }, count)
  }

  /** The text that Prometheus reads, and its type. */
  exposition(): Promise<Exposition> {
    return this.#registry.exposition()
  }
}

/** @param model as a client named it */
function modelLabel(model: string): string {
  return model === '' || MODELS.has(model) ? model : OTHER_MODEL
}
