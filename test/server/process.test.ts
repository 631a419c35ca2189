import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startEmulator, type Emulator } from '../../emulator/server.ts'
import { ADMIN_TOKEN, isRecord, MASTER_KEY } from '../helpers/gateway.ts'

let emulator: Emulator
let dataDir: string
let child: ChildProcess | undefined

beforeEach(async () => {
  emulator = await startEmulator({ keys: [MASTER_KEY] })
  dataDir = await mkdtemp(join(tmpdir(), 'minimax-gateway-'))
})

afterEach(async () => {
  child?.kill('SIGKILL')
  emulator.closeConnections()
  await emulator.close()
  await rm(dataDir, { recursive: true, force: true })
})

interface Running {
  readonly process: ChildProcess
  readonly lines: string[]
  readonly errors: string[]
  readonly exit: Promise<number | null>
  /** Resolves with the first log line that has a field. */
  line(field: string): Promise<Record<string, unknown>>
}

function start(env: Record<string, string>): Running {
  const running = spawn(process.execPath, ['src/server.ts'], {
    env: {
      PATH: process.env.PATH ?? '',
      HOST: '127.0.0.1',
      PORT: '0',
      ADMIN_PORT: '0',
      DATA_DIR: dataDir,
      ADMIN_TOKEN,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child = running
  const lines: string[] = []
  const errors: string[] = []
  const waiting = new Set<() => void>()
  running.stdout.setEncoding('utf8').on('data', (text: string) => {
    lines.push(...text.split('\n').filter((line) => line !== ''))
    for (const look of waiting) look()
  })
  running.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text))
  const exit = new Promise<number | null>((resolve) => running.once('close', resolve))
  return {
    process: running,
    lines,
    errors,
    exit,
    line: (field) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          for (const text of lines) {
            const value: unknown = JSON.parse(text)
            if (isRecord(value) && field in value) {
              waiting.delete(look)
              resolve(value)
            }
          }
        }
        waiting.add(look)
        void exit.then(() => reject(new Error(`ended without ${field}: ${errors.join('')}`)))
        look()
      }),
  }
}

describe('the process', () => {
  it('without a key says so in one message that names the demo, and exits with 1', async () => {
    const { exit, errors } = start({})
    expect(await exit).toBe(1)
    expect(errors.join('')).toMatch(/MINIMAX_API_KEY/)
    expect(errors.join('')).toMatch(/npm run demo/)
    expect(errors.join('')).not.toMatch(/\n\s+at /)
  })

  it('with prices that are wrong says what is wrong with them, and exits with 1', async () => {
    const { exit, errors } = start({ MINIMAX_API_KEY: 'sk-test', PRICES_FILE: '/nowhere/prices.json' })
    expect(await exit).toBe(1)
    expect(errors.join('').trim()).toBe(
      'PRICES_FILE (/nowhere/prices.json): cannot be read (ENOENT). Check the path and its permissions.',
    )
  })

  it('with a database of addresses that is not there says so, and exits with 1', async () => {
    const { exit, errors } = start({ MINIMAX_API_KEY: 'sk-test', GEO_ASN_FILE: '/nowhere/asn.mmdb' })
    expect(await exit).toBe(1)
    expect(errors.join('').trim()).toMatch(
      /^GEO_ASN_FILE: \/nowhere\/asn\.mmdb is no database of addresses .*ENOENT.*$/,
    )
  })

  it('told to stop lets a stream have its last words and exits with 0', async () => {
    const gateway = start({
      MINIMAX_API_KEY: MASTER_KEY,
      MINIMAX_BASE_URL: emulator.url,
      DRAIN_TIMEOUT: '1s',
      // No list names the emulator's scenarios.
      PRICE_UNKNOWN: 'ceiling',
    })
    const { publicUrl, adminUrl } = await gateway.line('publicUrl')
    const admin = async (path: string, body: unknown): Promise<Record<string, unknown>> => {
      const answer = await fetch(`${String(adminUrl)}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      const value: unknown = await answer.json()
      return isRecord(value) ? value : {}
    }
    await admin('/admin/v1/users', { id: 'alice', name: 'Alice' })
    const { token } = await admin('/admin/v1/users/alice/tokens', {})
    const stream = await fetch(`${String(publicUrl)}/anthropic/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': String(token), 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'scenario:stall@1',
        stream: true,
        max_tokens: 9,
        messages: [{ role: 'user', content: 'x' }],
      }),
    })
    gateway.process.kill('SIGTERM')
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    const toTheEnd = async (): Promise<void> => {
      for (;;) {
        const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
        if (done) return
        text += value
      }
    }
    await expect(toTheEnd()).rejects.toThrow()
    expect(text).toMatch(/event: error\ndata: .*The gateway had to stop/)
    expect(await gateway.exit).toBe(0)
    const requests = gateway.lines.filter((line) => line.includes('"msg":"request"'))
    expect(requests).toHaveLength(1)
    expect(requests[0]).toContain('"outcome":"gateway_interrupted"')
  })
})
