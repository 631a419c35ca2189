import type { UserStatus } from './store.ts'

export interface UserRow {
  id: string
  name: string | null
  email: string | null
  plan: string | null
  multiplier: string | null
  /** JSON, see limits-codec.ts; so it is wherever limits are. */
  limits: string | null
  prepaid: number | null
  end_user_limits: string | null
  status: UserStatus
  created_at: number
  updated_at: number
}

export interface TokenRow {
  id: string
  user_id: string
  kind: 'server'
  name: string | null
  hash: string
  operations: string | null
  models: string | null
  /** JSON, as all lists are. */
  origins: string | null
  networks: string | null
  limits: string | null
  created_at: number
  expires_at: number | null
  revoked_at: number | null
  replaced_by: string | null
  suspended_at: number | null
  suspended_by: string | null
  last_used_at: number | null
  last_used_address: string | null
  expiry_noticed_at: number | null
}

/** An end user of a user's who is stopped; whoever is not has no row. */
export interface EndUserRow {
  user_id: string
  end_user: string
  suspended_at: number
  /** The incident for which; null: the operator did it. */
  suspended_by: string | null
}
