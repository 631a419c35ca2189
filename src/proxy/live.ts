import { endUserKey, personOf, type Call, type CallCaller } from '../call.ts'
import type { RefusalCode } from '../errors.ts'
import { Bag, type BagItem } from '../lib/bag.ts'
import type { Clock } from '../lib/clock.ts'

/** Something that goes on for a while on behalf of a call, and can be told to stop. */
export interface LiveCall extends BagItem {
  readonly call: Call
  /** When it must be over, by the monotonic clock, and why it is stopped then. */
  readonly deadline: number
  readonly deadlineCode: RefusalCode
  /** Since when the caller has taken no byte, by the monotonic clock; 0: it takes them. */
  readonly stalledSince: number
  /** Ends it: an error to the caller in its dialect, upstream closed, the call finished. */
  abort(code: RefusalCode): void
  /** Ends it without a word: the caller does not listen. */
  drop(): void
}

/** A token or a user that ends. */
export interface CallerEnding {
  readonly tokenId?: string
  readonly userId?: string
  /** With the user: of their end users this one alone. */
  readonly endUser?: string
  /** Milliseconds since the Unix epoch. */
  readonly at: number
  /** What their calls are told; without one: that the token was revoked, or the user suspended. */
  readonly code?: RefusalCode
}

interface KeptEnding {
  /** By the monotonic clock. */
  readonly at: number
  readonly code: RefusalCode
}

/** A caller that takes no byte for so long is gone. */
const STALL_MS = 60_000
const SWEEP_MS = 250
/** A call joins when its body is complete; it may have been let in before an ending that is as old as this. */
const REMEMBER_MS = 10 * 60_000

/**
 * The calls under way. One sweep serves all their timers: a timer each would cost every request more than its
 * share of the sweep does.
 */
export class LiveCalls {
  readonly #clock: Clock
  readonly #calls = new Bag<LiveCall>()
  /** Tokens and users that end. Who was let in later had a right to be. */
  readonly #endings = new Map<string, KeptEnding>()
  readonly #timer: NodeJS.Timeout
  #whenIdle: (() => void)[] = []

  constructor(clock: Clock) {
    this.#clock = clock
    this.#timer = setInterval(() => this.sweep(), SWEEP_MS)
    this.#timer.unref()
  }

  get size(): number {
    return this.#calls.size
  }

  add(live: LiveCall): void {
    this.#calls.add(live)
  }

  delete(live: LiveCall): void {
    this.#calls.delete(live)
    if (this.#calls.size === 0 && this.#whenIdle.length > 0) {
      const waiting = this.#whenIdle
      this.#whenIdle = []
      for (const resolve of waiting) resolve()
    }
  }

  /** A token or a user ends at a time of the wall clock: what goes on in its name is closed by the next sweep after it. */
  end(ending: CallerEnding): void {
    const { tokenId, userId, endUser, code } = ending
    const at = this.#clock.monotonic() + Math.max(0, ending.at - this.#clock.now())
    if (tokenId !== undefined) this.#endings.set(`token ${tokenId}`, { at, code: code ?? 'token_revoked' })
    if (userId === undefined) return
    if (endUser === undefined) this.#endings.set(`user ${userId}`, { at, code: code ?? 'user_suspended' })
    else this.#endings.set(`end user ${userId}/${endUser}`, { at, code: code ?? 'end_user_suspended' })
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    if (this.#calls.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#whenIdle.push(resolve))
  }

  /** Ends all that is under way. */
  abortAll(code: RefusalCode): void {
    this.#calls.forEach((live) => live.abort(code))
  }

  /** Looks at each call once and ends those whose time is over. Runs by itself; tests call it. */
  sweep(): void {
    const now = this.#clock.monotonic()
    const wall = this.#clock.now()
    this.#calls.forEach((live) => {
      if (now >= live.deadline) live.abort(live.deadlineCode)
      else if (live.stalledSince !== 0 && now - live.stalledSince >= STALL_MS) live.drop()
      else if (live.call.caller !== null) this.#sweepCaller(live, live.call.caller, now, wall)
    })
    for (const [who, { at }] of this.#endings) if (now >= at + REMEMBER_MS) this.#endings.delete(who)
  }

  #sweepCaller(live: LiveCall, caller: CallCaller, now: number, wall: number): void {
    if (wall >= caller.expiresAt) live.abort('token_expired')
    else if (this.#endings.size > 0) {
      const code =
        this.#endingOf(`token ${caller.tokenId}`, live, now) ??
        this.#endingOf(`user ${caller.userId}`, live, now) ??
        this.#endingOf(`end user ${endUserKey(caller.userId, personOf(caller))}`, live, now)
      if (code !== undefined) live.abort(code)
    }
  }

  #endingOf(who: string, live: LiveCall, now: number): RefusalCode | undefined {
    const ending = this.#endings.get(who)
    return ending !== undefined && now >= ending.at && live.call.startedAt <= ending.at
      ? ending.code
      : undefined
  }

  close(): void {
    clearInterval(this.#timer)
  }
}
