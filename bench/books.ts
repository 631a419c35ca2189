import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Outcome } from '../src/errors.ts'
import { newRequestId } from '../src/lib/ids.ts'
import { openSqliteStore } from '../src/store/sqlite.ts'
import {
  USAGE_GROUPS,
  type LedgerChange,
  type LedgerFilter,
  type LedgerStore,
  type RequestSettlement,
} from '../src/store/store.ts'

/** Fills books with a month of calls, then times pages, filters and totals. Prints tables for bench/books.md. */

const HOUR = 3_600_000
const MONTH = 30 * 24 * HOUR
const START = Date.UTC(2026, 2, 1)
const TOKENS_PER_USER = 2
const MODELS = ['MiniMax-M3', 'MiniMax-M2.5', 'speech-2.8-hd', 'image-01', 'music-2.5']
const KINDS = [
  ['chat.native', 'chat'],
  ['chat.openai', 'chat'],
  ['chat.anthropic', 'chat'],
  ['speech.sync', 'speech'],
  ['image.create', 'image'],
] as const
const BATCH = 2000
const TRIES = 7

function pick<Item>(items: readonly Item[], fallback: Item): Item {
  return items[randomInt(items.length)] ?? fallback
}

/** 3 % of all calls fail, and one in 100,000 in the rarest way. */
function outcome(): Outcome {
  const die = randomInt(100_000)
  if (die === 0) return 'gateway_error'
  return die < 1000 ? 'provider_error' : die < 3000 ? 'caller_gone' : 'ok'
}

function callAt(at: number, users: number): readonly LedgerChange[] {
  const user = Math.min(randomInt(users), randomInt(users))
  const requestId = newRequestId(at)
  const [operation, modality] = pick(KINDS, KINDS[0])
  const model = pick(MODELS, 'MiniMax-M3')
  const owner = {
    requestId,
    userId: `user-${user}`,
    tokenId: `token-${user}-${randomInt(TOKENS_PER_USER)}`,
    sessionId: '',
    endUser: '',
    operation,
    modality,
    model,
    currency: 'USD',
    multiplier: '0.4',
  }
  const settlement: RequestSettlement = {
    ...owner,
    usage: { input_tokens: randomInt(5000), cached_tokens: randomInt(500), output_tokens: randomInt(2000) },
    list: BigInt(randomInt(1_000_000_000)),
    charged: BigInt(randomInt(400_000_000)),
    priceVersion: '2026-01-01',
    estimated: false,
    upstreamKey: 'main',
    outcome: outcome(),
    httpStatus: 200,
    providerCode: 0,
    durationMs: 1500.25,
    firstByteMs: 300.5,
    bytesIn: randomInt(10_000),
    bytesOut: randomInt(10_000),
    settledAt: at + 1500,
  }
  return [
    { kind: 'open', opening: { ...owner, at } },
    { kind: 'settle', settlement },
  ]
}

async function fill(ledger: LedgerStore, rows: number, users: number): Promise<string[]> {
  let [cpu, main, seconds] = [0, 0, 0]
  for (let done = 0; done < rows; done += BATCH) {
    const changes = Array.from({ length: Math.min(BATCH, rows - done) }, (_, index) =>
      callAt(START + Math.floor(((done + index) / rows) * MONTH), users),
    ).flat()
    const [used, mine, started] = [process.cpuUsage(), process.threadCpuUsage(), performance.now()]
    await ledger.write(changes)
    const [allNow, mineNow] = [process.cpuUsage(used), process.threadCpuUsage(mine)]
    cpu += allNow.user + allNow.system
    main += mineNow.user + mineNow.system
    seconds += (performance.now() - started) / 1000
    if (done % 100_000 === 0) process.stderr.write(`${done} rows\n`)
  }
  const changes = rows * 2
  return [
    '| filling, in batches of 4,000 changes | |',
    '| --- | --: |',
    `| changes a second | ${Math.round(changes / seconds)} |`,
    `| CPU of the thread that asks, µs per change | ${(main / changes).toFixed(2)} |`,
    `| CPU of the threads of the books, µs per change | ${((cpu - main) / changes).toFixed(2)} |`,
  ]
}

