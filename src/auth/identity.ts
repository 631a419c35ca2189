import type { RefusalCode } from '../errors.ts'
import type { CredentialKind, Limits } from '../store/store.ts'
import type { PlaceRule } from './place.ts'

/** What a user, a token, a session or an end user is limited to. */
export interface LimitedSubject {
  readonly kind: 'user' | 'token' | 'session' | 'end_user'
  /** Of an end user as `endUserKey` says it. */
  readonly id: string
  /** When it was made: what is older is not its. Milliseconds since the Unix epoch. */
  readonly since: number
  /** In force: of a user, the plan's with the user's own over them. */
  readonly limits: Limits
  /** Of a session: how many calls it may make in all; left out: any number. */
  readonly calls?: number
}

/** Who calls: a credential and its user, as the store had them when they were looked up. */
export interface Identity {
  readonly userId: string
  /** When the user was made, in milliseconds since the Unix epoch: an id may have been somebody else's before. */
  readonly userSince: number
  /** Of a session: the token that it was made of. Of a JWT: `jwt_` and the operator's name for its issuer. */
  readonly tokenId: string
  readonly kind: CredentialKind
  /** '' where it is no session. */
  readonly sessionId: string
  /** The user's own end user, by the name that their app gave; '' where it gave none. */
  readonly endUser: string
  readonly plan: string | null
  /** The user's own multiplier of prices, a decimal text; null: they have none. */
  readonly multiplier: string | null
  /** That of the user's plan; null: it has none, or there is no such plan. */
  readonly planMultiplier: string | null
  /** Whose limits hold, the user's first; none where nothing is limited. */
  readonly limited: readonly LimitedSubject[]
  /** Whether the user spends only credit. */
  readonly prepaid: boolean
  /** In force for each end user of the user. */
  readonly endUserLimits: Limits
  /** Milliseconds since the Unix epoch; Infinity: never. */
  readonly expiresAt: number
  /** @returns whether the rules of the token and of the plan let it use an operation, e.g. `chat.native` (`chat.*` lets all of chat) */
  mayUseOperation(operation: string): boolean
  /** @returns whether the rules of the token and of the plan let it use a model; names compare exactly */
  mayUseModel(model: string): boolean
  /** The web origins that it is bound to; null: none. */
  readonly origins: readonly string[] | null
  /** @returns why it may not be used from there; null: it may */
  readonly refusalFrom: PlaceRule
}

/** A token, a user or an end user of theirs that ends: by revocation, suspension or rotation. */
export interface Ending {
  readonly tokenId?: string
  readonly userId?: string
  /** With the user: of their end users this one alone. */
  readonly endUser?: string
  /** Milliseconds since the Unix epoch: now, or later when the token was rotated with grace. */
  readonly at: number
  /** What is said to those whose call is cut by it; without one: that the token was revoked, or the user suspended. */
  readonly code?: RefusalCode
}
