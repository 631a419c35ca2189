import type { Clock } from '../../lib/clock.ts'
import type { Timer } from '../../lib/timer.ts'
import type { MailDelivery } from '../../mail.ts'
import type {
  AccessRequest,
  AccessRequestStore,
  AccessState,
  Limits,
  User,
  UserStore,
} from '../../store/store.ts'
import type { TokenService } from '../tokens.ts'
import type { UserService } from '../users.ts'

/** How long a request waits for the operator, and a link for its person. */
export const ACCESS_LIFETIME_MS = 72 * 3_600_000

/** What the operator says when they let somebody in; what is left out is as the settings have it, or none. */
export interface Approval {
  /** The id of the user to be. */
  readonly user?: string | undefined
  readonly name?: string | undefined
  readonly plan?: string | null | undefined
  readonly limits?: Limits | null | undefined
  /** How long the token is to last, in milliseconds. */
  readonly tokenLifetime?: number | undefined
  /** False: the link is shown to the operator in the place of a mail. */
  readonly isMailed?: boolean | undefined
}

/** A request after it was given a link. */
export interface Linked {
  readonly request: AccessRequest
  /** The link itself, known this one time; null: it goes by mail. */
  readonly link: string | null
}

/** What came of a link that gives a token. */
export type Claimed =
  | { readonly result: 'claimed'; readonly token: string; readonly expiresAt: number | null }
  | { readonly result: 'used' | 'unknown' | 'unavailable' }

/** What may be counted about a request; none of it may throw. */
export interface AccessEvents {
  /** So many requests came to this state. @param id of the request, where it is one */
  moved(state: AccessState, count: number, id?: string): void
  /** Something went wrong that nobody waits for. */
  failed(error: unknown, what: string): void
}

/** What requests work with. */
export interface AccessRequestsOptions {
  readonly store: AccessRequestStore
  readonly users: Pick<UserService, 'add'>
  readonly userOf: UserStore['get']
  readonly tokens: Pick<TokenService, 'create'>
  /** A keyed hash: whoever reads the store learns no link from it. */
  readonly hash: (text: string) => string
  readonly clock: Clock
  readonly timer: Timer
  /** Under which people reach the public listener; null: nobody can follow a link now. */
  readonly publicUrl: string | null
  /** Null: there is no mail server. */
  readonly mail: MailDelivery | null
  readonly mailTo: string | undefined
  readonly perHour: number
  /** Of users about whose plan the operator says nothing. */
  readonly plan: string | null
  /** Whether there is a plan of that name. */
  readonly isPlan: (plan: string) => Promise<boolean>
  /** A user was made: gives them what their plan has for new ones. */
  readonly joined: (user: User) => Promise<void>
  readonly events: AccessEvents
}
