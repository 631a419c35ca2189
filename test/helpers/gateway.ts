import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmulator, type Emulator } from '../../emulator/server.ts'
import { createApp, type App } from '../../src/app.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Clock } from '../../src/lib/clock.ts'
import type { Timer } from '../../src/lib/timer.ts'
import { openLog } from '../../src/log.ts'
import { expectBooksToMatch } from './books.ts'
import { until } from './wire.ts'

/** The master key of every test: nothing that a client, a log or a metric shows may contain it. */
export const MASTER_KEY = 'sk-api-CANARY-7f3b9d2e6a1c4f8b0d5e'
export const ADMIN_TOKEN = 'admin-token-of-the-tests-0123456789abcdef'

export interface TestGateway extends AsyncDisposable {
  readonly app: App
  /** Where clients call, e.g. `http://127.0.0.1:40001`. */
  readonly url: string
  readonly adminUrl: string
  readonly emulator: Emulator
  readonly dataDir: string
  /** The log so far, a JSON line per event. */
  readonly logLines: string[]
  /** Calls the admin API. @returns the parsed answer; throws unless the status is 2xx */
  admin(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>
  /** Makes a token of the user `user-1`, who is made when first needed. */
  token(
    options?: Record<string, unknown>,
    user?: string,
  ): Promise<{ readonly id: string; readonly token: string }>
  close(): Promise<void>
}

export interface TestGatewayOptions {
  /** Environment beside the defaults of the tests. */
  readonly env?: Readonly<Record<string, string>>
  /** Where upstream is, when it is not the emulator. */
  readonly upstreamUrl?: string
  readonly emulator?: Parameters<typeof startEmulator>[0]
  /** The time as the gateway has it. */
  readonly clock?: Clock
  /** With which detection waits between two looks. */
  readonly timer?: Timer
  /** `close` rejects unless the books match what the emulator took on, which must be the only upstream. */
  readonly checksBooks?: boolean
}

/** Starts a gateway on real sockets and a real SQLite file, with the emulator behind it. */
export async function startGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const emulator = await startEmulator({
    keys: [MASTER_KEY, `${MASTER_KEY}-second`],
    taskDelayMs: 0,
    ...options.emulator,
  })
  const dataDir = await mkdtemp(join(tmpdir(), 'minimax-gateway-'))
  const logLines: string[] = []
  const { config } = loadConfig({
    env: {
      MINIMAX_API_KEY: MASTER_KEY,
      MINIMAX_BASE_URL: options.upstreamUrl ?? emulator.url,
      HOST: '127.0.0.1',
      PORT: '0',
      ADMIN_PORT: '0',
      ADMIN_TOKEN,
      DATA_DIR: dataDir,
      ADDRESS_REQUESTS_PER_MINUTE: '0',
      AUTH_FAILURES_PER_MINUTE: '1000000',
      // Scenarios of the emulator are chosen by the name of the model, which no price list knows.
      PRICE_UNKNOWN: 'ceiling',
      // Gateway, emulator and client share one event loop here, and it says nothing of any of them.
      OVERLOAD_DELAY: '0s',
      // Many tests have MiniMax refuse the only key there is, and go on with it.
      UPSTREAM_KEY_RETRY: '0s',
      ...options.env,
    },
  })
  const log = openLog({
    level: config.logLevel,
    format: 'json',
    destination: { write: (line) => void logLines.push(line) },
  })
  const { clock, timer } = options
  const app = await createApp({ config, log, ...(clock && { clock }), ...(timer && { timer }) })
  const { publicUrl, adminUrl } = await app.listen()

  async function admin(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const answer = await fetch(`${adminUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${ADMIN_TOKEN}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const value: unknown = await answer.json()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(value)}`)
    if (!isRecord(value)) throw new Error(`${method} ${path} did not answer with an object`)
    return value
  }

  const users = new Set<string>()
  let closing: Promise<void> | undefined

  const gateway: TestGateway = {
    app,
    url: publicUrl,
    adminUrl,
    emulator,
    dataDir,
    logLines,
    admin,
    async token(given = {}, user = 'user-1') {
      if (!users.has(user)) {
        users.add(user)
        await admin('POST', '/admin/v1/users', { id: user, name: user })
      }
      const { id, token } = await admin('POST', `/admin/v1/users/${user}/tokens`, given)
      if (typeof id !== 'string' || typeof token !== 'string') throw new Error('no token was made')
      return { id, token }
    },
    close() {
      closing ??= (async () => {
        try {
          if (options.checksBooks === true) await expectBooksToMatch(gateway)
        } finally {
          emulator.closeConnections()
          await app.drain()
          await emulator.close()
          await rm(dataDir, { recursive: true, force: true })
        }
      })()
      return closing
    },
    [Symbol.asyncDispose]: () => gateway.close(),
  }
  return gateway
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The log lines of finished requests, parsed. */
export function requestLines(gateway: TestGateway): Record<string, unknown>[] {
  return gateway.logLines
    .map((line): unknown => JSON.parse(line))
    .filter((line): line is Record<string, unknown> => isRecord(line) && line.msg === 'request')
}

/** The log line of the first finished request, once it is written: an end may be seen before it is on the books. */
export async function firstLine(gateway: TestGateway): Promise<Record<string, unknown>> {
  await until(() => requestLines(gateway).length > 0, 'the end of the call')
  return requestLines(gateway)[0] ?? {}
}
