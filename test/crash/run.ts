import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Accepted } from '../../emulator/accepts.ts'
import type { BookRow } from '../helpers/agreement.ts'
import { readRows } from '../helpers/books.ts'
import { startEmulatorProcess, startGatewayProcess, type GatewayProcess } from '../helpers/child.ts'
import { ADMIN_TOKEN, isRecord } from '../helpers/gateway.ts'
import { describeDifferences, reconcile } from '../helpers/reconcile.ts'
import { until } from '../helpers/wire.ts'
import { lostAnswers, refused, unsettled, unwritten, wrongTotals } from './checks.ts'
import { examine, type Remains } from './disk.ts'
import { Load } from './load.ts'
import type { CrashOptions } from './options.ts'
import { between, randomOf } from './random.ts'

/** What a run found. */
export interface CrashResult {
  readonly kills: number
  readonly calls: number
  /** Answers received in full. */
  readonly whole: number
  readonly accepted: number
  readonly rows: number
  readonly interrupted: number
  readonly lost: number
  readonly missing: number
  readonly doubled: number
  /** Everything that is not as it should be, a line each. */
  readonly breaches: readonly string[]
}

/** The kill comes this many milliseconds after the first answers; at this part of the kills, after the load began. */
const COLD = 0.2
const KILL = { least: 5, most: 400 }
/** Milliseconds that the load goes on after the last kill. */
const LAST_LOAD = 400

async function json(url: string, init: RequestInit = {}): Promise<Record<string, unknown>> {
  const answer = await fetch(url, init)
  const value: unknown = await answer.json()
  if (!answer.ok || !isRecord(value)) throw new Error(`${url}: ${answer.status} ${JSON.stringify(value)}`)
  return value
}

const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }

function rowsOf({ adminUrl }: GatewayProcess, from?: number): Promise<BookRow[]> {
  const since = from === undefined ? '' : `&from=${new Date(from).toISOString()}`
  return readRows((path) => json(`${adminUrl}${path}${since}`, { headers }))
}

function byId(rows: readonly BookRow[]): Map<string, BookRow> {
  return new Map(rows.map((row) => [row.requestId, row]))
}

/** Makes the emulator slow enough to be interrupted, and its speech large. */
async function setScene(emulatorUrl: string): Promise<void> {
  for (const [operation, use] of [
    ['speech.sync', 'bench-audio-1mb'],
    ['chat.native', 'delay@25'],
    ['image.create', 'delay@15'],
  ]) {
    const body = JSON.stringify({ operation, use })
    await json(`${emulatorUrl}/__emulator/scenarios`, { method: 'POST', body })
  }
}

/** One data directory that gateways are started on, one after the other. */
class Site {
  readonly #emulatorUrl: string
  readonly #dataDir: string
  #gateway: GatewayProcess | undefined

  constructor(emulatorUrl: string, dataDir: string) {
    this.#emulatorUrl = emulatorUrl
    this.#dataDir = dataDir
  }

  async start(): Promise<GatewayProcess> {
    this.#gateway = await startGatewayProcess(this.#emulatorUrl, { DATA_DIR: this.#dataDir })
    return this.#gateway
  }

