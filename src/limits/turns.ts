import { GatewayError, type RefusalCode } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import { Account, type AccountLimits, type Places } from './account.ts'
import type { Lane } from './lane.ts'

/** A call's right to use the shared account, or its place in the queue for it. */
export interface Turn {
  /**
   * The call is over, or its caller has left. Whoever takes a turn ends it, on every path; again is nothing.
   * @param used its tokens: those that it was taken to use beyond that are given back. Left out: not known
   */
  end(used?: number): void
}

/** Whose call asks for a turn, and at what. */
export interface TurnRequest {
  readonly account: string
  readonly userId: string
  /** As the request named it; '' for none. */
  readonly model: string
  /** How many calls it counts as against the paces, 1 to 16; in the queues, how many turns it takes. */
  readonly cost: number
  /** How many tokens it is taken to use, against the model's pace; 0: not known. */
  readonly tokens: number
}

/** Hears how the turn comes: null, go; or why it does not come. */
export type TurnListener = (error: GatewayError | null) => void

/** Why a call had no turn: its user's queue was full, all queues were, or it waited too long. */
export type TurnRefusal = 'own_queue' | 'all_queues' | 'queue_time'

/** Who counts what happens. */
export interface TurnEvents {
  /** A call goes that had to wait for so many milliseconds. */
  waited(ms: number): void
  refused(kind: TurnRefusal): void
}

/** Calls back after so many milliseconds. @returns a function that takes that back */
export type Schedule = (ms: number, run: () => void) => () => void

export interface TurnsOptions extends AccountLimits {
  /** How long a call may wait, in milliseconds. */
  readonly queueTimeMs: number
  readonly clock: Clock
  readonly events: TurnEvents
  readonly schedule?: Schedule
}

/** Beyond this one user has too much waiting at one account; for a model with limits of its own, beside all others. */
const MOST_OF_ONE = 64
/** Beyond this the gateway has, at all accounts together. */
const MOST_OF_ALL = 10_000
/** A call that counted for more would shut its user out for too long. */
const HIGHEST_COST = 16

const TAKEN_BACK: Turn = Object.freeze({ end: () => undefined })

const systemSchedule: Schedule = (ms, run) => {
  const timer = setTimeout(run, ms)
  timer.unref()
  return () => clearTimeout(timer)
}

/**
 * Fair turns at the accounts that all users share: while one user floods, the others keep their share. As long as there is
 * room a call goes at once; then it waits in its user's own queue, and the queues are served in turn, one call each.
 */
export class Turns {
  readonly #options: TurnsOptions
  readonly #schedule: Schedule
  readonly #accounts = new Map<string, Account<AccountTurn>>()
  #waiting = 0

  constructor(options: TurnsOptions) {
    this.#options = options
    this.#schedule = options.schedule ?? systemSchedule
  }

  /** How many calls wait, at all accounts. */
  get waiting(): number {
    return this.#waiting
  }

