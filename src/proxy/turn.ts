import type { GatewayError } from '../errors.ts'

/** A call's right to use the shared account, or its place in the queue for it. */
export interface CallTurn {
  /** On every path, at the end of the call; again is nothing. @param used the tokens that it did use; left out: not known */
  end(used?: number): void
}

/** Whose call asks for a turn, and at what. */
export interface CallTurnRequest {
  readonly account: string
  readonly userId: string
  /** As the request named it; '' for none. */
  readonly model: string
  /** How many calls it counts as. */
  readonly cost: number
  /** How many tokens it is taken to use; 0: not known. */
  readonly tokens: number
}

/** Who lets calls go in fair turns. Limits do; what moves the bytes knows no more of it than this. */
export interface CallTurns {
  /** @param go may come at once, before this returns; with an error the call may not be sent */
  take(request: CallTurnRequest, go: (error: GatewayError | null) => void): CallTurn
  /** MiniMax refused a call of a model with this code. */
  noticed(account: string, model: string, code: number): void
}
