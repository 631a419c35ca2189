import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'
import type { Call } from '../call.ts'
import { OPERATIONS } from '../minimax/catalog.ts'
import { FAILURE_CODES } from '../minimax/failures.ts'
import { MODELS } from '../minimax/models.ts'

/** What stands for every request that no operation matches. */
export const UNKNOWN_OPERATION = { name: 'unknown', modality: 'unknown' } as const

const PREFIX = 'minimax_gateway_'

/** Seconds, from the fastest refusal to the longest song. */
const LATENCY = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800]
/** Seconds that the gateway itself takes. */
const OVERHEAD = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25]

/** How an attempt to authenticate ended. */
export const AUTH_RESULTS = [
  'ok',
  'missing',
  'invalid',
  'expired',
  'revoked',
  'suspended',
  'ambiguous',
  'throttled',
  'unavailable',
] as const

export type AuthResult = (typeof AUTH_RESULTS)[number]

const RESULT_OF_CODE: Readonly<Record<string, AuthResult>> = {
  token_missing: 'missing',
  token_invalid: 'invalid',
  token_expired: 'expired',
  token_revoked: 'revoked',
  user_suspended: 'suspended',
  ambiguous_header: 'ambiguous',
  ambiguous_credentials: 'ambiguous',
  store_unavailable: 'unavailable',
}

/** @param code of the error with which an attempt ended */
export function authResultOf(code: string): AuthResult {
  return RESULT_OF_CODE[code] ?? 'unavailable'
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
    for (const limit of ['address', 'auth_failures']) this.#limited.inc({ limit }, 0)
    this.#providerCodes = new Counter({
      name: `${PREFIX}provider_codes_total`,
      help: "MiniMax's own codes of failure.",
      labelNames: ['code'],
      registers,
    })
    this.#keyMasked = new Counter({
      name: `${PREFIX}key_masked_total`,
      help: 'Times that the master key was masked in what upstream answered.',
      registers,
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

  limited(limit: 'address' | 'auth_failures'): void {
    this.#limited.inc({ limit })
  }

  /** The text that Prometheus reads, and its type. */
  async exposition(): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() }
  }
}
