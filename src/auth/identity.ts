/** Who calls: a token and its user, as the store had them when they were looked up. */
export interface Identity {
  readonly userId: string
  readonly tokenId: string
  readonly plan: string | null
  /** The user's own multiplier of prices, a decimal text; null: they have none. */
  readonly multiplier: string | null
  /** Milliseconds since the Unix epoch; Infinity: never. */
  readonly expiresAt: number
  /** @returns whether the token's own rules let it use an operation, e.g. `chat.native` (`chat.*` lets all of chat) */
  mayUseOperation(operation: string): boolean
  /** @returns whether the token's own rules let it use a model; names compare exactly */
  mayUseModel(model: string): boolean
}

/** A token or a user that ends: by revocation, suspension or rotation. */
export interface Ending {
  readonly tokenId?: string
  readonly userId?: string
  /** Milliseconds since the Unix epoch: now, or later when the token was rotated with grace. */
  readonly at: number
}
