import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { OperatorIdentity } from '../auth/operator-authenticator.ts'
import type { Metrics } from '../metrics/metrics.ts'

/** `/livez` on the public listener: the process runs and answers. It says nothing of what it depends on. */
export function livenessRoute(app: FastifyInstance): void {
  app.get('/livez', (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }))
}

/** What readiness depends on. */
export interface ReadinessOptions {
  readonly isDraining: () => boolean
  /** Rejects when the store cannot take a write now. */
  readonly checkStore: () => Promise<void>
}

/** `/readyz` on the operator's listener: whether new work is welcome, and if not, why not. */
export function readinessRoute(app: FastifyInstance, options: ReadinessOptions): void {
  app.get('/readyz', { config: { role: 'open' } }, async (_request, reply) => {
    const store = await options.checkStore().then(
      () => 'ok',
      () => 'failed',
    )
    const draining = options.isDraining()
    const ready = store === 'ok' && !draining
    void reply.code(ready ? 200 : 503).header('cache-control', 'no-store')
    return { status: ready ? 'ready' : 'not ready', checks: { store, draining } }
  })
}

/** What `/metrics` shows, and who may read it beside operators. */
export interface MetricsRouteOptions {
  readonly metrics: Pick<Metrics, 'exposition'>
  /** When unset, an admin token is taken, and from loopback none is needed. */
  readonly metricsToken: { matches(candidate: string): boolean } | undefined
}

/** Whoever reads the metrics without an admin token: no more than that. */
const READER: OperatorIdentity = { id: 'metrics', name: 'metrics', role: 'metrics' }

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1'])

/**
 * Tells who may read the metrics without an admin token: by METRICS_TOKEN, or from this machine where there is none.
 * @returns null: whoever it is needs an admin token
 */
export function readerOf({ metricsToken }: MetricsRouteOptions) {
  return (candidate: string | null, { raw }: FastifyRequest): OperatorIdentity | null => {
    if (candidate !== null) return metricsToken?.matches(candidate) === true ? READER : null
    return metricsToken === undefined && LOOPBACK.has(raw.socket.remoteAddress ?? '') ? READER : null
  }
}

/** `/metrics` on the operator's listener; the guard of the listener has let its reader in. */
export function metricsRoute(app: FastifyInstance, { metrics }: MetricsRouteOptions): void {
  app.get('/metrics', { config: { role: 'metrics' }, schema: { hide: true } }, async (_request, reply) => {
    const { contentType, text } = await metrics.exposition()
    return reply.header('content-type', contentType).header('cache-control', 'no-store').send(text)
  })
}
