import { GatewayError } from '../../src/errors.ts'
import type {
  EndUserUsageQuery,
  LedgerFilter,
  LedgerReader,
  LedgerRow,
  UsageQuery,
  UsageTotal,
} from '../../src/store/store.ts'
import { spentOf } from '../contract/ledger-kit.ts'

/** A settled call of `ada`; `id` gives its request id. */
export function aRow(id: number, fields: Partial<LedgerRow> = {}): LedgerRow {
  return {
    requestId: id.toString(16).padStart(32, '0'),
    at: Date.UTC(2026, 0, 1, 0, 0, id),
    userId: 'ada',
    tokenId: '00000000000A',
    sessionId: '',
    endUser: '',
    operation: 'chat.native',
    modality: 'chat',
    model: 'MiniMax-M3',
    upstreamKey: 'main',
    outcome: 'ok',
    httpStatus: 200,
    providerCode: 0,
    durationMs: 1234.5,
    firstByteMs: 100,
    bytesIn: 200,
    bytesOut: 300,
    usage: { input_tokens: 10, output_tokens: 20 },
    list: 123_000n,
    charged: 49_200n,
    currency: 'USD',
    multiplier: '0.4',
    priceVersion: '2026-01-01',
    estimated: false,
    state: 'settled',
    settledAt: Date.UTC(2026, 0, 1, 0, 1, id),
    ...fields,
  }
}

/** What a user, token, model … used in all. */
export function aTotal(key: string, fields: Partial<UsageTotal> = {}): UsageTotal {
  return {
    key,
    currency: 'USD',
    requests: 3,
    failures: 1,
    estimated: 1,
    usage: { input_tokens: 30, audio_seconds: 1.5 },
    list: 2n,
    charged: 1n,
    ...fields,
  }
}

function fits(
  row: LedgerRow,
  { userId, tokenId, endUser, operation, outcome, from = 0, to = Infinity }: LedgerFilter,
) {
  return (
    (userId ?? row.userId) === row.userId &&
    (tokenId ?? row.tokenId) === row.tokenId &&
    (endUser ?? row.endUser) === row.endUser &&
    (operation ?? row.operation) === row.operation &&
    (outcome ?? row.outcome) === row.outcome &&
    row.at >= from &&
    row.at < to
  )
}

/** Books that hold what they are given, and remember what totals they were asked for. */
export function fakeLedger(rows: readonly LedgerRow[] = [], totals: readonly UsageTotal[] = []) {
  const asked: UsageQuery[] = []
  const ofEndUsers: EndUserUsageQuery[] = []
  const reader: LedgerReader = {
    get: async (requestId) => rows.find((row) => row.requestId === requestId),
    async list({ limit, cursor = '0' }, filter) {
      const start = Number(cursor)
      if (!Number.isInteger(start)) throw new GatewayError('invalid_query', undefined, { path: 'cursor' })
      const found = rows.filter((row) => fits(row, filter)).sort((one, other) => other.at - one.at)
      const next = start + limit < found.length ? String(start + limit) : null
      return { items: found.slice(start, start + limit), next }
    },
    async usage(query) {
      asked.push(query)
      return totals
    },
    async usageOfEndUsers(query) {
      ofEndUsers.push(query)
      return totals
    },
    spent: async (query) => spentOf(rows, query),
  }
  return { ...reader, asked, ofEndUsers }
}
