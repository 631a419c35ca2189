import type { OperatorRole } from './operators.ts'
import type { Page, PageRequest } from './page.ts'

/**
 * How a change ended. `begun`: it was about to be made, and nobody wrote down what came of it: it is under way, or the
 * process ended. `refused`: nothing was changed, and it was the caller's fault. `failed`: something of ours failed, so
 * that the change may have been made in part.
 */
export const AUDIT_OUTCOMES = ['begun', 'done', 'refused', 'failed'] as const

export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number]

/** What is known of a change before it is made. None of it may hold a secret. */
export interface AuditOpening {
  /** `aud_` and 32 hexadecimal digits that sort by time. */
  readonly id: string
  readonly at: number
  /** Who did it; the name and the role as they were then. */
  readonly operatorId: string
  readonly operatorName: string
  readonly role: OperatorRole
  readonly address: string
  readonly method: string
  /** The pattern of the route, as `/admin/v1/users/:id`. */
  readonly route: string
  /** What it does, by the name that the API's description gives it, such as `changeUser`. */
  readonly action: string
  /** What is changed: a noun and its id, as `user ada`. */
  readonly target: string
  /** JSON of the fields that were sent; null: none was looked at. */
  readonly request: string | null
  readonly requestId: string
}

/** What came of a change. */
export interface AuditEnd {
  readonly target: string
  /** HTTP status of the answer. */
  readonly status: number
  readonly outcome: Exclude<AuditOutcome, 'begun'>
  /** The code of the error with which it ended; null: none. */
  readonly error: string | null
  /** JSON of what is different, as it stood before and after; null: it was not there, or there is nothing to compare. */
  readonly before: string | null
  readonly after: string | null
}

/** One change that an operator made or tried to make. */
export interface AuditEntry extends AuditOpening {
  /** Null as long as it is `begun`. */
  readonly status: number | null
  readonly outcome: AuditOutcome
  readonly error: string | null
  readonly before: string | null
  readonly after: string | null
}

/** Which entries a list shows; times are milliseconds, `to` exclusive. */
export interface AuditFilter {
  readonly operatorId?: string | undefined
  readonly action?: string | undefined
  readonly target?: string | undefined
  readonly outcome?: AuditOutcome | undefined
  readonly from?: number | undefined
  readonly to?: number | undefined
}

/** Entries are added and ended once; nothing else changes them but their age. */
export interface AuditStore {
  /** On disk when this resolves. Rejects when the id is taken. */
  begin(opening: AuditOpening): Promise<void>
  /** On disk when this resolves. @returns false when there is no such entry, or it has ended already; nothing is written then */
  end(id: string, end: AuditEnd): Promise<boolean>
  /** Newest first. */
  list(page: PageRequest & AuditFilter): Promise<Page<AuditEntry>>
  /** Takes out entries from before a time, a part of them at a time. @returns how many */
  prune(before: number): Promise<number>
}
