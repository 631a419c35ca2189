import { endUserKey } from '../../src/call.ts'
import { UNITS, type Unit, type Usage } from '../../src/minimax/units.ts'
import type {
  Bill,
  LedgerChange,
  LedgerRow,
  RequestOpening,
  RequestSettlement,
  Spent,
  SpentQuery,
  TaskOpening,
  UsageGroup,
  UsageTotal,
} from '../../src/store/store.ts'

export { USAGE_GROUPS } from '../../src/store/store.ts'

export const HOUR = 3_600_000
/** The beginning of a day. */
export const START = Date.UTC(2026, 2, 1)

/** A request's id whose time is the start. */
export const REQUEST_ID = `${START.toString(16).padStart(12, '0')}70008000000000000000`

/** A bill with everything that a test does not care about; so are all that follow. */
export function aBill(fields: Partial<Bill> = {}): Bill {
  return {
    usage: { input_tokens: 100, cached_tokens: 20, output_tokens: 30 },
    list: 1000n,
    charged: 400n,
    currency: 'USD',
    multiplier: '0.4',
    priceVersion: '2026-01-01',
    estimated: false,
    ...fields,
  }
}

const OWNER = {
  userId: 'ada',
  tokenId: 'token1',
  operation: 'chat.native',
  modality: 'chat',
  model: 'MiniMax-M3',
}

export function anOpening(fields: Partial<RequestOpening> = {}): RequestOpening {
  const owner = { ...OWNER, sessionId: '', endUser: '' }
  return { requestId: REQUEST_ID, at: START, ...owner, currency: 'USD', multiplier: '0.4', ...fields }
}

export function aSettlement(fields: Partial<RequestSettlement> = {}): RequestSettlement {
  return {
    ...aBill(),
    requestId: REQUEST_ID,
    ...OWNER,
    upstreamKey: 'main',
    outcome: 'ok',
    httpStatus: 200,
    providerCode: 0,
    durationMs: 1234.5,
    firstByteMs: null,
    bytesIn: 10,
    bytesOut: 20,
    settledAt: START + 1000,
    ...fields,
  }
}

export function aTask(fields: Partial<TaskOpening> = {}): TaskOpening {
  return {
    taskId: 'task1',
    upstreamKey: 'main',
    requestId: REQUEST_ID,
    userId: 'ada',
    tokenId: 'token1',
    operation: 'video.create',
    model: 'MiniMax-Hailuo-02',
    bill: aBill({ usage: { videos: 1 } }),
    facts: '{}',
    createdAt: START,
    nextPollAt: START + 5000,
    ...fields,
  }
}

type End = Extract<LedgerChange, { kind: 'end' }>

export function anEnd(fields: Partial<End> = {}): End {
  return {
    kind: 'end',
    taskId: 'task1',
    upstreamKey: 'main',
    state: 'succeeded',
    outcome: 'ok',
    bill: aBill({ usage: { videos: 1 } }),
    at: START + 60_000,
    ...fields,
  }
}

const KEY_OF = {
  user: (row: LedgerRow) => row.userId,
  token: (row: LedgerRow) => row.tokenId,
  model: (row: LedgerRow) => row.model,
  modality: (row: LedgerRow) => row.modality,
  operation: (row: LedgerRow) => row.operation,
  session: (row: LedgerRow) => row.sessionId,
  end_user: (row: LedgerRow) => endUserKey(row.userId, row.endUser),
}

function compare<Value>(one: Value, other: Value): number {
  return one < other ? -1 : one > other ? 1 : 0
}

function usageOf(rows: readonly LedgerRow[]): Usage {
  const usage: Partial<Record<Unit, number>> = {}
  for (const unit of UNITS) {
    const sum = rows.reduce((all, row) => all + Math.round((row.usage[unit] ?? 0) * 1000), 0) / 1000
    if (sum !== 0) usage[unit] = sum
  }
  return usage
}

/** What rows that were settled within a time add up to, added up in the plainest way. */
export function spentOf(rows: readonly LedgerRow[], query: SpentQuery): Spent {
  const counted = rows.filter(
    (row) =>
      KEY_OF[query.dimension](row) === query.id &&
      row.currency === query.currency &&
      row.settledAt !== null &&
      row.settledAt >= query.from &&
      row.settledAt < query.to,
  )
  return { charged: counted.reduce((sum, { charged }) => sum + charged, 0n), usage: usageOf(counted) }
}

function totalOf(key: string, currency: string, rows: readonly LedgerRow[]): UsageTotal {
  return {
    key,
    currency,
    requests: rows.length,
    failures: rows.filter(({ outcome }) => outcome !== 'ok').length,
    estimated: rows.filter(({ estimated }) => estimated).length,
    usage: usageOf(rows),
    list: rows.reduce((sum, { list }) => sum + list, 0n),
    charged: rows.reduce((sum, { charged }) => sum + charged, 0n),
  }
}

/** What the settled ones of the rows add up to, added up in the plainest way. */
export function totalsOf(
  rows: readonly LedgerRow[],
  groupBy: UsageGroup | 'end_user',
  endUserOf = KEY_OF.end_user,
): UsageTotal[] {
  const keyOf = groupBy === 'end_user' ? endUserOf : KEY_OF[groupBy]
  const settled = rows.filter(({ state }) => state === 'settled')
  const groups = Map.groupBy(settled, (row) => JSON.stringify([keyOf(row), row.currency]))
  return [...groups.values()]
    .flatMap((group) => group.slice(0, 1).map((row) => totalOf(keyOf(row), row.currency, group)))
    .sort(
      (one, other) =>
        compare(other.charged, one.charged) ||
        compare(one.key, other.key) ||
        compare(one.currency, other.currency),
    )
}
