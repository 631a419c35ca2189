import type { AuditStore } from './audit.ts'
import type { AccessRequestStore } from './access-requests.ts'
import type { CallbackStore } from './callbacks.ts'
import type { CreditStore } from './credits.ts'
import type { EndUserStore } from './end-users.ts'
import type { IdempotencyStore } from './idempotency.ts'
import type { IncidentStore } from './incidents.ts'
import type { LedgerStore } from './ledger.ts'
import type { ObjectStore } from './objects.ts'
import type { OperatorStore } from './operators.ts'
import type { Page, PageRequest } from './page.ts'
import type { Limits, Plan, PlanStore } from './plans.ts'
import type { UpstreamKeyStore } from './upstream-keys.ts'

export type * from './audit.ts'
export type * from './access-requests.ts'
export type * from './callbacks.ts'
export type * from './credits.ts'
export type * from './end-users.ts'
export type * from './idempotency.ts'
export type * from './incidents.ts'
export type * from './ledger.ts'
export type * from './objects.ts'
export type * from './operators.ts'
export type * from './page.ts'
export type * from './plans.ts'
export type * from './upstream-keys.ts'
export { AUDIT_OUTCOMES } from './audit.ts'
export { ACCESS_STATES } from './access-requests.ts'
export { CREDIT_KINDS } from './credits.ts'
export { INCIDENT_STATES } from './incidents.ts'
export { USAGE_GROUPS } from './ledger.ts'
export { OPERATOR_ROLES } from './operators.ts'
export { BUDGET_PERIODS } from './plans.ts'

/** What is remembered, whatever remembers it. Times are milliseconds since the Unix epoch; ids are text. */
export interface Store {
  readonly users: UserStore
  readonly tokens: TokenStore
  readonly endUsers: EndUserStore
  readonly ledger: LedgerStore
  readonly callbacks: CallbackStore
  readonly objects: ObjectStore
  readonly plans: PlanStore
  readonly credits: CreditStore
  readonly idempotency: IdempotencyStore
  readonly incidents: IncidentStore
  readonly upstreamKeys: UpstreamKeyStore
  readonly accessRequests: AccessRequestStore
  readonly operators: OperatorStore
  readonly audit: AuditStore
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

/** A use of a token. */
export interface TokenUse {
  /** Of the token. */
  readonly id: string
  readonly at: number
  /** From which network address; null: from one that nobody can say. */
  readonly address: string | null
}

/** Which tokens count as about to end by themselves. */
export interface ExpiringQuery {
  /** They end after it. */
  readonly after: number
  /** They end at it or before. */
  readonly until: number
  /** They were made for so many milliseconds at least. */
  readonly lifetime: number
}

export interface TokenStore {
  /** @returns false when the id or the hash is taken; nothing is written then */
  add(token: Token): Promise<boolean>
  get(id: string): Promise<Token | undefined>
  /** The token with its user and their plan, or undefined. The one look-up that a request with an unknown token costs. */
  findByHash(
    hash: string,
  ): Promise<{ readonly token: Token; readonly user: User; readonly plan: Plan | null } | undefined>
  /** The same by the public id: for credentials that were made of the token. */
  findById(
    id: string,
  ): Promise<{ readonly token: Token; readonly user: User; readonly plan: Plan | null } | undefined>
  list(page: PageRequest & { readonly userId?: string | undefined }): Promise<Page<Token>>
  /** @returns the web origins that tokens name which have not ended at a time, each once; of more than so many, some */
  origins(at: number, limit: number): Promise<string[]>
  /**
   * Another end is a new one: nobody was told of it yet.
   * @returns the token as it stands after the change, or undefined when there is none
   */
  update(
    id: string,
    change: Partial<
      Pick<Token, 'name' | 'operations' | 'models' | 'origins' | 'networks' | 'limits' | 'expiresAt'>
    >,
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
  /** Remembers the uses, all or none, unless a later one is known already. Of tokens that are not there, nothing is kept. */
  used(uses: readonly TokenUse[]): Promise<void>
  /**
   * Tokens that work and are about to end, and of which nobody was told yet; the first to end come first. Those that were
   * replaced are left out: somebody has their successor.
   */
  expiring(query: ExpiringQuery & { readonly limit: number }): Promise<readonly Token[]>
  /** How many are about to end, told of or not. */
  countExpiring(query: ExpiringQuery): Promise<number>
  /**
   * Remembers that people are told that tokens are about to end.
   * @returns the ids of those that were not marked before: of two that ask at once, one alone gets each
   */
  markExpiryNoticed(ids: readonly string[], at: number): Promise<readonly string[]>
}
