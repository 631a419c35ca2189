import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { pidOf, stopProcess, type Child } from './child.ts'

const START_MS = 20_000
const SERVER = fileURLToPath(new URL('../src/server.ts', import.meta.url))

/** The gateway with everything on, and a token to call it with. */
export interface GatewayChild extends Child {
  readonly token: string
  /** Makes another user. @returns a token of theirs */
  newToken(user: string): Promise<string>
  /** Makes a session of the first user's token. @returns its token */
  newSession(endUser: string): Promise<string>
}

export interface GatewayOptions {
  readonly upstreamUrl: string
  readonly key: string
  readonly dataDir: string
  /** Settings beside those of every benchmark. */
  readonly env?: Readonly<Record<string, string>>
}

interface Addresses {
  readonly publicUrl: string
  readonly adminUrl: string
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

/** @returns the addresses, when a line of the log tells them */
export function addressesIn(line: string): Addresses | undefined {
  let entry: unknown
  try {
    entry = JSON.parse(line)
  } catch {
    return undefined
  }
  if (!isRecord(entry)) return undefined
  const { publicUrl, adminUrl } = entry
  return typeof publicUrl === 'string' && typeof adminUrl === 'string' ? { publicUrl, adminUrl } : undefined
}

/** Reads the log as a container's runtime would: every line, all the time. */
function listening(process: ChildProcess): Promise<Addresses> {
  return new Promise((resolve, reject) => {
    if (process.stdout === null) throw new Error('the gateway has no stdout')
    const lines = createInterface({ input: process.stdout })
    lines.on('line', (line) => {
      const addresses = addressesIn(line)
      if (addresses === undefined) return
      lines.close()
      process.stdout?.resume()
      resolve(addresses)
    })
    process.once('exit', () => reject(new Error('the gateway ended before it listened')))
    setTimeout(() => reject(new Error('the gateway does not listen')), START_MS).unref()
  })
}

async function post(
  url: string,
  adminToken: string,
  body: unknown,
): Promise<Readonly<Record<string, unknown>>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const answer: unknown = await response.json()
  if (!response.ok || !isRecord(answer))
    throw new Error(`${url} answered ${response.status}: ${JSON.stringify(answer)}`)
  return answer
}

/** One limit of every kind, and none that a benchmark reaches. */
const EVERY_LIMIT = {
  requests_per_minute: 100_000_000,
  tokens_per_minute: 1_000_000_000,
  concurrency: 100_000,
  models: { 'MiniMax-M3': { requests_per_minute: 100_000_000, tokens_per_minute: 1_000_000_000 } },
  budgets: [
    { amount: '1000000', period: 'day' },
    { amount: '1000000', period: 'month' },
    { unit: 'output_tokens', quantity: 1_000_000_000_000, period: 'day' },
  ],
}

function tokenIn({ token }: Readonly<Record<string, unknown>>): string {
  if (typeof token !== 'string') throw new Error('the gateway issued no token')
  return token
}

async function newToken(adminUrl: string, adminToken: string, user: string): Promise<string> {
  const users = `${adminUrl}/admin/v1/users`
  await post(users, adminToken, { id: user, name: user, limits: EVERY_LIMIT, prepaid: true })
  await post(`${users}/${user}/credits`, adminToken, { amount: '1000000', reason: 'benchmark' })
  return tokenIn(await post(`${users}/${user}/tokens`, adminToken, { limits: EVERY_LIMIT }))
}

/** Starts the gateway as an operator would, with a database of its own, and makes a user and a token under every limit. */
export async function startGateway({
  upstreamUrl,
  key,
  dataDir,
  env = {},
}: GatewayOptions): Promise<GatewayChild> {
  const adminToken = randomBytes(32).toString('hex')
  const gateway = spawn(process.execPath, [SERVER], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // Nothing of the shell's own settings: a key or a limit in it would be another benchmark.
    env: {
      PATH: process.env.PATH,
      MINIMAX_API_KEY: key,
      MINIMAX_BASE_URL: upstreamUrl,
      HOST: '127.0.0.1',
      PORT: '0',
      ADMIN_PORT: '0',
      ADMIN_TOKEN: adminToken,
      DATA_DIR: dataDir,
      LOG_FORMAT: 'json',
      DRAIN_TIMEOUT: '1s',
      ADDRESS_REQUESTS_PER_MINUTE: '10000000',
      ...env,
    },
  })
  await once(gateway, 'spawn')
  const stop = (): Promise<void> => stopProcess(gateway)
  try {
    const { publicUrl, adminUrl } = await listening(gateway)
    const tokenOf = (user: string): Promise<string> => newToken(adminUrl, adminToken, user)
    return {
      url: publicUrl,
      pid: pidOf(gateway),
      stop,
      token: await tokenOf('bench'),
      newToken: tokenOf,
      newSession: async (endUser) => {
        const url = `${adminUrl}/admin/v1/users/bench/session-tokens`
        return tokenIn(await post(url, adminToken, { sub: endUser, expires_in: '1h', concurrency: 100_000 }))
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}
