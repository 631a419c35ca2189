/** A MiniMax API key of the operator, ready to be sent. */
export interface UpstreamKey {
  /** The operator's name for it, as in logs and metrics. */
  readonly name: string
  /** The MiniMax account that it belongs to, by the operator's name for it. */
  readonly account: string
  /** The value of the `Authorization` header. Never printed. */
  readonly authorization: string
}

/** What a key is made of: the setting's own shape. */
export interface KeySetting {
  readonly name: string
  readonly account: string
  /** Its share of the calls, at least 1. Default: 1. */
  readonly weight?: number
  /** Whether the operator has taken it out of use. */
  readonly isDisabled?: boolean
  readonly key: { reveal(): string }
}
