import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { number, parseFields, text } from '../json.ts'
import type { Fields } from '../types.ts'
import { check } from './media.ts'

const ROOT = join(import.meta.dirname, '../..')
const START_MS = 30_000
const STOP_MS = 10_000
const LOG_MS = 5_000

/** What the gateway's log says of one request. */
export interface RequestLine {
  readonly requestId: string
  readonly operation: string
  readonly model: string
  readonly outcome: string
  readonly status: number
  readonly durationMs: number
  readonly bytesOut: number
}

/** How the gateway of the demo is started. */
export interface GatewayOptions {
  readonly dataDir: string
  readonly upstreamUrl: string
  readonly masterKey: string
  /** What users pay, as a multiple of MiniMax's list price. */
  readonly multiplier: string
  /** 0: any free one. */
  readonly port: number
  readonly adminPort: number
}

/** The first free port of loopback from `from` on that is not `except`. */
export async function freePort(from: number, except = 0): Promise<number> {
  for (let port = from; port < from + 200; port += 1) {
    if (port === except) continue
    const probe = createServer().listen(port, '127.0.0.1')
    const free = await Promise.race([
      once(probe, 'listening').then(() => true),
      once(probe, 'error').then(() => false),
    ]).catch(() => false)
    probe.close()
    if (free) return port
  }
  return 0
}

function requestOf(line: Fields): RequestLine {
  return {
    requestId: text(line.requestId),
    operation: text(line.operation),
    model: text(line.model),
    outcome: text(line.outcome),
    status: number(line.status, 0),
    durationMs: number(line.durationMs, 0),
    bytesOut: number(line.bytesOut, 0),
  }
}

/** The gateway as a process of its own, as it runs in earnest; its log is read from its standard output. */
export class GatewayProcess {
  url = ''
  adminUrl = ''
  adminToken = ''
  /** The requests that its log told of, until `onRequest` is set. */
  readonly requests: RequestLine[] = []
  /** Is told of every further request. */
  onRequest: ((line: RequestLine) => void) | undefined
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>
  readonly #child: ChildProcess
  readonly #options: GatewayOptions
  #complaints = ''
  #changed = Promise.withResolvers<undefined>()

  constructor(options: GatewayOptions) {
    this.#options = options
    this.#child = spawn(process.execPath, ['src/server.ts'], {
      cwd: ROOT,
      // A group of its own: Ctrl-C reaches the demo alone, which then stops the gateway in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Made from nothing: no setting of the operator's shell finds its way into the demo.
      env: {
        PATH: process.env.PATH,
        MINIMAX_API_KEY: options.masterKey,
        MINIMAX_BASE_URL: options.upstreamUrl,
        DATA_DIR: options.dataDir,
        PRICE_MULTIPLIER: options.multiplier,
        HOST: '127.0.0.1',
        PORT: options.port.toString(),
        ADMIN_PORT: options.adminPort.toString(),
        LOG_FORMAT: 'json',
        DRAIN_TIMEOUT: '3s',
      },
    })
    const { promise, resolve } = Promise.withResolvers<undefined>()
    this.ended = promise
    this.#child.once('error', (error) => (this.#complaints += `${error.message}\n`))
    this.#child.once('close', () => {
      process.off('exit', this.#kill)
      resolve(undefined)
    })
    process.once('exit', this.#kill)
    this.#child.stderr?.on('data', (chunk) => (this.#complaints += String(chunk)))
    if (this.#child.stdout) createInterface(this.#child.stdout).on('line', (line) => this.#take(line))
  }

  /** Waits until both listeners are open. */
  async ready(): Promise<void> {
    await this.#until(() => this.url !== '', START_MS)
    check(this.url !== '', `the gateway did not start: ${this.complaints}`)
    this.adminToken = (await readFile(this.adminTokenFile, 'utf8')).trim()
  }

  get adminTokenFile(): string {
    return join(this.#options.dataDir, 'admin-token')
  }

  /** What it said on its standard error. */
  get complaints(): string {
    return this.#complaints.trim()
  }

  /** Calls the admin API. */
  async admin(method: string, path: string, body?: Fields): Promise<Fields> {
    const answer = await fetch(this.adminUrl + path, {
      method,
      headers: {
        authorization: `Bearer ${this.adminToken}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const written = await answer.text()
    check(answer.ok, `${method} ${path} answered ${answer.status}: ${written}`)
    return parseFields(Buffer.from(written)) ?? {}
  }

  /** Waits until the log has told of every one of these requests; it is written a little after the answers. */
  async logged(isComplete: (requests: readonly RequestLine[]) => boolean): Promise<void> {
    await this.#until(() => isComplete(this.requests), LOG_MS)
  }

  /** Stops it with the signal that a service manager sends. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    const timer = setTimeout(this.#kill, STOP_MS)
    await this.ended
    clearTimeout(timer)
  }

  readonly #kill = (): void => void this.#child.kill('SIGKILL')

  #take(line: string): void {
    const entry = parseFields(Buffer.from(line))
    if (entry?.msg === 'listening') {
      this.url = text(entry.publicUrl)
      this.adminUrl = text(entry.adminUrl)
    }
    if (entry?.msg === 'request') {
      if (this.onRequest) this.onRequest(requestOf(entry))
      else this.requests.push(requestOf(entry))
    }
    this.#changed.resolve(undefined)
    this.#changed = Promise.withResolvers()
  }

  /** Waits until `holds`, the process has ended, or the time is up. */
  async #until(holds: () => boolean, milliseconds: number): Promise<void> {
    const over = new AbortController()
    const timer = setTimeout(() => over.abort(), milliseconds)
    void this.ended.then(() => over.abort())
    const end = once(over.signal, 'abort')
    while (!holds() && !over.signal.aborted) await Promise.race([this.#changed.promise, end])
    clearTimeout(timer)
  }
}
