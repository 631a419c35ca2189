import { setTimeout as pause } from 'node:timers/promises'
import type { Accepted } from '../../emulator/accepts.ts'
import type { BookRow } from './agreement.ts'
import { describeDifferences, reconcile, type Differences } from './reconcile.ts'

/** What the books are compared with, and how they are read. */
export interface BooksToCompare {
  readonly rows: () => Promise<readonly BookRow[]>
  readonly accepts: () => readonly Accepted[] | Promise<readonly Accepted[]>
  /** How long to wait for calls that are under way, 10 s. */
  readonly timeoutMs?: number
}

/** What of a gateway of the tests is needed to compare its books. */
export interface BookedGateway {
  readonly admin: (method: string, path: string) => Promise<Record<string, unknown>>
  readonly emulator: { readonly acceptLog: () => readonly Accepted[] }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function text(value: unknown, name: string): string {
  const found = isRecord(value) ? value[name] : undefined
  if (typeof found !== 'string') throw new Error(`a row has no ${name}: ${JSON.stringify(value)}`)
  return found
}

/** A row as the admin API shows it. Throws when it does not look like one. */
export function bookRow(value: unknown): BookRow {
  if (!isRecord(value) || !isRecord(value.usage)) throw new Error(`not a row: ${JSON.stringify(value)}`)
  const usage: Record<string, number> = {}
  for (const [unit, quantity] of Object.entries(value.usage)) {
    if (typeof quantity !== 'number')
      throw new Error(`${unit} of a row is no number: ${JSON.stringify(value)}`)
    usage[unit] = quantity
  }
  return {
    requestId: text(value, 'request_id'),
    operation: text(value, 'operation'),
    model: text(value, 'model'),
    outcome: typeof value.outcome === 'string' ? value.outcome : null,
    usage,
    charged: text(value, 'charged'),
    estimated: value.estimated === true,
    state: text(value, 'state'),
  }
}

/**
 * Every row of the books, newest first.
 * @param admin calls the admin API; gives the parsed answer
 */
export async function readRows(
  admin: (path: string) => Promise<Record<string, unknown>>,
): Promise<BookRow[]> {
  const rows: BookRow[] = []
  let cursor = ''
  do {
    const page = await admin(`/admin/v1/requests?limit=1000${cursor}`)
    if (!Array.isArray(page.items)) throw new Error(`not a page of rows: ${JSON.stringify(page)}`)
    rows.push(...page.items.map(bookRow))
    cursor = typeof page.next === 'string' ? `&cursor=${encodeURIComponent(page.next)}` : ''
  } while (cursor !== '')
  return rows
}

/** Compares the books once nothing is under way any more; gives up waiting, and says so, after a while. */
export async function reconcileBooks({
  rows,
  accepts,
  timeoutMs = 10_000,
}: BooksToCompare): Promise<Differences> {
  const end = performance.now() + timeoutMs
  for (;;) {
    const all = await rows()
    const open = all.filter(({ state }) => state === 'open')
    // After the rows: what a row says of a task was so when the log is read.
    if (open.length === 0) return reconcile(await accepts(), all)
    if (performance.now() > end) {
      const names = open.slice(0, 5).map(({ operation, requestId }) => `${operation} ${requestId}`)
      throw new Error(`${open.length} rows are still open after ${timeoutMs} ms: ${names.join(', ')}`)
    }
    await pause(20)
  }
}

/** Compares the books of a gateway with what its emulator took on. */
export function reconcileGateway(gateway: BookedGateway): Promise<Differences> {
  return reconcileBooks({
    rows: () => readRows((path) => gateway.admin('GET', path)),
    accepts: () => gateway.emulator.acceptLog(),
  })
}

/** Throws unless every call that the emulator took on is on the books of its gateway exactly once, as it was. */
export async function expectBooksToMatch(gateway: BookedGateway): Promise<void> {
  const differences = describeDifferences(await reconcileGateway(gateway))
  if (differences.length > 0) throw new Error(`the books do not match:\n${differences.join('\n')}`)
}
