import type { Page, PageRequest } from './page.ts'

/** What an operator's credential may do, the most first. Each may do what those after it may. */
export const OPERATOR_ROLES = ['owner', 'operator', 'read-only', 'metrics'] as const

export type OperatorRole = (typeof OPERATOR_ROLES)[number]

/** A credential of somebody who runs the gateway, beside the admin token of the settings. */
export interface Operator {
  /** The 12 base62 characters that also stand in the credential's text. */
  readonly id: string
  /** Who it is, for people to read. */
  readonly name: string
  readonly role: OperatorRole
  /** HMAC-SHA-256 of the credential's text, hexadecimal. The text itself is never stored. */
  readonly hash: string
  /** Networks (CIDR) from which alone it may be used; null: from anywhere. */
  readonly networks: readonly string[] | null
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly revokedAt: number | null
  /** The credential that took its place when it was rotated. */
  readonly replacedBy: string | null
  /** When it was last let in, to about a minute; null: never. */
  readonly lastUsedAt: number | null
  /** From which address that was. */
  readonly lastUsedAddress: string | null
}

export interface OperatorStore {
  /** @returns false when the id or the hash is taken; nothing is written then */
  add(operator: Operator): Promise<boolean>
  get(id: string): Promise<Operator | undefined>
  findByHash(hash: string): Promise<Operator | undefined>
  /** Newest last, by creation time and id. */
  list(page: PageRequest): Promise<Page<Operator>>
  /** Idempotent: one that was revoked keeps its time. @returns it after the change, or undefined when there is none */
  revoke(id: string, at: number): Promise<Operator | undefined>
  /**
   * Adds the successor and ends the old one, both or neither.
   * @returns the old one after the change, or undefined when it is not there or has ended
   */
  rotate(id: string, successor: Operator, oldEndsAt: number, at: number): Promise<Operator | undefined>
  /** It was let in. Whoever is not there is no error. */
  used(id: string, at: number, address: string): Promise<void>
}
