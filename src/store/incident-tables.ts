import type { Generated } from 'kysely'
import type { IncidentState } from './incidents.ts'

/** One finding about a token. */
export interface IncidentRow {
  id: string
  token_id: string
  user_id: string
  end_user: Generated<string>
  state: IncidentState
  signal: string
  response: string
  would_be: string
  score: number
  /** JSON, see incident-codec.ts. */
  evidence: string
  strikes: number
  opened_at: number
  updated_at: number
  notified_at: number | null
}

export interface ExemptionRow {
  id: string
  subject_kind: 'user' | 'token' | 'end_user'
  subject_id: string
  /** JSON text of names; null: all signals. */
  signals: string | null
  reason: string
  created_at: number
  expires_at: number
}

/** What is known of a token's past; it goes with its token. */
export interface AbuseProfileRow {
  token_id: string
  saved_at: number
  state: Uint8Array
}
