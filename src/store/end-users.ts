import type { Page, PageRequest } from './page.ts'

/** An end user of a user's own app who is stopped. */
export interface SuspendedEndUser {
  readonly userId: string
  /** By the name that the user's app gave. */
  readonly endUser: string
  /** Milliseconds since the Unix epoch. */
  readonly suspendedAt: number
  /** The incident for which; null: the operator did it. */
  readonly suspendedBy: string | null
}

/** Who of the users' end users is stopped. Nothing is kept of the others. */
export interface EndUserStore {
  /**
   * Idempotent: one who is suspended keeps the time and the incident.
   * @returns as it stands after it, or undefined when there is no such user
   */
  suspend(endUser: SuspendedEndUser): Promise<SuspendedEndUser | undefined>
  /** @returns false when they were not suspended */
  reinstate(userId: string, endUser: string): Promise<boolean>
  /** Of one user, by name. */
  list(page: PageRequest & { readonly userId: string }): Promise<Page<SuspendedEndUser>>
  /** Of all users, in steps: those after the given one. @returns none at the end */
  all(
    after: Pick<SuspendedEndUser, 'userId' | 'endUser'> | null,
    limit: number,
  ): Promise<readonly SuspendedEndUser[]>
}
