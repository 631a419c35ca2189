/**
 * What MiniMax is to call back, and what of it is still to be handed on. Times are milliseconds since the Unix epoch,
 * ids are text.
 */

/** One `callback_url` of a user, for one task. */
export interface Callback {
  /** SHA-256 of the secret in the address that MiniMax was given, in hexadecimal. The secret itself is never stored. */
  readonly secretHash: string
  readonly requestId: string
  readonly userId: string
  readonly tokenId: string
  /** Where the user wants to hear of the task. */
  readonly url: string
  /** The one that makes the task. */
  readonly operation: string
  readonly account: string
  readonly createdAt: number
  /** Null: not known yet. */
  readonly taskId: string | null
}

/** `waiting`: for its first try or for another one. `given_up`: the receiver wants none, or no try has helped. */
export type DeliveryState = 'waiting' | 'delivered' | 'given_up'

/** A body on its way to the user's URL. */
export interface Delivery {
  readonly id: string
  readonly secretHash: string
  readonly userId: string
  readonly url: string
  readonly body: Buffer
  /** Tries that have failed. */
  readonly tries: number
  readonly createdAt: number
  readonly nextAt: number
}

/** A body to be handed on. */
export interface NewDelivery {
  readonly id: string
  readonly secretHash: string
  readonly userId: string
  /** SHA-256 of the body, in hexadecimal: the same body is kept once for each callback. */
  readonly bodyHash: string
  readonly body: Buffer
  readonly createdAt: number
}

/** `full`: as many of the user's bodies wait as may; this one was not kept. `gone`: there is no such callback any more. */
export type Enqueued = 'queued' | 'repeated' | 'full' | 'gone'

/** Every method rejects with GatewayError `store_unavailable` when the store cannot do its part. */
export interface CallbackStore {
  add(callback: Callback): Promise<void>
  get(secretHash: string): Promise<Callback | undefined>
  /** Ties a callback to its task, unless it is tied already. @returns whether it is tied to this very task now */
  bind(secretHash: string, taskId: string): Promise<boolean>
  /** Takes out a callback with its deliveries: there will be no task. */
  remove(secretHash: string): Promise<void>
  /** Takes out all that is a user's. */
  removeOf(userId: string): Promise<void>
  /** @param most bodies of one user that may wait */
  enqueue(delivery: NewDelivery, most: number): Promise<Enqueued>
  /** Deliveries whose time has come, the longest overdue first; of each user at the most `perUser`, so that none crowds out others. */
  due(now: number, perUser: number, limit: number): Promise<readonly Delivery[]>
  /** When the first of those that wait is due; undefined: none waits. */
  nextDue(): Promise<number | undefined>
  /** A try has failed, and there is to be another. */
  postpone(id: string, tries: number, nextAt: number): Promise<void>
  /** A delivery has ended. Its body is kept no longer; that it was there is, so that it is not sent twice. */
  end(id: string, state: Exclude<DeliveryState, 'waiting'>, tries: number): Promise<void>
  /** Takes out callbacks that were made before, with their deliveries; some thousand at a time. @returns how many callbacks */
  prune(before: number): Promise<number>
}
