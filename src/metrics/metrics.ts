import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import type { Call } from '../call.ts'
import { OPERATIONS } from '../minimax/catalog.ts'
import { FAILURE_CODES } from '../minimax/failures.ts'
import { MODELS } from '../minimax/models.ts'
import { TASK_KINDS, type TaskKind } from '../minimax/tasks.ts'
import {
  AUTH_RESULTS,
  LIMITS,
  PRICE_LOOKUPS,
  PRICE_RELOADS,
  type AuthResult,
  type LimitLabel,
  type PriceLookup,
  type PriceReload,
} from './labels.ts'

/** What stands for every request that no operation matches. */
export const UNKNOWN_OPERATION = { name: 'unknown', modality: 'unknown' } as const

const PREFIX = 'minimax_gateway_'
/** Nano-units in one unit of money. */
const NANO = 1e9

/** Seconds, from the fastest refusal to the longest song. */
const LATENCY = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800]
/** Seconds that the gateway itself takes. */
const OVERHEAD = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25]

/** Seconds of one write to the disk. */
const COMMIT = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]

/** What can become of a task, as the books have it. */
const TASK_STATES = ['running', 'succeeded', 'failed', 'expired'] as const

/** How many tasks of a kind are in a state. */
export interface TaskTally {
  readonly kind: TaskKind
  readonly state: (typeof TASK_STATES)[number]
  readonly count: number
}

/** What is kept per operation, so that a request looks up no labels. */
interface OperationMetrics {
  readonly seconds: { observe(value: number): void }
  readonly firstByte: { observe(value: number): void }
  readonly overhead: { observe(value: number): void }
  inflight: number
  /** Children of `requests_total` by outcome and model, made when first needed; their number is bounded by our lists. */
  readonly requests: Map<string, { inc(): void }>
}

/** Everything that the gateway tells Prometheus. Each label's values come from a list of ours. */
export class Metrics {
  readonly #registry = new Registry()
  readonly #requests: Counter<'operation' | 'model' | 'outcome'>
  readonly #authAttempts: Counter<'result'>
  readonly #authOk: { inc(): void }
  readonly #limited: Counter<'limit'>
  readonly #providerCodes: Counter<'code'>
  readonly #keyMasked: Counter
  readonly #turnWait: Histogram
  readonly #ledgerCommit: Histogram
  readonly #priceLookups = new Map<PriceLookup, { inc(): void }>()
  readonly #priceReloads: Counter<'result'>
  readonly #tasks: Gauge<'kind' | 'state'>
  readonly #budgetsPassed: Counter
  #held: () => { readonly money: bigint; readonly holds: number } = () => ({ money: 0n, holds: 0 })
  #countTasks: () => Promise<readonly TaskTally[]> = () => Promise.resolve([])
  readonly #byOperation = new Map<string, OperationMetrics>()

