import type { Outcome, RefusalCode } from '../errors.ts'
import type { CredentialKind } from '../store/store.ts'

/** What is learnt from one request of a known token, after it has ended. */
export interface CallEvent {
  /** Milliseconds since the Unix epoch. */
  readonly at: number
  readonly tokenId: string
  readonly userId: string
  readonly kind: CredentialKind
  /** The user's own end user; '' where none was named. */
  readonly endUser: string
  /** The user's plan; '' where they have none. */
  readonly plan: string
  readonly operation: string
  readonly modality: string
  /** As the request named it; '' when it named none. */
  readonly model: string
  readonly outcome: Outcome
  /** Why the gateway itself refused it; null: it did not. */
  readonly refusal: RefusalCode | null
  /** MiniMax's code of failure; 0: none. */
  readonly providerCode: number
  /** Nano-units. */
  readonly charged: bigint
  /** How much was asked: bytes of the request. */
  readonly bytesIn: number
  /** Of its content, the same for the same request; 0: it was not made. */
  readonly contentHash: number
  /** The caller's network address. */
  readonly address: string
  readonly userAgent: string
}