  /**
   * Asks for a turn.
   * @param go is called exactly once, unless the turn is ended before: at once, before this returns, when there is room or
   * no hope; else later. It must not throw. Errors: `upstream_busy` when the user's own calls stand in the way,
   * `overloaded` when those of all do, `draining` at the end
   */
  take(request: TurnRequest, go: TurnListener): Turn {
    const account = this.#account(request.account)
    const lane = account.laneOf(request.model)
    const now = this.#options.clock.monotonic()
    const turn = new AccountTurn(this, account, lane, request, go)
    if (account.isFreeFor(lane, turn, now)) {
      turn.start(now)
      return turn
    }
    const own = account.waitingOf(request.userId, lane)
    if (own >= MOST_OF_ONE) return this.#refuse('own_queue', 'upstream_busy', go)
    if (this.#waiting >= MOST_OF_ALL) return this.#refuse('all_queues', 'overloaded', go)
    turn.wait(request.userId, now, now + this.#options.queueTimeMs, own > 0)
    this.#waiting++
    this.serve(account)
    return turn
  }

  #refuse(kind: TurnRefusal, code: RefusalCode, go: TurnListener): Turn {
    this.#options.events.refused(kind)
    go(this.#error(code))
    return TAKEN_BACK
  }

  #error(code: RefusalCode): GatewayError {
    return new GatewayError(code, undefined, {
      retryAfter: Math.max(1, Math.ceil(this.#options.queueTimeMs / 1000)),
    })
  }

  /** MiniMax refused a call of an account with this code of its own: the pace slackens. Never counts against a user. */
  noticed(accountName: string, model: string, code: number): void {
    this.#account(accountName).refused(model, code, this.#options.clock.monotonic())
  }

  #account(name: string): Account<AccountTurn> {
    let account = this.#accounts.get(name)
    if (account === undefined) {
      account = new Account(this.#options)
      this.#accounts.set(name, account)
    }
    return account
  }

  /** A call waits no longer: for turns alone. */
  left(): void {
    this.#waiting--
  }

  /** Lets go whose turn it is, and sends away who has waited too long: for turns alone. */
  serve(account: Account<AccountTurn>): void {
    if (account.isServing) return
    account.isServing = true
    try {
      this.#letGo(account)
      this.#sendAway(account)
    } finally {
      account.isServing = false
      this.#setTimer(account)
    }
  }

  #letGo(account: Account<AccountTurn>): void {
    const { clock, events } = this.#options
    for (;;) {
      const now = clock.monotonic()
      const turn = account.next(now)
      if (turn === undefined) return
      turn.leave()
      events.waited(now - turn.since)
      turn.start(now)
    }
  }

  #sendAway(account: Account<AccountTurn>): void {
    const now = this.#options.clock.monotonic()
    for (;;) {
      const turn = account.oldest
      if (turn === undefined || turn.deadline > now) return
      this.#options.events.refused('queue_time')
      // Whom their own calls stood in the way of may be said so; nobody is to blame for the calls of others.
      turn.refuse(this.#error(turn.isBehindOwn ? 'upstream_busy' : 'overloaded'))
    }
  }

  /** One timer for all that waits at an account; one that fires too early does no harm. */
  #setTimer(account: Account<AccountTurn>): void {
    const { oldest } = account
    if (oldest === undefined) return
    const now = this.#options.clock.monotonic()
    const at = Math.min(oldest.deadline, Math.max(now, account.readyAt(now)))
    if (at >= account.timerAt) return
    account.cancelTimer?.()
    account.timerAt = at
    account.cancelTimer = this.#schedule(Math.max(1, Math.ceil(at - now)), () => {
      account.timerAt = Infinity
      account.cancelTimer = null
      this.serve(account)
    })
  }

  /** Sends away all who wait. */
  close(): void {
    for (const account of this.#accounts.values()) {
      account.cancelTimer?.()
      account.cancelTimer = null
      account.timerAt = Infinity
      for (let turn = account.oldest; turn !== undefined; turn = account.oldest)
        turn.refuse(new GatewayError('draining'))
    }
  }
}

/** One turn: waits, goes, is over. Kept small: each call has one. */
class AccountTurn implements Turn {
  readonly cost: number
  readonly tokens: number
  since = 0
  deadline = 0
  /** Calls of the same user waited already when it came. */
  isBehindOwn = false
  readonly #turns: Turns
  readonly #account: Account<AccountTurn>
  readonly #lane: Lane<AccountTurn>
  #places: Places<AccountTurn> | null = null
  /** What to call, as long as it was not called. */
  #go: TurnListener | null
  #isUnderWay = false
  /** When it went, and how many tokens a minute might have then. */
  #startedAt = 0
  #tokensPerMinute = 0

  constructor(
    turns: Turns,
    account: Account<AccountTurn>,
    lane: Lane<AccountTurn>,
    { cost, tokens }: TurnRequest,
    go: TurnListener,
  ) {
    this.#turns = turns
    this.#account = account
    this.#lane = lane
    this.cost = Math.min(cost, HIGHEST_COST)
    this.tokens = tokens
    this.#go = go
  }

  wait(userId: string, since: number, deadline: number, isBehindOwn: boolean): void {
    this.since = since
    this.deadline = deadline
    this.isBehindOwn = isBehindOwn
    this.#places = this.#account.enqueue(userId, this.#lane, this)
  }

  /** Takes it out of the queues. */
  leave(): void {
    if (this.#places === null) return
    this.#account.remove(this.#places)
    this.#places = null
    this.#turns.left()
  }

  start(now: number): void {
    this.#startedAt = now
    this.#tokensPerMinute = this.#account.begin(now, this.#lane, this)
    this.#isUnderWay = true
    this.#tell(null)
  }

  refuse(error: GatewayError): void {
    this.leave()
    this.#tell(error)
  }

  #tell(error: GatewayError | null): void {
    const go = this.#go
    this.#go = null
    go?.(error)
  }

  end(used = this.tokens): void {
    this.leave()
    this.#go = null
    if (!this.#isUnderWay) return
    this.#isUnderWay = false
    this.#account.end()
    this.#lane.end(this.#startedAt, this.#tokensPerMinute, this, used)
    if (this.#account.waiting > 0) this.#turns.serve(this.#account)
  }
}
