import type { GatewayError, Outcome } from '../errors.ts'
import type { Renaming } from '../lib/rename.ts'

/**
 * Who knows whose the objects are that one call names, makes and deletes. Tenancy does; what moves the bytes knows no
 * more of it than this. A callback may come at once or later, but comes exactly once.
 */
export interface CallObjects {
  /** The account whose keys alone can carry the call; null: any. */
  readonly account: string | null
  /** How many bytes of an answer are held so that what it makes is known before the caller reads of it. */
  readonly holds: number
  /** What a stream must say otherwise. A whole document is given to `answered` and `masked`. */
  readonly renaming: Renaming | null
  /** Writes down what the request itself makes. @param done before it nothing may be sent; with an error nothing at all */
  begin(done: (error: GatewayError | null) => void): void
  /**
   * MiniMax answered well, with this document: what it made and deleted is written down.
   * @param done with the document as the caller may read it, or an error instead of it
   */
  answered(document: Buffer, done: (error: GatewayError | null, document: Buffer) => void): void
  /** @returns a document of any kind with the user's own names in place of ours */
  masked(document: Buffer): Buffer
  /** The call has ended. */
  ended(outcome: Outcome): void
}
