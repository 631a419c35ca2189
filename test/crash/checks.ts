import { parseMoney } from '../../src/lib/money.ts'
import { usageKey, type BookRow } from '../helpers/agreement.ts'
import { isRecord } from '../helpers/gateway.ts'
import type { Note } from './clients.ts'
import type { StoredRow } from './disk.ts'

type Rows = ReadonlyMap<string, BookRow>

function isServed({ status }: Note): boolean {
  return status === 200 || status === 101
}

/** Why a call whose answer came in full is not on the books as it should be; null when it is. */
function lossOf({ operation, said }: Note, row: BookRow | undefined): string | null {
  if (row === undefined) return 'has no row'
  // What a task costs is not known yet, and its answer says nothing of it.
  if (operation === 'video.create' && (row.state === 'pending' || row.outcome === 'ok')) return null
  if (row.state !== 'settled') return `is ${row.state}`
  if (row.outcome !== 'ok') return `is ${String(row.outcome)}`
  if (said === undefined) return null
  if (row.estimated) return 'is estimated though its answer told'
  return usageKey(row.usage) === usageKey(said)
    ? null
    : `has used {${usageKey(row.usage)}} where its answer said {${usageKey(said)}}`
}

/** Answers received in full that are not settled by what they said. One line each. */
export function lostAnswers(notes: readonly Note[], rows: Rows): string[] {
  return notes.flatMap((note) => {
    if (!note.isWhole || !isServed(note)) return []
    const why = lossOf(note, rows.get(note.requestId))
    return why === null ? [] : [`lost: ${note.operation} ${note.requestId} (${note.marker}) ${why}`]
  })
}

/** Answers that had begun to come and have no row, or one that is still open. One line each. */
export function unwritten(notes: readonly Note[], rows: Rows): string[] {
  return notes.flatMap((note) => {
    if (note.isWhole || note.requestId === '' || !isServed(note)) return []
    const state = rows.get(note.requestId)?.state ?? 'missing'
    return state === 'open' || state === 'missing'
      ? [`unwritten: ${note.operation} ${note.requestId} (${note.marker}) is ${state}`]
      : []
  })
}

/** Calls that the gateway refused, which none of the load's should be. One line each. */
export function refused(notes: readonly Note[]): string[] {
  return notes.flatMap((note) =>
    note.status === 0 || isServed(note) || !note.isWhole
      ? []
      : [`refused: ${note.operation} ${note.requestId} with ${note.status}: ${note.body}`],
  )
}

/** Rows that a kill left open and that are not settled as interrupted, by what they had reported. One line each. */
export function unsettled(open: readonly StoredRow[], rows: Rows): string[] {
  return open.flatMap(({ id, usage, charged }) => {
    const row = rows.get(id)
    if (row === undefined) return [`gone: ${id} was open and is no more`]
    const told: unknown = JSON.parse(usage)
    const isSame = isRecord(told) && JSON.stringify(told) === JSON.stringify(row.usage)
    const isRight = row.state === 'settled' && row.outcome === 'gateway_interrupted'
    if (isRight && isSame && parseMoney(row.charged) === charged) return []
    return [
      `unsettled: ${row.operation} ${id} was open with ${usage} and is ${row.state} ${String(row.outcome)} with ${JSON.stringify(row.usage)}, charged ${row.charged}`,
    ]
  })
}

interface Sum {
  requests: number
  failures: number
  usage: Record<string, number>
  charged: bigint
}

function added(
  sum: Sum | undefined,
  row: Pick<BookRow, 'usage' | 'charged'>,
  requests: number,
  failures: number,
): Sum {
  const usage: Record<string, number> = { ...sum?.usage }
  for (const [unit, quantity] of Object.entries(row.usage))
    usage[unit] = Math.round(((usage[unit] ?? 0) + quantity) * 1000) / 1000
  return {
    requests: (sum?.requests ?? 0) + requests,
    failures: (sum?.failures ?? 0) + failures,
    usage,
    charged: (sum?.charged ?? 0n) + parseMoney(row.charged),
  }
}

function line(key: string, { requests, failures, usage, charged }: Sum): string {
  return `${key}: ${requests} requests, ${failures} failures, {${usageKey(usage)}}, ${charged} nano`
}

/**
 * Differences between totals and the sum of the settled rows. One line each.
 * @param totals what `GET /admin/v1/usage` answered
 */
export function wrongTotals(
  group: 'operation' | 'model',
  totals: unknown,
  rows: Iterable<BookRow>,
): string[] {
  const sums = new Map<string, Sum>()
  for (const row of rows) {
    if (row.state !== 'settled') continue
    sums.set(row[group], added(sums.get(row[group]), row, 1, row.outcome === 'ok' ? 0 : 1))
  }
  const told = new Map<string, Sum>()
  const items = isRecord(totals) && Array.isArray(totals.items) ? totals.items.filter(isRecord) : []
  for (const { [group]: key, requests, failures, usage, charged } of items) {
    const quantities: Record<string, number> = {}
    for (const [unit, value] of isRecord(usage) ? Object.entries(usage) : []) quantities[unit] = Number(value)
    const bill = { usage: quantities, charged: String(charged) }
    told.set(String(key), added(told.get(String(key)), bill, Number(requests), Number(failures)))
  }
  const lines = (of: ReadonlyMap<string, Sum>): string[] => [...of].map(([key, sum]) => line(key, sum))
  const expected = lines(sums)
  const found = lines(told)
  return [
    ...expected.filter((one) => !found.includes(one)).map((one) => `totals by ${group} lack ${one}`),
    ...found.filter((one) => !expected.includes(one)).map((one) => `totals by ${group} say ${one}`),
  ]
}
