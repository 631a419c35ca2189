import { setTimeout as pause } from 'node:timers/promises'
import { parseMoney, sumMoney } from '../../src/lib/money.ts'
import { METERS } from '../../src/minimax/meters.ts'
import { isUnit, type Unit, type Usage } from '../../src/minimax/units.ts'
import { fields, list, text } from '../json.ts'
import type { Fields } from '../types.ts'
import type { RequestLine } from './gateway.ts'
import { check } from './media.ts'

/** What the books of the gateway say of one call, as far as the demo shows it. Money is in nano-units. */
export interface BookRow {
  readonly requestId: string
  readonly operation: string
  readonly state: string
  readonly usage: Usage
  readonly list: bigint
  readonly charged: bigint
  readonly currency: string
}

/** Asks the admin API for a path and gives its answer. */
export type Ask = (path: string) => Promise<Fields>

/** How long tasks may take to be settled: the demo's own questions settle them, so they mostly are. */
const PATIENCE_MS = 20_000
/** Between two looks at the books. */
const PAUSE_MS = 50

function usageOf(value: unknown): Usage {
  const usage: Partial<Record<Unit, number>> = {}
  for (const [unit, quantity] of Object.entries(fields(value))) {
    if (isUnit(unit) && typeof quantity === 'number') usage[unit] = quantity
  }
  return usage
}

function rowOf(item: unknown): BookRow {
  const row = fields(item)
  return {
    requestId: text(row.request_id),
    operation: text(row.operation),
    state: text(row.state),
    usage: usageOf(row.usage),
    list: parseMoney(text(row.list_price)),
    charged: parseMoney(text(row.charged)),
    currency: text(row.currency),
  }
}

async function rowsOf(ask: Ask, user: string): Promise<readonly BookRow[]> {
  const rows: BookRow[] = []
  let cursor = ''
  do {
    const page = await ask(`/admin/v1/requests?user=${user}&limit=1000${cursor}`)
    rows.push(...list(page.items).map(rowOf))
    cursor = page.next === null ? '' : `&cursor=${encodeURIComponent(text(page.next))}`
  } while (cursor !== '')
  return rows
}

/**
 * The rows of a user, once nothing in them changes any more; or as they are when the time is up.
 * @param patience milliseconds
 */
export async function settledRows(
  ask: Ask,
  user: string,
  patience = PATIENCE_MS,
): Promise<readonly BookRow[]> {
  const until = performance.now() + patience
  let rows = await rowsOf(ask, user)
  while (rows.some(({ state }) => state !== 'settled') && performance.now() < until) {
    await pause(PAUSE_MS)
    rows = await rowsOf(ask, user)
  }
  return rows
}

/** Money at the list and as charged, in nano-units of one currency. */
export interface Sums {
  readonly list: bigint
  readonly charged: bigint
  readonly currency: string
}

/** What rows come to together. */
export function sumsOf(rows: readonly BookRow[]): Sums {
  return {
    list: sumMoney(rows.map((row) => row.list)),
    charged: sumMoney(rows.map((row) => row.charged)),
    currency: rows[0]?.currency ?? '',
  }
}

/** Fails unless the totals that the gateway keeps are what its rows come to. */
export async function checkTotals(ask: Ask, user: string, rows: readonly BookRow[]): Promise<void> {
  const { items } = await ask(`/admin/v1/usage?group_by=user&user=${user}`)
  const of = (name: string): bigint =>
    sumMoney(list(items).map((item) => parseMoney(text(fields(item)[name]))))
  const { list: listed, charged } = sumsOf(rows)
  check(of('list_price') === listed && of('charged') === charged, 'the totals are not the sums of the rows')
}

/** Whether MiniMax bills calls of an operation. */
export function isBilled(operation: string): boolean {
  const billing = METERS[operation]?.billing
  return billing === 'answer' || billing === 'request' || billing === 'task'
}

/**
 * What is wrong with the books of a step.
 * @param lines the requests of the step that went to MiniMax, as the log has them
 * @param rows the rows of these requests
 * @returns undefined when nothing is
 */
export function problemOf(lines: readonly RequestLine[], rows: readonly BookRow[]): string | undefined {
  for (const { requestId, operation } of lines) {
    const row = rows.find((one) => one.requestId === requestId)
    if (row === undefined) return `${operation} is not in the ledger`
    if (row.state !== 'settled') return `${operation} is ${row.state}, not settled`
    if (!isBilled(operation)) continue
    if (Object.keys(row.usage).length === 0) return `${operation} is billed, but has no usage`
    if (row.list === 0n) return `${operation} is billed, but has no price`
  }
  return undefined
}