async function timed(run: () => Promise<unknown>): Promise<readonly [first: number, median: number]> {
  const times: number[] = []
  for (let tries = 0; tries < TRIES; tries++) {
    const started = performance.now()
    await run()
    times.push(performance.now() - started)
  }
  const [first = 0] = times
  return [first, times.toSorted((one, other) => one - other)[TRIES >> 1] ?? 0]
}

const FILTERS: Readonly<Record<string, LedgerFilter>> = {
  'every row': {},
  'a user': { userId: 'user-3' },
  'a user who is not there': { userId: 'nobody' },
  'a token': { userId: 'user-3', tokenId: 'token-3-1' },
  'a token without its user': { tokenId: 'token-3-1' },
  'an operation': { operation: 'image.create' },
  'an operation that is not there': { operation: 'video.create' },
  'a user and an operation': { userId: 'user-3', operation: 'image.create' },
  'ok alone': { outcome: 'ok' },
  'a common failure': { outcome: 'caller_gone' },
  'the rarest failure': { outcome: 'gateway_error' },
  'a user and a failure': { userId: 'user-3', outcome: 'provider_error' },
  'an operation and a failure': { operation: 'image.create', outcome: 'gateway_error' },
  'an hour': { from: START + 100 * HOUR, to: START + 101 * HOUR },
  'a user within a day': { userId: 'user-3', from: START + 240 * HOUR, to: START + 264 * HOUR },
  'a token that is not there': { tokenId: 'nothing' },
  'a user with a token of another': { userId: 'user-3', tokenId: 'token-4-1' },
}

async function timePages(ledger: LedgerStore): Promise<string[]> {
  const lines = ['| page of 100 | rows | more | first, ms | median, ms |', '| --- | --: | --- | --: | --: |']
  for (const [name, filter] of Object.entries(FILTERS)) {
    const page = await ledger.list({ limit: 100 }, filter)
    const cursor = page.next ?? undefined
    const [first, median] = await timed(() => ledger.list({ limit: 100, cursor }, filter))
    const more = page.next === null ? 'no' : 'yes'
    lines.push(`| ${name} | ${page.items.length} | ${more} | ${first.toFixed(1)} | ${median.toFixed(1)} |`)
  }
  return lines
}

async function timeTotals(ledger: LedgerStore): Promise<string[]> {
  const lines = ['| totals of a month | groups | first, ms | median, ms |', '| --- | --: | --: | --: |']
  for (const userId of [undefined, 'user-3']) {
    for (const groupBy of USAGE_GROUPS) {
      // Not from midnight, so that days and hours both count.
      const query = { groupBy, userId, from: START + 8 * HOUR, to: START + MONTH + 8 * HOUR }
      const groups = (await ledger.usage(query)).length
      const [first, median] = await timed(() => ledger.usage(query))
      const name = userId === undefined ? groupBy : `${groupBy}, of one user`
      lines.push(`| ${name} | ${groups} | ${first.toFixed(1)} | ${median.toFixed(1)} |`)
    }
  }
  return lines
}

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '1000000' }, users: { type: 'string', default: '2000' } },
})
const [rows, users] = [Number(values.rows), Number(values.users)]
if (!Number.isSafeInteger(rows) || !Number.isSafeInteger(users) || rows < 1 || users < 1) {
  process.stderr.write('usage: npm run bench:books -- [--rows 1000000] [--users 2000]\n')
  process.exit(2)
}
const folder = mkdtempSync(join(tmpdir(), 'bench-books-'))
try {
  const path = join(folder, 'books.db')
  const store = await openSqliteStore({ path })
  const tables = [await fill(store.ledger, rows, users)]
  tables.push(await timePages(store.ledger), await timeTotals(store.ledger))
  await store.close()
  const size = (statSync(path).size / 2 ** 20).toFixed(0)
  console.log(
    `${rows} rows, ${users} users, ${size} MiB; Node ${process.versions.node}, ${availableParallelism()} cores\n`,
  )
  console.log(tables.map((lines) => lines.join('\n')).join('\n\n'))
} finally {
  rmSync(folder, { recursive: true })
}
