import type { Clock } from './lib/clock.ts'
import type { Outcome, RefusalCode } from './errors.ts'

/** The operation of a call, as far as every stage needs to know it. */
export interface CallOperation {
  readonly name: string
  readonly modality: string
  readonly dialect: 'native' | 'openai' | 'anthropic'
}

/** Who calls, as far as every stage needs to know it. */
export interface CallCaller {
  readonly kind: 'server' | 'session' | 'jwt'
  readonly userId: string
  readonly tokenId: string
  /** '' where it is no session. */
  readonly sessionId: string
  /** '' where none was named. */
  readonly endUser: string
  /** Milliseconds since the Unix epoch; Infinity: never. */
  readonly expiresAt: number
}

/**
 * An end user as one text, of all users' end users: users' ids have no slash.
 * @param endUser by the name that the user's own app gave
 */
export function endUserKey(userId: string, endUser: string): string {
  return `${userId}/${endUser}`
}

/** Stands for whoever uses JWTs of a user that name no end user; no end user may be called so. */
export const UNNAMED = '*'

/**
 * Who of a user's people calls, as far as somebody can be stopped by themselves: the end user; with a JWT that names none
 * the bearer of such, since there is no token in the store to be stopped; '' where it is the token.
 */
export function personOf({ kind, endUser }: Pick<CallCaller, 'kind' | 'endUser'>): string {
  return endUser === '' && kind === 'jwt' ? UNNAMED : endUser
}

/** What a call used and costs. Money is whole nano-units of the currency. */
export interface CallBill {
  readonly usage: Readonly<Record<string, number>>
  readonly list: bigint
  readonly charged: bigint
  readonly currency: string
  readonly estimated: boolean
}

/** How a limit of a minute stood when the call was let in. */
export interface CallRate {
  readonly name: 'requests' | 'tokens'
  readonly limit: number
  readonly remaining: number
  /** Milliseconds until all of it is there again. */
  readonly resetMs: number
}

const NO_RATES: readonly CallRate[] = Object.freeze([])

/**
 * The one record that a proxied request fills in, stage by stage, and that is finished exactly once.
 * Times are milliseconds of the monotonic clock unless said otherwise.
 */
export class Call {
  readonly requestId: string
  readonly operation: CallOperation
  /** The caller's network address. */
  readonly address: string
  readonly startedAt: number
  caller: CallCaller | null = null
  /** As the request named it; '' when it named none. */
  model = ''
  /** Whether the request asked for a stream. */
  stream = false
  bytesIn = 0
  bytesOut = 0
  /** How much of the request body is held in memory until the call ends. */
  bytesHeld = 0
  /** When the request left for upstream; 0: never. */
  sentAt = 0
  /** When the first byte of the answer came from upstream; 0: never. */
  firstByteAt = 0
  /** The upstream key that was used, by its name. */
  upstreamKey = ''
  /** How many times the request was sent upstream. */
  attempts = 0
  /** MiniMax's own code, when it reported a failure; 0: none. */
  providerCode = 0
  /** How often the master key was masked in what came back. */
  keyMasked = 0
  /** The HTTP status that the caller got; 0: the connection ended before one was sent. */
  status = 0
  /** What it used and costs, once that is known. */
  bill: CallBill | null = null
  /** What the user pays for it, as a decimal text; '' as long as that is not known. */
  charged = ''
  /** Tokens that it may use at the most, where somebody needs to know. */
  tokens = 0
  /** The caller's limits of a minute, for the headers of the answer. */
  rates: readonly CallRate[] = NO_RATES
  outcome: Outcome | null = null
  /** Why the gateway itself refused it; null: it did not. */
  refusal: RefusalCode | null = null
  /** The fingerprint of its content, the same for the same request; 0: it was not taken. */
  contentHash = 0
  /** What went wrong beneath an error of ours; for the log alone. */
  cause: unknown
  /** How long the whole call took. */
  durationMs = 0

  readonly #clock: Clock
  readonly #onFinish: (call: Call) => void

  /** @param onFinish runs exactly once, when the call ends, on every path */
  constructor(
    requestId: string,
    operation: CallOperation,
    address: string,
    clock: Clock,
    onFinish: (call: Call) => void,
  ) {
    this.requestId = requestId
    this.operation = operation
    this.address = address
    this.#clock = clock
    this.#onFinish = onFinish
    this.startedAt = clock.monotonic()
  }

  /** Ends the call. The first word holds: every later one is ignored. */
  finish(outcome: Outcome): void {
    if (this.outcome !== null) return
    this.outcome = outcome
    this.durationMs = this.#clock.monotonic() - this.startedAt
    this.#onFinish(this)
  }
}