  constructor() {
    const registers = [this.#registry]
    collectDefaultMetrics({ register: this.#registry })
    this.#requests = new Counter({
      name: `${PREFIX}requests_total`,
      help: 'Requests by operation, model and how they ended.',
      labelNames: ['operation', 'model', 'outcome'],
      registers,
    })
    const seconds = new Histogram({
      name: `${PREFIX}request_seconds`,
      help: 'From the first byte of a request to the last byte of its answer.',
      labelNames: ['operation'],
      buckets: LATENCY,
      registers,
    })
    const firstByte = new Histogram({
      name: `${PREFIX}first_byte_seconds`,
      help: 'From the first byte of a request to the first byte that upstream answered.',
      labelNames: ['operation'],
      buckets: LATENCY,
      registers,
    })
    const overhead = new Histogram({
      name: `${PREFIX}overhead_seconds`,
      help: 'From the first byte of a request until it was sent upstream.',
      labelNames: ['operation'],
      buckets: OVERHEAD,
      registers,
    })
    const inflight = new Gauge({
      name: `${PREFIX}inflight`,
      help: 'Requests under way.',
      labelNames: ['operation'],
      registers,
      collect: () => {
        for (const [operation, { inflight: count }] of this.#byOperation) inflight.set({ operation }, count)
      },
    })
    this.#authAttempts = new Counter({
      name: `${PREFIX}auth_attempts_total`,
      help: 'Attempts to authenticate, by how they ended.',
      labelNames: ['result'],
      registers,
    })
    for (const result of AUTH_RESULTS) this.#authAttempts.inc({ result }, 0)
    this.#authOk = this.#authAttempts.labels({ result: 'ok' })
    this.#limited = new Counter({
      name: `${PREFIX}limited_total`,
      help: 'Requests that a limit refused.',
      labelNames: ['limit'],
      registers,
    })
    for (const limit of LIMITS) this.#limited.inc({ limit }, 0)
    this.#providerCodes = new Counter({
      name: `${PREFIX}provider_codes_total`,
      help: "MiniMax's own codes of failure.",
      labelNames: ['code'],
      registers,
    })
    this.#ledgerCommit = new Histogram({
      name: `${PREFIX}ledger_commit_seconds`,
      help: 'How long the store took to write a group of changes of the ledger to the disk.',
      buckets: COMMIT,
      registers,
    })
    this.#turnWait = new Histogram({
      name: `${PREFIX}turn_wait_seconds`,
      help: 'How long calls waited for their turn at a MiniMax account; those that went at once are not counted.',
      buckets: COMMIT,
      registers,
    })
    this.#keyMasked = new Counter({
      name: `${PREFIX}key_masked_total`,
      help: 'Times that the master key was masked in what upstream answered.',
      registers,
    })
    const priceLookups = new Counter({
      name: `${PREFIX}price_lookups_total`,
      help: 'Calls by how their price was found, or why they have none.',
      labelNames: ['status'],
      registers,
    })
    for (const status of PRICE_LOOKUPS) {
      priceLookups.inc({ status }, 0)
      this.#priceLookups.set(status, priceLookups.labels({ status }))
    }
    this.#priceReloads = new Counter({
      name: `${PREFIX}prices_reloads_total`,
      help: "Changes of the operator's file of prices, by what came of them.",
      labelNames: ['result'],
      registers,
    })
    for (const result of PRICE_RELOADS) this.#priceReloads.inc({ result }, 0)
    this.#budgetsPassed = new Counter({
      name: `${PREFIX}soft_budgets_passed_total`,
      help: 'Soft budgets that were used up, once for each period.',
      registers,
    })
    const held: Gauge = new Gauge({
      name: `${PREFIX}held_usd`,
      help: 'Money that is held for calls and tasks under way, in the currency of the price list.',
      registers,
      collect: () => held.set(Number(this.#held().money) / NANO),
    })
    const holds: Gauge = new Gauge({
      name: `${PREFIX}holds`,
      help: 'Calls and tasks under way for which something is held.',
      registers,
      collect: () => holds.set(this.#held().holds),
    })
    this.#tasks = new Gauge({
      name: `${PREFIX}tasks`,
      help: 'Tasks that the books have, by what they make and by state.',
      labelNames: ['kind', 'state'],
      registers,
      collect: () => this.#collectTasks(),
    })
    for (const { name } of [...OPERATIONS, UNKNOWN_OPERATION]) {
      this.#byOperation.set(name, {
        seconds: seconds.labels({ operation: name }),
        firstByte: firstByte.labels({ operation: name }),
        overhead: overhead.labels({ operation: name }),
        inflight: 0,
        requests: new Map(),
      })
    }
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
    const model = call.model === '' ? '' : MODELS.has(call.model) ? call.model : 'other'
    const key = `${call.outcome} ${model}`
    let requests = metrics.requests.get(key)
    if (requests === undefined) {
      requests = this.#requests.labels({ operation: call.operation.name, model, outcome: call.outcome })
      metrics.requests.set(key, requests)
    }
    requests.inc()
    metrics.seconds.observe(call.durationMs / 1000)
    if (call.firstByteAt !== 0) metrics.firstByte.observe((call.firstByteAt - call.startedAt) / 1000)
    if (call.sentAt !== 0) metrics.overhead.observe((call.sentAt - call.startedAt) / 1000)
    if (call.providerCode !== 0) {
      this.#providerCodes.inc({
        code: call.providerCode in FAILURE_CODES ? String(call.providerCode) : 'other',
      })
    }
    if (call.keyMasked > 0) this.#keyMasked.inc(call.keyMasked)
  }

  authAttempt(result: AuthResult): void {
    if (result === 'ok') this.#authOk.inc()
    else this.#authAttempts.inc({ result })
  }

  limited(limit: LimitLabel): void {
    this.#limited.inc({ limit })
  }

  /** A soft budget is used up. */
  budgetPassed(): void {
    this.#budgetsPassed.inc()
  }

  /** @param held asked whenever Prometheus reads; money in nano-units */
  watchHeld(held: () => { readonly money: bigint; readonly holds: number }): void {
    this.#held = held
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
    this.#priceReloads.inc({ result })
  }

  /** @param seconds that one group of changes took to be on disk */
  ledgerCommit(seconds: number): void {
    this.#ledgerCommit.observe(seconds)
  }

  /** @param count asked whenever Prometheus reads; while it rejects there are no numbers of tasks */
  watchTasks(count: () => Promise<readonly TaskTally[]>): void {
    this.#countTasks = count
  }

  async #collectTasks(): Promise<void> {
    this.#tasks.reset()
    let tallies: readonly TaskTally[]
    try {
      tallies = await this.#countTasks()
    } catch {
      // Whoever counts tells of it; all the other metrics are still read.
      return
    }
    for (const kind of TASK_KINDS) for (const state of TASK_STATES) this.#tasks.set({ kind, state }, 0)
    for (const { kind, state, count } of tallies) this.#tasks.set({ kind, state }, count)
  }

  /** The text that Prometheus reads, and its type. */
  async exposition(): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() }
  }
}
