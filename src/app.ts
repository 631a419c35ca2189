import { mkdir } from 'node:fs/promises'
import rateLimit from '@fastify/rate-limit'
import { openAbuse } from './app/abuse.ts'
import { openAccess } from './app/access.ts'
import { createAdminServer } from './app/admin.ts'
import { openBooks } from './app/books.ts'
import { openCallers } from './app/callers.ts'
import { openKeys } from './app/keys.ts'
import { openLimits } from './app/limits.ts'
import { openOperators } from './app/operators.ts'
import { createPipeline } from './app/pipeline.ts'
import { openTenancy } from './app/tenancy.ts'
import { openTokenCare } from './app/token-care.ts'
import { openAdminToken, type AdminToken } from './auth/admin-token.ts'
import { openPepper } from './auth/hash.ts'
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
import { LiveCalls } from './proxy/live.ts'
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
  /** Reads the files of upstream keys again; they are watched all the same. */
  reload(): Promise<void>
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
  const metrics = new Metrics({ users: config.metricsUsers })
  const live = new LiveCalls(clock)
  const parts = { config, store, hash, metrics, logger, clock, timer }
  const callers = await openCallers({
    ...parts,
    ended: (ending) => live.end(ending),
    joined: (user, plan) => credit.joined(user, plan),
  })
  const { authenticator, endUsers, origins, sessions, tokens } = callers
  const upstream = new Upstream({
    baseUrl: config.minimaxBaseUrl,
    connectTimeoutMs: config.upstreamConnectTimeout,
    connections: config.upstreamConnections,
    caFile: config.minimaxCaFile,
  })
  const keyring = await openKeys({ ...parts, upstream })
  const { keys, secrets } = keyring
  const overload = new Overload({
    maxInflight: config.maxInflight,
    delayMs: config.overloadDelay,
    clock,
    refused: (kind) => metrics.limited(kind),
  })
  const books = await openBooks({
    ...parts,
    store: store.ledger,
    upstream,
    keys,
    accountOf: (task) => keyring.accountOf(task),
    taskSeen: (task, document) => tenancy.seen(task, document),
    ledgerWaited: (ms) => overload.waited(ms),
    taskEnded: (task, { bill, at }) => {
      limiter.end(task, { charged: bill.charged, usage: bill.usage, at })
      metrics.billed(task.userId, task.model, bill)
    },
  })
  const limiter = await openLimits({
    ...parts,
    ledger: books.ledger,
    worstCaseOf: books.worstCaseOf,
  })
  const credit = createCreditService({
    ...parts,
    ledger: store.ledger,
    limiter,
    currency: config.priceCurrency,
  })
  const tenancy = openTenancy({ ...parts, books, upstream, keys })
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
  const abuse = await openAbuse({ ...parts, tokens, endUsers, authenticator })
  const care = openTokenCare({ ...parts, announce: abuse.announce })
  const access = openAccess({ ...parts, tokens, authenticator, credit })

  const publicServer = createPublicServer(config, clock)
  await publicServer.register(rateLimit, { global: false })
  const pipeline = createPipeline({
    ...parts,
    log,
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
    authenticator,
    publicServer,
    watch: abuse.guard,
    used: care.used,
    origins,
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
    sessions,
    redeem: (userId, code) => credit.redeem(userId, code),
    currency: config.priceCurrency,
    onError: (error, requestId) =>
      logger.error({ err: error, requestId }, 'a question could not be answered'),
  })
  await access.mount(publicServer, pipeline)
  const operators = openOperators({ ...parts, adminToken })
  const adminServer = await createAdminServer({
    ...parts,
    upstreamKeys: keyring.ring,
    authenticator,
    tokens,
    sessions,
    access: access.requests,
    incidents: abuse.guard.incidents,
    operators,
    limiter,
    credit,
    isDraining: () => isDraining,
    isLedgerFailing: () => books.ledger.isFailing,
    endUsers,
    removeObject: (object) => tenancy.remove(object),
    callbackSecretOf: (userId) => tenancy.callbackSecretOf(userId),
  })

  return {
    adminToken,
    reload: () => keyring.reload(),
    async listen() {
      const publicUrl = await publicServer.listen({ host: config.host, port: config.port, backlog: 4096 })
      const adminUrl = await adminServer.listen({ host: config.adminHost, port: config.adminPort })
      keyring.start()
      books.start()
      tenancy.start()
      await abuse.guard.start()
      care.start()
      access.start()
      operators.start()
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
      await access.close()
      await care.close()
      await abuse.close()
      await operators.close()
      await callers.close()
      await pruning?.stop()
      await tenancy.close()
      await books.close()
      await keyring.close()
      await upstream.close()
      live.close()
      await store.close()
    },
  }
}
