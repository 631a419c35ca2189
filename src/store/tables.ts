import type { Generated } from 'kysely'
import type { Outcome } from '../errors.ts'
import type { ObjectKind } from '../minimax/objects.ts'
import type { Unit } from '../minimax/units.ts'
import type { AuditRow, OperatorRow } from './audit-tables.ts'
import type { AccessMailRow, AccessRequestRow } from './access-request-tables.ts'
import type { DeliveryState } from './callbacks.ts'
import type { CreditKind } from './credits.ts'
import type { WithoutAnswer } from './idempotency.ts'
import type { AbuseProfileRow, ExemptionRow, IncidentRow } from './incident-tables.ts'
import type { RequestState, TaskState, UsageGroup } from './ledger.ts'
import type { EndUserRow, TokenRow, UserRow } from './user-tables.ts'
import type { UpstreamKeyRow } from './upstream-key-tables.ts'

/**
 * The tables as every database holds them: times are integers (ms since the epoch), booleans 0 or 1, lists JSON text.
 * Nothing here may depend on which database it is.
 */
export interface Tables {
  users: UserRow
  tokens: TokenRow
  heartbeats: HeartbeatRow
  requests: RequestRow
  tasks: TaskRow
  usage_hours: UsageHourRow
  usage_days: UsageDayRow
  usage_totals: UsageTotalRow
  usage_keys: UsageKeyRow
  usage_journal: UsageJournalRow
  usage_marks: UsageMarkRow
  callbacks: CallbackRow
  callback_deliveries: CallbackDeliveryRow
  objects: ObjectRow
  idempotency_keys: IdempotencyKeyRow
  plans: PlanRow
  credit_entries: CreditEntryRow
  credit_codes: CreditCodeRow
  credit_redemptions: CreditRedemptionRow
  incidents: IncidentRow
  exemptions: ExemptionRow
  abuse_profiles: AbuseProfileRow
  access_requests: AccessRequestRow
  access_mails: AccessMailRow
  operators: OperatorRow
  audit_log: AuditRow
  upstream_keys: UpstreamKeyRow
  end_users: EndUserRow
}

/** One row that `check()` writes, to prove that a write would succeed now. */
export interface HeartbeatRow {
  id: number
  at: number
}

/** A bill. Money is a 64-bit integer: it is written as a bigint and read as text, since a number is exact to 2^53 only. */
interface BillColumns {
  /** JSON of a `Usage`. */
  usage: Generated<string>
  list: Generated<bigint>
  charged: Generated<bigint>
  currency: string
  multiplier: string
  price_version: Generated<string>
  estimated: Generated<number>
}

/** A call of the ledger. */
export interface RequestRow extends BillColumns {
  id: string
  at: number
  user_id: string
  token_id: string
  /** The session by which the token was used; '' where there was none. */
  session_id: Generated<string>
  /** The user's own end user, as the session or the JWT named them; '' where it named none. */
  end_user: Generated<string>
  operation: string
  modality: string
  model: string
  state: RequestState
  outcome: Outcome | null
  upstream_key: Generated<string>
  http_status: Generated<number>
  provider_code: Generated<number>
  duration_ms: number | null
  first_byte_ms: number | null
  bytes_in: Generated<number>
  bytes_out: Generated<number>
  settled_at: number | null
}

export interface TaskRow extends BillColumns {
  id: string
  upstream_key: string
  request_id: string
  user_id: string
  token_id: string
  operation: string
  model: string
  facts: string
  state: TaskState
  polls: Generated<number>
  created_at: number
  next_poll_at: number
  settled_at: number | null
}

/** What calls add up to; units with a fraction are kept in thousandths. */
export interface Sums extends Record<Unit, Generated<number>> {
  calls: Generated<number>
  /** Calls that ended in another outcome than `ok`. */
  failures: Generated<number>
  /** Calls that were billed by an estimate. */
  estimated: Generated<number>
  list: Generated<bigint>
  charged: Generated<bigint>
}

/** Whose calls and of what kind. */
interface Grain {
  user_id: string
  token_id: string
  operation: string
  modality: string
  model: string
  currency: string
}

/** `hour`: hours since the Unix epoch. */
export interface UsageHourRow extends Grain, Sums {
  hour: number
}

/** `day`: days since the Unix epoch. */
export interface UsageDayRow extends Grain, Sums {
  day: number
}

/** What the features of calls are known by. */
export interface UsageKeyRow {
  dimension: UsageGroup
  key: string
  currency: string
}

/**
 * All calls up to the end of an hour, since ever, by one of their features; where an hour has none, it has no row. What
 * a range of hours holds is the difference of two rows, however long the range is.
 */
export interface UsageTotalRow extends UsageKeyRow, Sums {
  hour: number
}

/** What a transaction added to the totals, as long as `usage_hours` has not got it. See ledger-journal.ts. */
export interface UsageJournalRow {
  id: Generated<number>
  line: string
}

/** One row: hours before `folded` are over, and in `usage_days` and `usage_totals`. */
export interface UsageMarkRow {
  id: number
  folded: number
}

/** An object on the shared account, and whose it is. */
export interface ObjectRow {
  kind: ObjectKind
  id: string
  account: string
  user_id: string
  name: string
  token_id: string
  request_id: string
  operation: string
  detail: string
  created_at: number
  expires_at: number | null
}

/** A `callback_url`, by the SHA-256 of the secret in the address that MiniMax was given for it. */
export interface CallbackRow {
  secret_hash: string
  request_id: string
  user_id: string
  token_id: string
  url: string
  operation: string
  account: string
  created_at: number
  task_id: string | null
}

/** A body to be handed on, as base64; null once that has ended. */
export interface CallbackDeliveryRow {
  id: string
  secret_hash: string
  body_hash: string
  user_id: string
  body: string | null
  state: DeliveryState
  tries: number
  created_at: number
  next_at: number
}

export interface PlanRow {
  id: string
  name: string | null
  limits: string
  multiplier: string | null
  operations: string | null
  models: string | null
  end_user_limits: string | null
  prepaid: number
  free_credit: bigint
  created_at: number
  updated_at: number
}

/** A change of a user's credit. */
export interface CreditEntryRow {
  id: string
  user_id: string
  amount: bigint
  kind: CreditKind
  reason: string
  at: number
}

export interface CreditCodeRow {
  id: string
  hash: string
  amount: bigint
  reason: string
  uses: number
  used: number
  created_at: number
  expires_at: number | null
  revoked_at: number | null
}

/** Who has redeemed which code, and by which entry. */
export interface CreditRedemptionRow {
  code_id: string
  user_id: string
  entry_id: string
}

/** A key of a request that is not to be carried out twice, by its SHA-256, and its answer once there is one. */
export interface IdempotencyKeyRow {
  user_id: string
  operation: string
  key_hash: string
  body_hash: string
  request_id: string
  owner_id: string
  state: 'running' | 'done' | WithoutAnswer
  expires_at: number
  status: number
  content_type: string
  /** Bytes of the body. */
  size: number
  body: Uint8Array | null
}
