import type { GatewayError } from '../errors.ts'

/** A call's right to use the shared account, or its place in the queue for it. */
export interface CallTurn {
  /** On every path, at the end of the call; again is nothing. */
  end(): void
}

/** Who lets calls go in fair turns. Limits do; what moves the bytes knows no more of it than this. */
export interface CallTurns {
  /** @param go may come at once, before this returns; with an error the call may not be sent */
  take(account: string, userId: string, cost: number, go: (error: GatewayError | null) => void): CallTurn
  /** MiniMax refused a call with this code. */
  noticed(account: string, code: number): void
}
