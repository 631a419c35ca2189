import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ADMIN_TOKEN, isRecord, MASTER_KEY } from './gateway.ts'

const ROOT = join(import.meta.dirname, '../..')

/** A program of ours in a process of its own, whose memory is its own too. */
export interface Child extends AsyncDisposable {
  /** Of the process. */
  readonly pid: number
  readonly url: string
  /** Everything that it wrote. */
  readonly output: () => string
  /** Bytes of memory that the process holds now. */
  readonly residentBytes: () => number
  /** Asks it to stop. Resolves with its exit code. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>
}

interface ChildOptions {
  readonly script: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Finds where it listens in what it wrote so far. */
  readonly urlIn: (output: string) => string | undefined
}

async function start({ script, args, env, urlIn }: ChildOptions): Promise<Child> {
  const child = spawn(process.execPath, [join(ROOT, script), ...args], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  const stop = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> => {
    child.kill(signal)
    return ended
  }
  for (let tries = 0; urlIn(output) === undefined; tries++) {
    if (tries > 600 || child.exitCode !== null) {
      await stop()
      throw new Error(`${script} did not start: ${output}`)
    }
    await pause(20)
  }
  return {
    url: urlIn(output) ?? '',
    output: () => output,
    pid: child.pid ?? 0,
    residentBytes: () => residentBytes(child),
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop()
    },
  }
}

function residentBytes({ pid = 0 }: ChildProcess): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
  if (kibibytes === undefined) throw new Error('the system does not tell what the process holds')
  return Number(kibibytes) * 1024
}

/** Starts the emulator in a process of its own. */
export function startEmulatorProcess(args: readonly string[] = []): Promise<Child> {
  return start({
    script: 'emulator/main.ts',
    args: ['--port', '0', '--key', MASTER_KEY, '--no-record', '--chunk-delay', '0', ...args],
    env: {},
    urlIn: (output) => /MiniMax emulator on (\S+)/.exec(output)?.[1],
  })
}

export interface GatewayProcess extends Child {
  readonly adminUrl: string
  readonly dataDir: string
  /** Makes a user and a token of theirs. */
  readonly token: () => Promise<string>
}

/** Starts the gateway in a process of its own, as an operator would. */
export async function startGatewayProcess(
  upstreamUrl: string,
  env: Readonly<Record<string, string>> = {},
): Promise<GatewayProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), 'minimax-gateway-'))
  const child = await start({
    script: 'src/server.ts',
    args: [],
    env: {
      MINIMAX_API_KEY: MASTER_KEY,
      MINIMAX_BASE_URL: upstreamUrl,
      HOST: '127.0.0.1',
      PORT: '0',
      ADMIN_PORT: '0',
      ADMIN_TOKEN,
      DATA_DIR: dataDir,
      ADDRESS_REQUESTS_PER_MINUTE: '0',
      // Scenarios of the emulator are chosen by the name of the model, which no price list knows.
      PRICE_UNKNOWN: 'ceiling',
      LOG_LEVEL: 'info',
      ...env,
    },
    urlIn: (output) => /"publicUrl":"([^"]+)"/.exec(output)?.[1],
  })
  const adminUrl = /"adminUrl":"([^"]+)"/.exec(child.output())?.[1] ?? ''
  async function admin(path: string, body: unknown): Promise<Record<string, unknown>> {
    const answer = await fetch(`${adminUrl}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const value: unknown = await answer.json()
    if (!answer.ok || !isRecord(value)) throw new Error(`${path}: ${answer.status} ${JSON.stringify(value)}`)
    return value
  }
  return {
    ...child,
    adminUrl,
    dataDir,
    async token() {
      const user = `user-${Math.random().toString(36).slice(2, 10)}`
      await admin('/admin/v1/users', { id: user, name: user })
      const { token } = await admin(`/admin/v1/users/${user}/tokens`, {})
      if (typeof token !== 'string') throw new Error('no token was made')
      return token
    },
    async [Symbol.asyncDispose]() {
      await child.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
