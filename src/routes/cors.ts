import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { newRequestId } from '../lib/ids.ts'
import { operationOf } from '../minimax/catalog.ts'
import { hasBody } from '../proxy/body.ts'
import type { RefusalCode } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'

/** The origins whose pages may read answers at all. Which token may be used from one is the token's own rule. */
export interface KnownOrigins {
  has(origin: string): boolean
}

/**
 * Headers that a page may send: ours, MiniMax's, and what the browser builds of the SDKs of OpenAI (7.57) and Anthropic
 * (1.12) send by themselves. Firefox counts `user-agent` among them.
 */
const REQUEST_HEADERS = [
  'authorization',
  'x-api-key',
  'content-type',
  'idempotency-key',
  'mm-api-source',
  'language',
  'anthropic-version',
  'anthropic-beta',
  'anthropic-dangerous-direct-browser-access',
  'openai-organization',
  'openai-project',
  'openai-beta',
  'user-agent',
  'x-stainless-lang',
  'x-stainless-package-version',
  'x-stainless-os',
  'x-stainless-arch',
  'x-stainless-runtime',
  'x-stainless-runtime-version',
  'x-stainless-retry-count',
  'x-stainless-timeout',
  'x-stainless-helper',
  'x-stainless-helper-method',
  'x-stainless-poll-helper',
  'x-stainless-custom-poll-interval',
].join(', ')

/** Headers of our answers that a page may read, beside those that every page may (Fetch, CORS-safelisted response-header name). */
const ANSWER_HEADERS = [
  'x-request-id',
  'request-id',
  'x-gateway-charged',
  'idempotency-replayed',
  'original-request',
  'retry-after',
  'x-should-retry',
  'www-authenticate',
  'ratelimit',
  'ratelimit-policy',
  ...['requests', 'tokens'].flatMap((name) => [
    `x-ratelimit-limit-${name}`,
    `x-ratelimit-remaining-${name}`,
    `x-ratelimit-reset-${name}`,
    `anthropic-ratelimit-${name}-limit`,
    `anthropic-ratelimit-${name}-remaining`,
    `anthropic-ratelimit-${name}-reset`,
  ]),
  'content-disposition',
  'content-range',
  'accept-ranges',
  'trace-id',
  'minimax-request-id',
  'x-mm-request-id',
].join(', ')

/** The longest that Chromium keeps a preflight's answer. */
const MAX_AGE_S = '7200'

const VARY = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'

/**
 * The gateway's own addresses that a page has a use for. Session tokens are made by a user's backend: a page that could
 * make them would have to hold the token that it must not have.
 */
const OWN_METHODS: ReadonlyMap<string, readonly string[]> = new Map([
  ['/gateway/v1/access-requests', ['POST']],
  ['/gateway/v1/me', ['GET']],
  ['/gateway/v1/usage', ['GET']],
  ['/gateway/v1/redemptions', ['POST']],
])

/** @returns the methods by which a page may call a path; none: there is no such path, or no page calls it */
function methodsOf(path: string): readonly string[] {
  const own = OWN_METHODS.get(path)
  if (own !== undefined) return own
  return ['GET', 'POST', 'DELETE'].filter((method) => {
    const operation = operationOf(method, path)?.operation
    // No preflight comes before a WebSocket.
    return operation !== undefined && operation.body !== 'websocket'
  })
}

/**
 * Lets pages of known origins read answers, whatever they say: a page that may not read a refusal knows only that
 * something failed. Credentials are never allowed: the only one is the token, which the page itself sends. Requests
 * without an `Origin`, which is all that come from no browser, cost one look.
 * @param app the whole public listener, before its routes
 */
export function readableByPages(app: FastifyInstance, origins: KnownOrigins): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.raw.headers
    if (origin !== undefined) markReadable(reply.raw, request.method, origin, origins)
    done()
  })
}

function markReadable(response: ServerResponse, method: string, origin: string, origins: KnownOrigins): void {
  response.setHeader('vary', 'Origin')
  // Only the answer to a preflight that is allowed says so.
  if (method === 'OPTIONS' || !origins.has(origin)) return
  response.setHeader('access-control-allow-origin', origin)
  response.setHeader('access-control-expose-headers', ANSWER_HEADERS)
}

/** Whether a request is a browser's question whether a page may send another one (Fetch, CORS-preflight request). */
export function isPreflight({ method, raw }: FastifyRequest): boolean {
  const { headers } = raw
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined &&
    !hasBody(raw)
  )
}

/** @returns why a preflight is refused, as the request would be that it asks for; null: it is allowed */
export function refusalOfPreflight({ raw }: FastifyRequest, origins: KnownOrigins): RefusalCode | null {
  const { origin = '', 'access-control-request-method': method } = raw.headers
  if (typeof method !== 'string' || !methodsOf(pathOf(raw.url)).includes(method)) return 'operation_not_found'
  return origins.has(origin) ? null : 'origin_forbidden'
}

/** Answers a preflight that is allowed. It is no call: nothing is counted, and nothing goes upstream. */
export function allowPreflight({ raw }: FastifyRequest, response: ServerResponse, clock: Clock): void {
  response.writeHead(204, [
    'x-request-id',
    newRequestId(clock.now()),
    'cache-control',
    'no-store',
    'vary',
    VARY,
    'access-control-allow-origin',
    raw.headers.origin ?? '',
    'access-control-allow-methods',
    methodsOf(pathOf(raw.url)).join(', '),
    'access-control-allow-headers',
    REQUEST_HEADERS,
    'access-control-max-age',
    MAX_AGE_S,
  ])
  response.end()
}

function pathOf(url = '/'): string {
  const mark = url.indexOf('?')
  return mark < 0 ? url : url.slice(0, mark)
}
