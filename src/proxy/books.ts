import type { GatewayError, Outcome } from '../errors.ts'
import type { ReportedFailure } from '../minimax/dialects.ts'

/** How a call ended, as far as whoever moved its bytes knows. */
export interface CallEnding {
  readonly outcome: Outcome
  readonly failure: ReportedFailure | undefined
  /** The whole answer as upstream sent it, where it was small enough to be held; null elsewhere. */
  readonly document: Buffer | null
}

/**
 * Who keeps the books of one call. Metering does; what moves the bytes knows no more of it than this. A callback may
 * come at once or later, but comes exactly once.
 */
export interface CallBooks {
  /** Writes the call down. @param done before it nothing may be sent; with an error nothing may be sent at all */
  open(done: (error: GatewayError | null) => void): void
  /** Bytes of the answer as they came from upstream, before anything in them is changed. */
  push(chunk: Buffer): void
  /** A whole message of a WebSocket, as its sender wrote it. */
  pushFrame(direction: 'client' | 'server', message: Buffer): void
  /** The request is sent once more; what was read of its answer does not count. */
  restart(): void
  /** The answer has said that it ends: what it used is known, and is to be on the books before the caller reads that. */
  readonly hasEnded: boolean
  /** More was used than is written down; `checkpoint` writes it down. */
  readonly owes: boolean
  /** @param done with an error when the caller may use no more */
  checkpoint(done: (error: GatewayError | null) => void): void
  /** Ends the call on the books. @param done before it the caller may not have the last byte */
  settle(ending: CallEnding, done: () => void): void
}
