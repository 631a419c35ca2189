/** Which request: keys of two users, or of two operations, have nothing to do with one another. */
export interface IdempotencyScope {
  readonly userId: string
  /** When that user was made, in milliseconds since the Unix epoch: who had the same id before is somebody else. */
  readonly userSince: number
  readonly operation: string
  /** As the client sent it, 1 to 255 characters. Stores keep a hash of it alone. */
  readonly key: string
}

/** An answer as it can be given again. */
export interface KeptAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: Buffer
  /** Of the call that made it. */
  readonly requestId: string
}

/** Whose a key is to be. */
export interface IdempotencyClaim {
  /** SHA-256 of the request, by which another one under the same key is told. */
  readonly bodyHash: string
  readonly requestId: string
  /** Of the process that claims. */
  readonly ownerId: string
  readonly at: number
  /** When the key is free again, should the call never end. */
  readonly expiresAt: number
}

/**
 * How a call ended that has no answer to give again. `unrepeatable`: it was answered by a stream, or by more than is
 * kept. `unknown`: no answer came, and whether it was carried out is not known.
 */
export type WithoutAnswer = 'unrepeatable' | 'unknown'

/** What is there already under a key. */
export type Earlier =
  /** A call is under way, or a process died with it. */
  | {
      readonly state: 'running'
      readonly bodyHash: string
      readonly requestId: string
      readonly ownerId: string
    }
  | { readonly state: 'done'; readonly bodyHash: string; readonly answer: KeptAnswer }
  | { readonly state: WithoutAnswer; readonly bodyHash: string; readonly requestId: string }

export interface IdempotencyStore {
  /**
   * The claim on a key: on disk before it resolves. What has expired by the claim's own time does not count.
   * @returns null when it is the caller's now; else what is there
   */
  claim(scope: IdempotencyScope, claim: IdempotencyClaim): Promise<Earlier | null>
  /**
   * Writes down how the call ended; on disk before it resolves.
   * @param expiresAt when the key is free again
   * @returns false when the claim is not that request's, or it has ended; nothing is written then
   */
  complete(
    scope: IdempotencyScope,
    requestId: string,
    ending: KeptAnswer | WithoutAnswer,
    expiresAt: number,
  ): Promise<boolean>
  /**
   * Gives the key back: nothing of the call went upstream, or upstream did not take it on.
   * @returns false when the claim is not that request's, or it has ended; nothing is changed then
   */
  release(scope: IdempotencyScope, requestId: string): Promise<boolean>
  /** Takes out what has expired, in steps. @returns how many; 0: nothing is left */
  prune(now: number): Promise<number>
}
