import { sql, type ExpressionBuilder, type Kysely } from 'kysely'
import { isUnit, type Unit, type Usage } from '../minimax/units.ts'
import type { Bill, LedgerRow, Task } from './ledger.ts'
import type { RequestRow, Tables, TaskRow } from './tables.ts'
import type { Selectable } from 'kysely'

/** Money is read as text: as a number it would be exact to 2^53 only. */
const MONEY = [
  sql<string>`cast(list as text)`.as('list'),
  sql<string>`cast(charged as text)`.as('charged'),
] as const

type Read<Row> = Omit<Selectable<Row>, 'list' | 'charged'> & {
  readonly list: string
  readonly charged: string
}

const BILL_COLUMNS = ['usage', 'currency', 'multiplier', 'price_version', 'estimated'] as const

const REQUEST_COLUMNS = [
  ...BILL_COLUMNS,
  'id',
  'at',
  'user_id',
  'token_id',
  'session_id',
  'end_user',
  'operation',
  'modality',
  'model',
  'state',
  'outcome',
  'upstream_key',
  'http_status',
  'provider_code',
  'duration_ms',
  'first_byte_ms',
  'bytes_in',
  'bytes_out',
  'settled_at',
] as const

const TASK_COLUMNS = [
  ...BILL_COLUMNS,
  'id',
  'upstream_key',
  'request_id',
  'user_id',
  'token_id',
  'operation',
  'model',
  'facts',
  'state',
  'polls',
  'created_at',
  'next_poll_at',
  'settled_at',
] as const

/** Rows of the ledger, to be narrowed. */
export function selectRequests(db: Kysely<Tables>) {
  return db.selectFrom('requests').select(REQUEST_COLUMNS).select(MONEY)
}

/** Whose a task is in detail stands with the call that made it: as long as the task runs that is in the books. */
function callerOfTask(is: ExpressionBuilder<Tables, 'tasks'>, column: 'session_id' | 'end_user') {
  return is
    .selectFrom('requests')
    .select(`requests.${column}`)
    .whereRef('requests.id', '=', 'tasks.request_id')
    .as(column)
}

/** Tasks, to be narrowed. */
export function selectTasks(db: Kysely<Tables>) {
  return db
    .selectFrom('tasks')
    .select(TASK_COLUMNS)
    .select(MONEY)
    .select((is) => [callerOfTask(is, 'session_id'), callerOfTask(is, 'end_user')])
}

/** Usage that does not parse must not become "nothing used": it throws. */
export function usageFromText(text: string): Usage {
  const parsed: unknown = JSON.parse(text)
  if (typeof parsed !== 'object' || parsed === null) throw new TypeError('a usage is not an object')
  const usage: Partial<Record<Unit, number>> = {}
  for (const [unit, quantity] of Object.entries<unknown>({ ...parsed })) {
    if (!isUnit(unit) || typeof quantity !== 'number') throw new TypeError(`a usage has an unknown ${unit}`)
    usage[unit] = quantity
  }
  return usage
}

type BillRow = Pick<Read<RequestRow>, (typeof BILL_COLUMNS)[number] | 'list' | 'charged'>

function billFromRow(row: BillRow): Bill {
  return {
    usage: usageFromText(row.usage),
    list: BigInt(row.list),
    charged: BigInt(row.charged),
    currency: row.currency,
    multiplier: row.multiplier,
    priceVersion: row.price_version,
    estimated: row.estimated === 1,
  }
}

/** A row of the ledger as everybody else knows it. */
export function requestFromRow(row: Read<RequestRow>): LedgerRow {
  return {
    ...billFromRow(row),
    requestId: row.id,
    at: row.at,
    userId: row.user_id,
    tokenId: row.token_id,
    sessionId: row.session_id,
    endUser: row.end_user,
    operation: row.operation,
    modality: row.modality,
    model: row.model,
    state: row.state,
    outcome: row.outcome,
    upstreamKey: row.upstream_key,
    httpStatus: row.http_status,
    providerCode: row.provider_code,
    durationMs: row.duration_ms,
    firstByteMs: row.first_byte_ms,
    bytesIn: row.bytes_in,
    bytesOut: row.bytes_out,
    settledAt: row.settled_at,
  }
}

interface CallerOfTask {
  readonly session_id: string | null
  readonly end_user: string | null
}

/** A task as everybody else knows it. */
export function taskFromRow(row: Read<TaskRow> & CallerOfTask): Task {
  return {
    sessionId: row.session_id ?? '',
    endUser: row.end_user ?? '',
    taskId: row.id,
    upstreamKey: row.upstream_key,
    requestId: row.request_id,
    userId: row.user_id,
    tokenId: row.token_id,
    operation: row.operation,
    model: row.model,
    bill: billFromRow(row),
    facts: row.facts,
    createdAt: row.created_at,
    nextPollAt: row.next_poll_at,
    state: row.state,
    polls: row.polls,
    settledAt: row.settled_at,
  }
}
