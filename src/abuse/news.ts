import type { Notice } from './notices-text.ts'

/** Something that people are told, other than an incident. */
export interface News {
  /** The same however often it is sent. Letters, digits and dashes. */
  readonly id: string
  /** What a receiver of webhooks tells it by, as `tokens.expiring`. */
  readonly type: string
  /** For the operator. */
  readonly notice: Notice
  /** For programs that receive the webhook: plain JSON, without secrets. */
  readonly details: Readonly<Record<string, unknown>>
  /** What each user concerned is told, by mail. */
  readonly users: readonly { readonly userId: string; readonly notice: Notice }[]
}
