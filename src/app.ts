import { mkdir } from 'node:fs/promises'
import rateLimit from '@fastify/rate-limit'
import { openAbuse } from './app/abuse.ts'
import { createAdminServer } from './app/admin.ts'
import { openBooks } from './app/books.ts'
import { openLimits } from './app/limits.ts'
import { createPipeline } from './app/pipeline.ts'
import { openTenancy } from './app/tenancy.ts'
import { openAdminToken, type AdminToken } from './auth/admin-token.ts'
import { createAuthenticator } from './auth/authenticator.ts'
import { openPepper } from './auth/hash.ts'
import { createTokenService } from './auth/tokens.ts'
import type { Config } from './config/schema.ts'
import { startPruning } from './idempotency/pruning.ts'
import { createReplays } from './idempotency/replays.ts'
import { createCreditService } from './limits/credit.ts'
import { Overload } from './limits/overload.ts'
import { Turns } from './limits/turns.ts'
import { systemClock, type Clock } from './lib/clock.ts'
import { randomBase62 } from './lib/ids.ts'
import { systemTimer, type Timer } from './lib/timer.ts'
import type { Log } from './log.ts'
import { Metrics } from './metrics/metrics.ts'
import { OPERATION_NAMES } from './minimax/catalog.ts'
import { KeyHealth } from './proxy/key-health.ts'
import { UpstreamKeys } from './proxy/keys.ts'
import { LiveCalls } from './proxy/live.ts'
import { SecretForms } from './proxy/secrets.ts'
import { Upstream } from './proxy/upstream.ts'
import { callbackRoutes } from './routes/callbacks.ts'
import { githubRoutes } from './routes/github.ts'
import { ownRoutes } from './routes/own.ts'
import { proxyRoutes } from './routes/proxy.ts'
import { closePublicServer, createPublicServer } from './routes/public.ts'
import { openSqliteStore } from './store/sqlite.ts'

/** The gateway, put together. */
export interface App {
  /** Starts both listeners. @returns where they are to be reached */
  listen(): Promise<{ readonly publicUrl: string; readonly adminUrl: string }>
  /** Takes no new work, lets what is under way finish, ends the rest after DRAIN_TIMEOUT, and closes everything. */
  drain(): Promise<void>
  readonly adminToken: AdminToken
}

export interface AppOptions {
  readonly config: Config
  readonly log: Log
  readonly clock?: Clock
  /** With which detection waits between two looks; the runtime's unless said. */
  readonly timer?: Timer
}

/** What the last words of what a drain ends may take. */
const LAST_WORDS_MS = 2_000

