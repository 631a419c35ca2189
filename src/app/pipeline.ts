import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Replays } from '../idempotency/replays.ts'
import type { Limiter } from '../limits/limiter.ts'
import type { Overload } from '../limits/overload.ts'
import type { Turns } from '../limits/turns.ts'
import type { Authenticator } from '../auth/authenticator.ts'
import type { TokenHash } from '../auth/hash.ts'
import { createFailureThrottle } from '../auth/throttle.ts'
import type { Config } from '../config/schema.ts'
import { GatewayError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import { logCall, type Log } from '../log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { BodyBudget } from '../proxy/body.ts'
import type { UpstreamKeys } from '../proxy/keys.ts'
import type { LiveCalls } from '../proxy/live.ts'
import { Pseudonyms } from '../proxy/pseudonym.ts'
import type { SecretForms } from '../proxy/secrets.ts'
import type { Upstream } from '../proxy/upstream.ts'
import { WebSocketRelays } from '../proxy/websocket.ts'
import { readableByPages } from '../routes/cors.ts'
import type { Pipeline } from '../routes/passage.ts'
import type { Books } from './books.ts'
import { createMask } from './mask.ts'
import type { Tenancy } from './tenancy.ts'

/** Addresses that the flood limit counts at a time; beyond it the least recent are forgotten. */
const ADDRESSES = 50_000

/** What the stages of a request are put together from. */
export interface PipelineParts {
  readonly config: Config
  readonly log: Log
  readonly clock: Clock
  readonly live: LiveCalls
  readonly upstream: Upstream
  readonly keys: UpstreamKeys
  readonly secrets: SecretForms
  readonly books: Books
  readonly tenancy: Tenancy
  readonly limiter: Limiter
  readonly replays: Replays
  readonly overload: Overload
  readonly turns: Turns
  readonly hash: TokenHash
  readonly authenticator: Authenticator
  readonly metrics: Metrics
  readonly publicServer: FastifyInstance
  readonly watch: Pipeline['watch']
  readonly used: Pipeline['used']
  readonly origins: Pipeline['origins']
  readonly isDraining: () => boolean
}

/** Puts the stages of a request together. */
export function createPipeline(parts: PipelineParts): Pipeline {
  const { config, log, clock, live, upstream, keys, secrets, books, tenancy, limiter, turns, hash } = parts
  const { authenticator, metrics, publicServer, isDraining } = parts
  readableByPages(publicServer, parts.origins)
  const mask = createMask(config.tokenPrefix, (text) => secrets.maskText(text).text)
  return {
    exchange: {
      upstream,
      keys,
      secrets,
      live,
      clock,
      turns,
      onCallerGone: config.onCallerGone,
      streamMaxMs: config.streamMaxDuration,
      tellsCharge: config.chargedHeader,
    },
    bodies: { live, budget: new BodyBudget(config.maxBufferedBytes), timeoutMs: config.bodyTimeout },
    relays: new WebSocketRelays({
      baseUrl: upstream.origin,
      caFile: config.minimaxCaFile,
      connectTimeoutMs: config.upstreamConnectTimeout,
      idleTimeoutMs: config.websocketIdleTimeout,
      maxDurationMs: config.websocketMaxDuration,
      keys,
      secrets,
      live,
      clock,
      turns,
    }),
    books: books.of,
    limiter,
    estimatesAll: Object.values(config.upstreamModelLimits).some(
      ({ tokensPerMinute }) => tokensPerMinute > 0,
    ),
    replays: parts.replays,
    overload: parts.overload,
    screen: tenancy.screen,
    session: tenancy.session,
    pseudonyms: new Pseudonyms(Buffer.from(hash('pseudonyms'), 'hex')),
    list: tenancy.list,
    checkPrice: books.checkPrice,
    authenticator,
    flood: floodLimit(publicServer, config.addressRequestsPerMinute, metrics),
    failures: createFailureThrottle(publicServer, { max: config.authFailuresPerMinute }),
    metrics,
    clock,
    groupId: config.minimaxGroupId,
    isDraining,
    watch: parts.watch,
    used: parts.used,
    origins: parts.origins,
    log: (call) => logCall(log, call, mask),
  }
}

/** Requests per minute of one address, whoever it says it is. */
function floodLimit(app: FastifyInstance, max: number, metrics: Metrics): Pipeline['flood'] {
  if (max === 0) return null
  // The library's types leave the size of its cache out, its code does not.
  const options = { max, timeWindow: 60_000, cache: ADDRESSES }
  const count = app.createRateLimit(options)
  return async (request: FastifyRequest) => {
    const state = await count(request)
    if (state.isAllowed || !state.isExceeded) return
    metrics.limited('address')
    throw new GatewayError('address_rate_limited', undefined, { retryAfter: Math.max(1, state.ttlInSeconds) })
  }
}
