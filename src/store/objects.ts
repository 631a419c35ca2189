import type { ObjectKind } from '../minimax/objects.ts'

/** An object on the shared account, and whose it is. Times are milliseconds since the Unix epoch, ids are text. */
export interface OwnedObject {
  readonly kind: ObjectKind
  /** MiniMax's id: unique within an account and kind. */
  readonly id: string
  /** The account whose keys made it, and alone can use it. */
  readonly account: string
  readonly userId: string
  /** What its user calls it: the id itself, except of voices, whose names MiniMax shares between all users. */
  readonly name: string
  readonly tokenId: string
  /** The call that made it, or told of it first. */
  readonly requestId: string
  readonly operation: string
  /** What a list shows of it, as JSON text; '' where there is nothing to show. */
  readonly detail: string
  readonly createdAt: number
  /** When MiniMax forgets it; null: it stays. What has expired is not found and not listed. */
  readonly expiresAt: number | null
}

/** Names an object beyond doubt. One of the kind `cover_feature` may be several users'. */
export type ObjectKey = Pick<OwnedObject, 'kind' | 'id' | 'account' | 'userId'>

/** A change of ownership, written with the books: see `LedgerChange`. */
export type ObjectChange =
  /**
   * An object is a user's. Nothing happens, and it does not apply, when it is another user's already, unless it is a
   * cover feature. Owned by the same user already, it takes the new detail (unless that is '') and expiry.
   */
  | { readonly kind: 'own'; readonly object: OwnedObject }
  /** An object is gone. */
  | { readonly kind: 'disown'; readonly object: ObjectKey }

export interface ObjectFilter {
  readonly userId?: string | undefined
  readonly kind?: ObjectKind | undefined
}

/** Whose is what. `now` decides what has expired. */
export interface ObjectStore {
  /** The object that a user calls so; undefined: there is none, or none of theirs. The newest, should accounts share an id. */
  find(userId: string, kind: ObjectKind, name: string, now: number): Promise<OwnedObject | undefined>
  /** Newest first, by creation time. The cursor is opaque. */
  list(
    page: { readonly limit: number; readonly cursor?: string | undefined },
    filter: ObjectFilter,
    now: number,
  ): Promise<{ readonly items: readonly OwnedObject[]; readonly next: string | null }>
  /** All of one user's of a kind, newest first; at the most `limit` of them. */
  all(userId: string, kind: ObjectKind, now: number, limit: number): Promise<readonly OwnedObject[]>
}