  /** @returns its exit code; null when a signal ended it */
  async stop(signal: NodeJS.Signals): Promise<number | null> {
    const code = (await this.#gateway?.stop(signal)) ?? null
    await this.#gateway?.[Symbol.asyncDispose]()
    this.#gateway = undefined
    return code
  }
}

/** Totals and rows are read one after the other, while tasks may end: a second look must agree. */
async function totalBreaches(gateway: GatewayProcess): Promise<string[]> {
  for (let tries = 0; ; tries++) {
    const breaches: string[] = []
    for (const group of ['operation', 'model'] as const) {
      const totals = await json(`${gateway.adminUrl}/admin/v1/usage?group_by=${group}`, { headers })
      breaches.push(...wrongTotals(group, totals, await rowsOf(gateway)))
    }
    if (breaches.length === 0 || tries === 5) return breaches
    await pause(300)
  }
}

function isAccepted(value: unknown): value is Accepted {
  return isRecord(value) && typeof value.seq === 'number' && isRecord(value.usage)
}

async function acceptsOf(emulatorUrl: string): Promise<Accepted[]> {
  const { items, dropped } = await json(`${emulatorUrl}/__emulator/accepts`)
  if (!Array.isArray(items) || !items.every(isAccepted) || dropped !== 0)
    throw new Error('the accept log is not whole')
  return items
}

/** The end of a run: what has come together on the books. */
async function settleUp(
  gateway: GatewayProcess,
  emulatorUrl: string,
  load: Load,
): Promise<Pick<CrashResult, 'accepted' | 'rows' | 'missing' | 'doubled' | 'breaches'>> {
  const rows = await rowsOf(gateway)
  const accepts = await acceptsOf(emulatorUrl)
  const markers = new Map(load.notes.map(({ requestId, marker }) => [requestId, marker]))
  const differences = reconcile(accepts, rows, markers)
  const open = rows.filter(({ state }) => state === 'open')
  return {
    accepted: accepts.length,
    rows: rows.length,
    missing: differences.missing.length,
    doubled: differences.doubled.length,
    breaches: [
      ...describeDifferences(differences),
      ...open.map(({ requestId }) => `open: ${requestId}`),
      ...lostAnswers(load.notes, byId(rows)),
      ...(await totalBreaches(gateway)),
    ],
  }
}

/**
 * Runs the crash test.
 * @param print gets a line per kill
 */
export async function crash(options: CrashOptions, print: (line: string) => void): Promise<CrashResult> {
  const random = randomOf(options.seed)
  const dataDir = await mkdtemp(join(tmpdir(), 'crash-data-'))
  const logDir = await mkdtemp(join(tmpdir(), 'crash-log-'))
  const logging = ['--accept-log', join(logDir, 'accepts.jsonl')]
  await using emulator = await startEmulatorProcess([...logging, '--chunk-delay', '6', '--task-delay', '60'])
  await setScene(emulator.url)
  const site = new Site(emulator.url, dataDir)
  const load = new Load(random)
  const breaches: string[] = []
  const end = performance.now() + options.seconds * 1000
  let interrupted = 0
  let kills = 0
  try {
    let gateway = await site.start()
    const token = await gateway.token()
    while (kills < options.kills && performance.now() < end) {
      const startedAt = Date.now()
      const first = load.notes.length
      const wholeBefore = load.received
      const stopLoad = load.start(gateway.url, token, options.workers)
      const isCold = random() < COLD
      const moment = between(random, KILL.least, KILL.most)
      if (!isCold) await until(() => load.received >= wholeBefore + options.workers, 'a first answer', 10_000)
      await pause(moment)
      const killed = site.stop('SIGKILL')
      await Promise.all([killed, stopLoad()])
      kills += 1
      const remains: Remains = await examine(dataDir)
      gateway = await site.start()
      const rows = byId(await rowsOf(gateway, startedAt - 1000))
      const notes = load.notes.slice(first)
      const found = [
        ...(remains.integrity === 'ok' ? [] : [`integrity: ${remains.integrity}`]),
        ...lostAnswers(notes, rows),
        ...unwritten(notes, rows),
        ...refused(notes),
        ...unsettled(remains.open, rows),
      ]
      interrupted += remains.open.length
      breaches.push(...found)
      const whole = load.received - wholeBefore
      print(
        `kill ${kills} after ${moment} ms${isCold ? ' (cold)' : ''}: ${notes.length} calls, ${whole} received in full, ${remains.open.length} left open, ${found.length} breaches`,
      )
      for (const breach of found.slice(0, 5)) print(`  ${breach}`)
    }
    const stopLoad = load.start(gateway.url, token, options.workers)
    await pause(LAST_LOAD)
    await stopLoad()
    const books = await settleUp(gateway, emulator.url, load)
    const code = await site.stop('SIGTERM')
    const remains = await examine(dataDir)
    if (code !== 0) breaches.push(`a gateway that was asked to stop ended with ${String(code)}`)
    if (remains.integrity !== 'ok') breaches.push(`integrity: ${remains.integrity}`)
    const all = [...new Set([...breaches, ...books.breaches])]
    return {
      ...books,
      kills,
      calls: load.notes.length,
      whole: load.received,
      interrupted,
      lost: all.filter((breach) => breach.startsWith('lost:')).length,
      breaches: all,
    }
  } finally {
    await site.stop('SIGKILL')
    await rm(dataDir, { recursive: true, force: true })
    await rm(logDir, { recursive: true, force: true })
  }
}
