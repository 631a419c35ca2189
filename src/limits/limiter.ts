import type { GatewayError } from '../errors.ts'
import type { Usage } from '../minimax/units.ts'
import type { Budget, BudgetPeriod, Limits } from '../store/store.ts'

/** Who may be limited: a user, a token of theirs, a session of that, an end user of the user's own app. */
export type SubjectKind = 'user' | 'token' | 'session' | 'end_user'

/** Whoever is limited. */
export interface Subject {
  readonly kind: SubjectKind
  /** Of an end user as `endUserKey` says it. */
  readonly id: string
  /** When it was made, in milliseconds since the Unix epoch: what was charged before is not its. */
  readonly since: number
  /** In force at this moment; they may differ from call to call. */
  readonly limits: Limits
  /** Of a session: how many calls it may make in all; left out: any number. */
  readonly calls?: number
}

/** For whom a call counts, limited or not. */
export interface Owners {
  readonly userId: string
  readonly tokenId: string
  /** '' where it is no session. */
  readonly sessionId: string
  /** By the name that the user's app gave; '' where it gave none. */
  readonly endUser: string
}

/** What a call may need at the most. */
export interface Demand extends Owners {
  readonly requestId: string
  /** Each of them has to let it pass; none where nothing is limited. */
  readonly subjects: readonly Subject[]
  /** Whether it may spend no more than the user's credit. */
  readonly prepaid: boolean
  readonly model: string
  /** Nano-units, in the worst case. */
  readonly charged: bigint
  /** In the worst case. Its tokens count against the tokens a minute. */
  readonly usage: Usage
  /** Nothing of it goes to MiniMax: it is a request, and no call. Left out: it does. */
  readonly isAnsweredHere?: boolean
}

/** What a call did cost. */
export interface Settled {
  readonly charged: bigint
  readonly usage: Usage
  /** When the ledger says that it was settled: which period it belongs to. */
  readonly at: number
}

/** How a limit of a minute stands after a call was let in. */
export interface RateState {
  readonly name: 'requests' | 'tokens'
  readonly limit: number
  readonly remaining: number
  /** Milliseconds until all of it is there again. */
  readonly resetMs: number
}

/** What a call that goes on needs from now on: all of it, with what was held before. */
export interface More extends Pick<Demand, 'charged' | 'usage'> {
  /**
   * A model that the call has named only now. Its own limits are taken too, as one more request, with all that the call
   * needs. A model that it was counted under already adds nothing; another one comes in addition, and none is ever given
   * back before the end. Undefined or '': none.
   */
  readonly model?: string | undefined
}

/** What a call has taken of the limits. It ends by exactly one of settle, release and keep; anything after is nothing. */
export interface Hold {
  /** The tightest of each name, over all subjects and models so far: for the headers of the answer. */
  readonly rates: readonly RateState[]
  /**
   * A long call needs more than was held, or it has named its model. All or nothing.
   * @param done null: it is held now; else as for `reserve`, and nothing changed
   */
  extend(most: More, done: (error: GatewayError | null) => void): void
  /** The call is over, and this is the truth, also where it is more than was held. */
  settle(settled: Settled): void
  /**
   * The call is over and cost nothing.
   * @param isRefunded it does not even count as a request: upstream refused it for the account's own limits
   */
  release(isRefunded: boolean): void
  /** The call is over, its task goes on: only money and units stay held, until `Limiter.end`. */
  keep(most: Pick<Demand, 'charged' | 'usage'>): void
}

/** How a budget stands. */
export interface BudgetState {
  readonly subject: Pick<Subject, 'kind' | 'id'>
  readonly budget: Budget
  /** Nano-units, or the budget's unit. */
  readonly used: bigint | number
  readonly held: bigint | number
  /** When it starts anew; null: never. */
  readonly resetsAt: number | null
}

/** How everything that limits one caller stands. */
export interface Standing {
  readonly rates: readonly (RateState & {
    readonly subject: Pick<Subject, 'kind' | 'id'>
    readonly model: string | null
  })[]
  readonly concurrency: readonly {
    readonly subject: Pick<Subject, 'kind' | 'id'>
    readonly model: string | null
    readonly limit: number
    readonly underWay: number
  }[]
  readonly budgets: readonly BudgetState[]
  readonly credit: Balance | null
  /** Of a session that may make so many calls in all; left out: nobody may make but so many. */
  readonly calls?: {
    readonly subject: Pick<Subject, 'kind' | 'id'>
    readonly limit: number
    readonly made: number
    readonly underWay: number
  }
}

/** Prepaid money, in nano-units: what was given less what was charged; of that, what is held; the rest. */
export interface Balance {
  readonly balance: bigint
  readonly held: bigint
  readonly available: bigint
}

/** A call of an earlier process whose task still runs. */
export interface Kept extends Owners {
  readonly requestId: string
  readonly charged: bigint
  readonly usage: Usage
}

/** A soft budget was passed: told once a period. */
export interface Notice {
  readonly subject: Pick<Subject, 'kind' | 'id'>
  readonly period: BudgetPeriod
  readonly budget: Budget
}

/** What refused a call. */
export type LimitKind = 'requests' | 'tokens' | 'concurrency' | 'budget' | 'credit'

/** What a limiter tells while it works; none of it may throw. */
export interface LimiterEvents {
  refused(kind: LimitKind): void
  notice(notice: Notice): void
  /** Something could not be read; the call that needed it was refused. */
  failed(error: unknown): void
}

/**
 * What was spent before this process began to count: the books. Both reject when it cannot be read; a limiter that cannot
 * know refuses (`store_unavailable`).
 *
 * An answer of `spent` has all that the limiter was told of (by settle or end) before it was asked, and nothing that the
 * limiter is told of after the answer. What it is told in between may be in it or not: the limiter asks again.
 */
export interface SpendSource {
  /** Of one subject, settled from a time on and before another. */
  spent(
    subject: Pick<Subject, 'kind' | 'id'>,
    from: number,
    to: number,
  ): Promise<Pick<Settled, 'charged' | 'usage'>>
  /** Everything that a user was ever given. */
  credit(userId: string): Promise<bigint>
}

/** Keeps callers inside their limits: reserve, then settle, release or keep. Memory is one; replicas share another. */
export interface Limiter {
  /**
   * Takes a call's share of every limit, all or nothing.
   * @param done called exactly once: at once where everything needed is in memory, else later. Errors: `rate_limited`,
   * `tokens_rate_limited`, `concurrency_limited` (with the seconds to wait), `budget_exceeded`, `credit_exhausted`,
   * `store_unavailable`
   */
  reserve(demand: Demand, done: (error: GatewayError | null, hold: Hold | null) => void): void
  /** The task of a kept call has ended; where nothing is kept under that id it is only counted. */
  end(call: Owners & Pick<Kept, 'requestId'>, settled: Settled): void
  /** Holds again what an earlier process held. */
  resume(kept: Kept): void
  /** A user's credit was changed, and the store says so already. */
  credited(userId: string, amount: bigint): void
  /** How everything that limits a caller stands at the moment. Rejects with GatewayError `store_unavailable`. */
  standing(demand: Pick<Demand, 'userId' | 'subjects' | 'prepaid'>): Promise<Standing>
  /** Money held in all, in nano-units. */
  readonly held: bigint
  /** Calls and tasks that hold something. */
  readonly holds: number
}
