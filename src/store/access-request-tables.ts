import type { Generated } from 'kysely'
import type { AccessMail, AccessState } from './access-requests.ts'

/** Somebody who asks for access. */
export interface AccessRequestRow {
  id: string
  email: string | null
  note: string | null
  state: AccessState
  /** Of the link that was mailed or shown last. */
  secret_hash: string | null
  mail: AccessMail
  mail_tries: Generated<number>
  /** When its mail may be tried again. */
  mail_after: Generated<number>
  created_at: number
  expires_at: number
  verified_at: number | null
  approved_at: number | null
  closed_at: number | null
  user_id: string | null
  token_id: string | null
  token_lifetime: number | null
  reason: string | null
  /** When the operator was told of it. */
  told_at: number | null
}

/** A mail that went to somebody who asked for access. */
export interface AccessMailRow {
  id: string
  /** A keyed hash of the address. */
  address_key: string
  at: number
}
