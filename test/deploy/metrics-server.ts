import { createServer } from 'node:http'
import type { Metrics } from '../../src/metrics/metrics.ts'

/** Metrics that nothing but a test counts, where Prometheus can scrape them. */
export interface MetricsServer extends AsyncDisposable {
  /** `host:port`. */
  readonly target: string
}

/** Serves metrics on loopback, whatever path is asked for. */
export async function serveMetrics(metrics: Metrics): Promise<MetricsServer> {
  const server = createServer((_request, response) => {
    metrics.exposition().then(
      ({ contentType, text }) => response.writeHead(200, { 'content-type': contentType }).end(text),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  server.once('error', reject)
  server.listen(0, '127.0.0.1', () => resolve(undefined))
  await promise
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('there is no port')
  return {
    target: `127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}
