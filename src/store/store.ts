import type { CallbackStore } from './callbacks.ts'
import type { CreditStore } from './credits.ts'
import type { IdempotencyStore } from './idempotency.ts'
import type { IncidentStore } from './incidents.ts'
import type { LedgerStore } from './ledger.ts'
import type { ObjectStore } from './objects.ts'
import type { Page, PageRequest } from './page.ts'
import type { Limits, Plan, PlanStore } from './plans.ts'

export type * from './callbacks.ts'
export type * from './credits.ts'
export type * from './idempotency.ts'
export type * from './incidents.ts'
export type * from './ledger.ts'
export type * from './objects.ts'
export type * from './page.ts'
export type * from './plans.ts'
export { CREDIT_KINDS } from './credits.ts'
export { INCIDENT_STATES } from './incidents.ts'
export { USAGE_GROUPS } from './ledger.ts'
export { BUDGET_PERIODS } from './plans.ts'

/** What is remembered, whatever remembers it. Times are milliseconds since the Unix epoch; ids are text. */
export interface Store {
  readonly users: UserStore
  readonly tokens: TokenStore
  readonly ledger: LedgerStore
  readonly callbacks: CallbackStore
  readonly objects: ObjectStore
  readonly plans: PlanStore
  readonly credits: CreditStore
  readonly idempotency: IdempotencyStore
  readonly incidents: IncidentStore
  /** Rejects when the store cannot take a write now. */
  check(): Promise<void>
  close(): Promise<void>
}

export type UserStatus = 'active' | 'suspended'

export interface User {
  readonly id: string
  readonly name: string | null
  readonly email: string | null
  readonly plan: string | null
  /** What they pay, as a multiple of the list price: a decimal text; null: what their plan or everybody pays. */
  readonly multiplier: string | null
  /** Their own, over those of their plan; null: they have none. */
  readonly limits: Limits | null
  /** Whether they spend only credit; null: as their plan says. */
  readonly prepaid: boolean | null
  /** Of each end user that their sessions or JWTs name, over those of their plan; null: they have none. */
  readonly endUserLimits: Limits | null
  readonly status: UserStatus
  readonly createdAt: number
  readonly updatedAt: number
}

export interface UserStore {
  /**
   * @returns `taken`: somebody has the id; `under_way`: calls or tasks of somebody who had it go on, and what they cost
   * would count for the new one. Nothing is written then. Books that are kept elsewhere (as those in memory are) are not
   * asked
   */
  add(user: User): Promise<'added' | 'taken' | 'under_way'>
  get(id: string): Promise<User | undefined>
  /** Newest last, by creation time and id. */
  list(page: PageRequest & { readonly status?: UserStatus | undefined }): Promise<Page<User>>
  /** @returns the user as it stands after the change, or undefined when there is none */
  update(
    id: string,
    change: Partial<
      Pick<User, 'name' | 'email' | 'plan' | 'multiplier' | 'limits' | 'prepaid' | 'endUserLimits' | 'status'>
    >,
    at: number,
  ): Promise<User | undefined>
  /**
   * Takes out a suspended user, all their tokens with their past, exemptions of both, and the keys of their requests, all
   * or nothing. Rows of the books and incidents stay.
   * @returns false when there is no such user, or the user is not suspended; nothing is taken out then
   */
  remove(id: string): Promise<boolean>
}

/** Kinds of tokens that the store keeps. */
export type TokenKind = 'server'

/** Kinds of credentials: a token of the store, one made of it for a while, one of the operator's identity provider. */
export type CredentialKind = TokenKind | 'session' | 'jwt'

export interface Token {
  /** The 12 base62 characters that also stand in the token's text. */
  readonly id: string
  readonly userId: string
  readonly kind: TokenKind
  readonly name: string | null
  /** HMAC-SHA-256 of the token's text, hexadecimal. The text itself is never stored. */
  readonly hash: string
  /** Operation names or `modality.*`; null: all. */
  readonly operations: readonly string[] | null
  /** Model names; null: all. */
  readonly models: readonly string[] | null
  /** Web origins from whose pages alone it may be used, as `https://app.example.com`; null: not bound to any. */
  readonly origins: readonly string[] | null
  /** Networks (CIDR) from which alone it may be used; null: from anywhere. */
  readonly networks: readonly string[] | null
  /** Of the token alone, beside those of its user; null: none. */
  readonly limits: Limits | null
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly revokedAt: number | null
  /** The token that took its place when it was rotated. */
  readonly replacedBy: string | null
  /** Since when it is refused because of how it was used; null: it is not. */
  readonly suspendedAt: number | null
  /** The incident for which. */
  readonly suspendedBy: string | null
  /** When it was last let in, to about a minute; null: never. */
  readonly lastUsedAt: number | null
  /** From which address that was. */
  readonly lastUsedAddress: string | null
  /** When its user was told that it is about to expire; null: not yet. */
  readonly expiryNoticedAt: number | null
}

export interface TokenStore {
  /** @returns false when the id or the hash is taken; nothing is written then */
  add(token: Token): Promise<boolean>
  get(id: string): Promise<Token | undefined>
  /** The token with its user and their plan, or undefined. The one look-up that a request with an unknown token costs. */
  findByHash(
    hash: string,
  ): Promise<{ readonly token: Token; readonly user: User; readonly plan: Plan | null } | undefined>
  list(page: PageRequest & { readonly userId?: string | undefined }): Promise<Page<Token>>
  /** @returns the token as it stands after the change, or undefined when there is none */
  update(
    id: string,
    change: Partial<Pick<Token, 'name' | 'operations' | 'models' | 'origins' | 'networks' | 'limits'>>,
  ): Promise<Token | undefined>
  /** Idempotent: a token that was revoked keeps its time. @returns the token after the change, or undefined when there is none */
  revoke(id: string, at: number): Promise<Token | undefined>
  /** Revokes all tokens of a user that are not revoked yet. @returns how many */
  revokeAll(userId: string, at: number): Promise<number>
  /**
   * Idempotent: a token that was suspended keeps its time and its incident.
   * @param by the id of an incident
   * @returns the token after the change, or undefined when there is none
   */
  suspend(id: string, by: string, at: number): Promise<Token | undefined>
  /** Idempotent. A token that was revoked stays so. @returns the token after the change, or undefined when there is none */
  reinstate(id: string): Promise<Token | undefined>
  /** Adds the successor and ends the old token, both or neither. @returns the old token after the change, or undefined when it is not there or has ended */
  rotate(id: string, successor: Token, oldEndsAt: number, at: number): Promise<Token | undefined>
}
