import type { Selectable } from 'kysely'
import type { AccessRequestRow } from './access-request-tables.ts'
import type { AccessRequest } from './access-requests.ts'

/** What may still lead to a token. */
export const OPEN = ['pending', 'verified', 'approved'] as const
/** What waits for the operator. */
export const UNDECIDED = ['pending', 'verified'] as const

/** A request out of its row. */
export function requestFromRow(row: Selectable<AccessRequestRow>): AccessRequest {
  const { id, email, note, state, mail, reason } = row
  return {
    id,
    email,
    note,
    state,
    mail,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    verifiedAt: row.verified_at,
    approvedAt: row.approved_at,
    closedAt: row.closed_at,
    userId: row.user_id,
    tokenId: row.token_id,
    tokenLifetime: row.token_lifetime,
    reason,
  }
}