/** Opens the stores and puts the parts together, in the order in which a request meets them. */
export async function createApp({
  config,
  log,
  clock = systemClock,
  timer = systemTimer,
}: AppOptions): Promise<App> {
  const { logger } = log
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 })
  const hash = await openPepper({ dataDir: config.dataDir, secret: config.tokenPepper })
  const adminToken = await openAdminToken({ dataDir: config.dataDir, secret: config.adminToken })
  const store = await openSqliteStore({ path: config.databaseUrl.replace(/^sqlite:/, ''), clock })
  const authenticator = createAuthenticator({ store, hash, prefix: config.tokenPrefix, clock })
  const metrics = new Metrics({ users: config.metricsUsers })
  const live = new LiveCalls(clock)
  authenticator.onEnding((ending) => live.end(ending))
  const upstream = new Upstream({
    baseUrl: config.minimaxBaseUrl,
    connectTimeoutMs: config.upstreamConnectTimeout,
    connections: config.upstreamConnections,
    caFile: config.minimaxCaFile,
  })
  const keys = new UpstreamKeys(config.upstreamKeys)
  const health = new KeyHealth(config.upstreamKeys.map(({ name }) => name))
  metrics.watchKeys(() => health.states)
  const secrets = new SecretForms(config.upstreamKeys.map(({ key }) => key.reveal()))
  const overload = new Overload({
    maxInflight: config.maxInflight,
    delayMs: config.overloadDelay,
    clock,
    refused: (kind) => metrics.limited(kind),
  })
  const books = await openBooks({
    config,
    store: store.ledger,
    upstream,
    keys,
    metrics,
    logger,
    clock,
    taskSeen: (task, document) => tenancy.seen(task, document),
    ledgerWaited: (ms) => overload.waited(ms),
    taskEnded: (task, { bill, at }) => {
      limiter.end(task, { charged: bill.charged, usage: bill.usage, at })
      metrics.billed(task.userId, task.model, bill)
    },
  })
  const limiter = await openLimits({
    config,
    store,
    ledger: books.ledger,
    worstCaseOf: books.worstCaseOf,
    metrics,
    logger,
    clock,
  })
  const credit = createCreditService({
    store,
    ledger: store.ledger,
    limiter,
    clock,
    currency: config.priceCurrency,
    hash,
  })
  const tenancy = openTenancy({
    config,
    store,
    books,
    upstream,
    keys,
    hash,
    logger,
    clock,
  })
  const turns = new Turns({
    concurrency: config.upstreamConcurrency,
    requestsPerMinute: config.upstreamRequestsPerMinute,
    models: config.upstreamModelLimits,
    queueTimeMs: config.upstreamQueueTime,
    clock,
    events: { waited: (ms) => metrics.turnWaited(ms / 1000), refused: () => metrics.limited('turn') },
  })
  const replays = createReplays({
    store: store.idempotency,
    clock,
    ownerId: randomBase62(16),
    retentionMs: config.idempotencyRetention,
    maxAnswer: config.idempotencyMaxAnswer,
    onError: (error, requestId) =>
      logger.error({ err: error, requestId }, 'what became of an Idempotency-Key could not be kept'),
  })
  let pruning: ReturnType<typeof startPruning> | undefined
  let isDraining = false
  metrics.watchDraining(() => isDraining)
  const tokens = createTokenService({
    store,
    hash,
    prefix: config.tokenPrefix,
    clock,
    authenticator,
    operations: OPERATION_NAMES,
  })
  const abuse = await openAbuse({
    config,
    store,
    tokens,
    authenticator,
    hash,
    metrics,
    logger,
    clock,
    timer,
  })

  const publicServer = createPublicServer(config, clock)
  await publicServer.register(rateLimit, { global: false })
  const pipeline = createPipeline({
    config,
    log,
    clock,
    live,
    upstream,
    keys,
    secrets,
    books,
    tenancy,
    limiter,
    replays,
    overload,
    turns,
    hash,
    authenticator,
    metrics,
    publicServer,
    watch: abuse.guard,
    health,
    isDraining: () => isDraining,
  })
  await publicServer.register(proxyRoutes, pipeline)
  if (tenancy.relay !== null) await publicServer.register(callbackRoutes, { relay: tenancy.relay })
  if (abuse.scanning !== null) {
    await publicServer.register(githubRoutes, {
      scanning: abuse.scanning,
      flood: pipeline.flood,
      failures: pipeline.failures,
      clock,
      onError: (error) => logger.error({ err: error }, 'a report of leaked tokens could not be taken'),
    })
  }
  await publicServer.register(ownRoutes, {
    ...pipeline,
    ledger: store.ledger,
    redeem: (userId, code) => credit.redeem(userId, code),
    currency: config.priceCurrency,
    onError: (error, requestId) =>
      logger.error({ err: error, requestId }, 'a question could not be answered'),
  })
  const adminServer = await createAdminServer({
    config,
    logger,
    store,
    authenticator,
    tokens,
    incidents: abuse.guard.incidents,
    adminToken,
    clock,
    metrics,
    limiter,
    credit,
    isDraining: () => isDraining,
    isLedgerFailing: () => books.ledger.isFailing,
    removeObject: (object) => tenancy.remove(object),
    callbackSecretOf: (userId) => tenancy.callbackSecretOf(userId),
  })

  return {
    adminToken,
    async listen() {
      const publicUrl = await publicServer.listen({ host: config.host, port: config.port, backlog: 4096 })
      const adminUrl = await adminServer.listen({ host: config.adminHost, port: config.adminPort })
      books.start()
      tenancy.start()
      await abuse.guard.start()
      pruning = startPruning({
        store: store.idempotency,
        clock,
        onError: (error) => logger.error({ err: error }, 'old Idempotency-Keys could not be taken out'),
      })
      return { publicUrl, adminUrl }
    },
    async drain() {
      isDraining = true
      const timeout = setTimeout(() => live.abortAll('interrupted'), config.drainTimeout)
      await live.idle()
      clearTimeout(timeout)
      turns.close()
      await closePublicServer(publicServer, LAST_WORDS_MS)
      await adminServer.close()
      await abuse.close()
      await pruning?.stop()
      await tenancy.close()
      await books.close()
      await upstream.close()
      live.close()
      await store.close()
    },
  }
}
