import type { FastifyInstance, FastifyRequest } from 'fastify'
import { SignatureError, type GitHubScanning } from '../abuse/github.ts'
import type { Clock } from '../lib/clock.ts'
import { newRequestId } from '../lib/ids.ts'
import { ownError, sendError } from './admin/errors.ts'
import type { Pipeline } from './passage.ts'

/** Thousands of matches. */
const MAX_BODY = 1024 * 1024
/** GitHub waits no longer for an answer. */
const LONGEST_MS = 30_000
const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

/** What the route of GitHub's reports needs. */
export interface GitHubRouteOptions extends Pick<Pipeline, 'flood' | 'failures'> {
  readonly scanning: Pick<GitHubScanning, 'receive'>
  readonly clock: Pick<Clock, 'now'>
  /** Told of what is not the caller's fault; the caller is not told. */
  readonly onError: (error: unknown, requestId: string) => void
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return typeof value === 'string' ? value : undefined
}

/**
 * `POST /webhooks/github-secret-scanning` on the public listener. Anybody can call it and only GitHub can sign for it, so
 * that addresses are counted as those of wrong tokens are, and a wrong signature learns nothing. Mount it only where the
 * operator wants it: elsewhere there is no such address.
 */
export async function githubRoutes(app: FastifyInstance, options: GitHubRouteOptions): Promise<void> {
  const { scanning, flood, failures, clock, onError } = options
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MAX_BODY }, (_request, body, done) =>
    done(null, body),
  )
  app.setErrorHandler((error: Error, request, reply) => {
    const own = ownError(error)
    if (own.status >= 500) onError(own.cause ?? own, String(reply.getHeader('x-request-id')))
    sendError(own, request, reply)
  })
  app.addHook('onRequest', async (request, reply) => {
    void reply.headers({ ...HEADERS, 'x-request-id': newRequestId(clock.now()) })
    // The server gives uploads an hour to arrive.
    const timer = setTimeout(() => request.raw.socket.destroy(), LONGEST_MS)
    reply.raw.once('close', () => clearTimeout(timer))
    await flood?.(request)
    await failures.check(request)
  })
  app.post('/webhooks/github-secret-scanning', async (request) => {
    const keyId = headerOf(request, 'github-public-key-identifier')
    const signature = headerOf(request, 'github-public-key-signature')
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    try {
      return await scanning.receive({ keyId, signature, body })
    } catch (error) {
      if (error instanceof SignatureError) await failures.fail(request)
      throw error
    }
  })
}
