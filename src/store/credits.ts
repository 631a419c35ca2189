import type { Page, PageRequest } from './page.ts'

/**
 * Where credit came from or went: `grant` and `correction` by the operator, `plan` when a user came to a plan, `code` by
 * redemption, `opening` for what a user had been charged before they paid ahead.
 */
export const CREDIT_KINDS = ['grant', 'correction', 'plan', 'code', 'opening'] as const

export type CreditKind = (typeof CREDIT_KINDS)[number]

/** One change of a user's credit. What calls cost is not among them: that is in the ledger. Never changed, never deleted. */
export interface CreditEntry {
  readonly id: string
  readonly userId: string
  /** Nano-units; negative for a correction downwards. */
  readonly amount: bigint
  readonly kind: CreditKind
  /** Why, in the words of whoever changed it. */
  readonly reason: string
  readonly at: number
}

/** Credit for whoever knows its text. Of the text only a hash is kept. */
export interface CreditCode {
  /** The first characters of the text, by which the operator tells codes apart. */
  readonly id: string
  readonly hash: string
  readonly amount: bigint
  readonly reason: string
  /** How many users may redeem it, one time each. */
  readonly uses: number
  readonly used: number
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly revokedAt: number | null
}

export type Redemption =
  | { readonly result: 'redeemed'; readonly entry: CreditEntry }
  | { readonly result: 'unknown' | 'expired' | 'revoked' | 'used_up' | 'already' }

export interface CreditStore {
  /** @returns false when the id is taken; nothing is written then. The same change sent twice counts once */
  add(entry: CreditEntry): Promise<boolean>
  /** Newest first. */
  list(userId: string, page: PageRequest): Promise<Page<CreditEntry>>
  /** @returns the sum of all entries of a user; 0 where there are none */
  total(userId: string): Promise<bigint>
  /** @returns false when the id or the hash is taken */
  addCode(code: CreditCode): Promise<boolean>
  /** Newest first. */
  listCodes(page: PageRequest): Promise<Page<CreditCode>>
  /** Idempotent. @returns the code after the change, or undefined when there is none */
  revokeCode(id: string, at: number): Promise<CreditCode | undefined>
  /** Counts the use and adds the entry, both or neither; two at a time cannot both have the last use. */
  redeem(hash: string, userId: string, entryId: string, at: number): Promise<Redemption>
}
