import type { AuditOutcome } from './audit.ts'
import type { OperatorRole } from './operators.ts'

/** A credential of somebody who runs the gateway. */
export interface OperatorRow {
  id: string
  name: string
  role: OperatorRole
  hash: string
  /** JSON text of CIDRs; null: from anywhere. */
  networks: string | null
  created_at: number
  expires_at: number | null
  revoked_at: number | null
  replaced_by: string | null
  last_used_at: number | null
  last_used_address: string | null
}

/** A change that an operator made or tried to make. */
export interface AuditRow {
  id: string
  at: number
  operator_id: string
  operator_name: string
  role: OperatorRole
  address: string
  method: string
  route: string
  action: string
  target: string
  request: string | null
  request_id: string
  status: number | null
  outcome: AuditOutcome
  error: string | null
  before: string | null
  after: string | null
}
