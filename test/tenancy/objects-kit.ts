import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmulator, type Emulator } from '../../emulator/server.ts'
import { createApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/load.ts'
import { openLog } from '../../src/log.ts'
import { ADMIN_TOKEN, isRecord, MASTER_KEY } from '../helpers/gateway.ts'
import { Person } from './matrix-users.ts'

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

/** A gateway whose wall clock is moved by hand. */
export interface TimedGateway extends AsyncDisposable {
  readonly emulator: Emulator
  /** Moves the clock on. */
  pass(ms: number): void
  /** Makes a user with a token. */
  person(id: string): Promise<Person>
  /** What a user has, as the operator sees it. */
  objects(user: string): Promise<readonly Record<string, unknown>[]>
}

/** Starts a gateway with the emulator behind it, in the present. */
export async function startTimedGateway(): Promise<TimedGateway> {
  const emulator = await startEmulator({ keys: [MASTER_KEY], taskDelayMs: 0 })
  const dataDir = await mkdtemp(join(tmpdir(), 'minimax-gateway-'))
  const { config } = loadConfig({
    env: {
      MINIMAX_API_KEY: MASTER_KEY,
      MINIMAX_BASE_URL: emulator.url,
      HOST: '127.0.0.1',
      PORT: '0',
      ADMIN_PORT: '0',
      ADMIN_TOKEN,
      DATA_DIR: dataDir,
      ADDRESS_REQUESTS_PER_MINUTE: '0',
    },
  })
  const log = openLog({ level: 'info', format: 'json', destination: { write: () => undefined } })
  let passed = 0
  const clock = { now: () => Date.now() + passed, monotonic: () => performance.now() }
  const app = await createApp({ config, log, clock })
  const { publicUrl, adminUrl } = await app.listen()
  const persons: Person[] = []

  async function admin(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' }
    const text = body === undefined ? {} : { body: JSON.stringify(body) }
    const answer = await fetch(`${adminUrl}/admin/v1${path}`, { method, headers, ...text })
    const value: unknown = await answer.json()
    if (!answer.ok || !isRecord(value)) throw new Error(`${path}: ${answer.status} ${JSON.stringify(value)}`)
    return value
  }

  return {
    emulator,
    pass: (ms) => void (passed += ms),
    async person(id) {
      await admin('POST', '/users', { id })
      const { token } = await admin('POST', `/users/${id}/tokens`, {})
      const person = new Person(id, String(token), publicUrl)
      persons.push(person)
      return person
    },
    async objects(user) {
      const { items } = await admin('GET', `/objects?user=${user}&limit=1000`)
      return Array.isArray(items) ? items.filter(isRecord) : []
    },
    async [Symbol.asyncDispose]() {
      for (const person of persons) person.close()
      emulator.closeConnections()
      await app.drain()
      await emulator.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
