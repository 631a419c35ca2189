import type { Outcome } from '../errors.ts'
import type { Usage } from '../minimax/units.ts'
import type { ObjectChange } from './objects.ts'

/**
 * The books: one row per call that went upstream. Times are milliseconds since the Unix epoch, money is whole
 * nano-units of its currency, ids are text.
 */

/** `open`: sent, or about to be. `pending`: answered, and its task goes on. `settled`: nothing changes any more. */
export type RequestState = 'open' | 'pending' | 'settled'

/** What a call used and costs. */
export interface Bill {
  readonly usage: Usage
  /** At MiniMax's list price. */
  readonly list: bigint
  /** What the user pays: list × multiplier. */
  readonly charged: bigint
  readonly currency: string
  /** As a decimal text. */
  readonly multiplier: string
  /** Of the price list; '' where nothing was priced. */
  readonly priceVersion: string
  /** Whether the usage was estimated rather than reported. */
  readonly estimated: boolean
}

/** Whose call it is and what it asks for: all that is known before it is sent. */
export interface RequestOpening {
  readonly requestId: string
  readonly at: number
  readonly userId: string
  readonly tokenId: string
  /** The session by which the token was used; '' where there was none. */
  readonly sessionId: string
  /** The user's own end user; '' where none was named. */
  readonly endUser: string
  readonly operation: string
  readonly modality: string
  /** As the request names it; '' when it names none. */
  readonly model: string
  readonly currency: string
  readonly multiplier: string
}

/** How a call ended. It names the call's owner again, so that totals can be kept without looking the row up. */
export interface RequestSettlement extends Bill {
  readonly requestId: string
  readonly userId: string
  readonly tokenId: string
  readonly operation: string
  readonly modality: string
  /** The one that answered, else the one that was asked for. */
  readonly model: string
  readonly upstreamKey: string
  readonly outcome: Outcome
  /** 0: the connection ended before one was sent. */
  readonly httpStatus: number
  /** MiniMax's own code; 0: none. */
  readonly providerCode: number
  readonly durationMs: number
  readonly firstByteMs: number | null
  readonly bytesIn: number
  readonly bytesOut: number
  readonly settledAt: number
}

export type TaskState = 'running' | 'succeeded' | 'failed' | 'expired'

/** A task on the shared account that decides what the call that made it costs. */
export interface TaskOpening {
  /** MiniMax's id. Unique within an account only, so the key that made the task belongs to it. */
  readonly taskId: string
  readonly upstreamKey: string
  readonly requestId: string
  readonly userId: string
  readonly tokenId: string
  readonly operation: string
  readonly model: string
  /** What it will cost when it succeeds and its end does not say otherwise. */
  readonly bill: Bill
  /** What the price depends on, as JSON of `CallFacts`. */
  readonly facts: string
  readonly createdAt: number
  readonly nextPollAt: number
}

export interface Task extends TaskOpening {
  /** Of the call that made it; '' where there was none, or the call is in the books no longer. */
  readonly sessionId: string
  readonly endUser: string
  readonly state: TaskState
  readonly polls: number
  readonly settledAt: number | null
}

export type LedgerChange =
  /** A call is about to be sent. Nothing happens when its id is there already. */
  | { readonly kind: 'open'; readonly opening: RequestOpening }
  /** A long call has used so much; its row stays open. */
  | { readonly kind: 'progress'; readonly requestId: string; readonly bill: Bill }
  /**
   * A call has ended. Nothing happens unless its row is open. What comes when the totals of its hour are closed counts
   * as settled when the next one began, in its row too.
   */
  | { readonly kind: 'settle'; readonly settlement: RequestSettlement }
  /**
   * A call has ended and its task goes on: the row becomes `pending` with a bill of nothing, and the task is kept. It has
   * not applied where the task was known already: then the call is settled with nothing.
   */
  | { readonly kind: 'pend'; readonly settlement: RequestSettlement; readonly task: TaskOpening }
  /** A task has ended. Nothing happens unless it is running; then the call that made it is settled by the bill. */
  | {
      readonly kind: 'end'
      readonly taskId: string
      readonly upstreamKey: string
      readonly state: Exclude<TaskState, 'running'>
      readonly outcome: Outcome
      readonly bill: Bill
      readonly at: number
    }
  /** A running task was asked about and is to be asked again. */
  | {
      readonly kind: 'poll'
      readonly taskId: string
      readonly upstreamKey: string
      readonly polls: number
      readonly nextPollAt: number
    }
  /** Whose is what changes in the same breath as the books. */
  | ObjectChange

/** One row of the books. */
export interface LedgerRow extends Omit<RequestSettlement, 'outcome' | 'settledAt' | 'durationMs'> {
  readonly at: number
  readonly sessionId: string
  readonly endUser: string
  readonly state: RequestState
  /** Null while it is open. */
  readonly outcome: Outcome | null
  readonly durationMs: number | null
  readonly settledAt: number | null
}

/** Which rows: every field narrows. */
export interface LedgerFilter {
  readonly userId?: string | undefined
  readonly tokenId?: string | undefined
  /** Of the user; without one, pages may come out empty. */
  readonly endUser?: string | undefined
  readonly operation?: string | undefined
  readonly outcome?: Outcome | undefined
  /** From this time on. */
  readonly from?: number | undefined
  /** Up to this time, exclusive. */
  readonly to?: number | undefined
}

/** By what totals are kept. */
export const USAGE_GROUPS = ['user', 'token', 'model', 'modality', 'operation'] as const
export type UsageGroup = (typeof USAGE_GROUPS)[number]

export interface UsageQuery {
  readonly groupBy: UsageGroup
  /** Calls count in the hour in which they are settled; both are rounded down to hours. */
  readonly from: number
  readonly to: number
  readonly userId?: string | undefined
}

/** What one user, token, model … used in all. A group has one of these per currency. */
export interface UsageTotal {
  readonly key: string
  readonly currency: string
  readonly requests: number
  /** Of these, how many ended in another outcome than `ok`. */
  readonly failures: number
  /** Of these, how many were billed by an estimate. */
  readonly estimated: number
  readonly usage: Usage
  readonly list: bigint
  readonly charged: bigint
}

export interface TaskCount {
  readonly operation: string
  readonly state: TaskState
  readonly count: number
}

/** Whose charges are asked for, and when they were settled: from a time on, up to another, to the millisecond. */
export interface SpentQuery {
  readonly dimension: 'user' | 'token' | 'session' | 'end_user'
  /** Of an end user as `endUserKey` says it. */
  readonly id: string
  readonly from: number
  /** Exclusive. */
  readonly to: number
  readonly currency: string
}

/**
 * What end users of one user used. Their calls are added up one by one, so the range should be days, not years; a call
 * counts when it is settled, to the millisecond.
 */
export interface EndUserUsageQuery {
  readonly groupBy: 'end_user' | Exclude<UsageGroup, 'user'>
  readonly from: number
  /** Exclusive. */
  readonly to: number
  readonly userId: string
  /** This one alone, by the name that the user's app gave; undefined: all of them, and no call without one. */
  readonly endUser?: string | undefined
  /** This session alone, whether it has an end user or not. */
  readonly sessionId?: string | undefined
}

/** What was charged and used in all. */
export interface Spent {
  readonly charged: bigint
  readonly usage: Usage
}

/** What the books can be asked. A page is the newest row first. */
export interface LedgerReader {
  get(requestId: string): Promise<LedgerRow | undefined>
  /**
   * The work for a page is bounded: where a filter matches next to nothing, a page may be short or empty although there
   * is a next one. Only `next: null` is the end.
   */
  list(
    page: { readonly limit: number; readonly cursor?: string | undefined },
    filter: LedgerFilter,
  ): Promise<{ readonly items: readonly LedgerRow[]; readonly next: string | null }>
  /** Largest charge first. */
  usage(query: UsageQuery): Promise<readonly UsageTotal[]>
  /** Largest charge first; null: there are more calls in the range than are added up for one question. */
  usageOfEndUsers(query: EndUserUsageQuery): Promise<readonly UsageTotal[] | null>
  /**
   * Everything that was on disk when it was asked counts; calls of other currencies do not. Of sessions and end users it
   * reaches as far back as rows are kept.
   */
  spent(query: SpentQuery): Promise<Spent>
}

/** The books. */
export interface LedgerStore extends LedgerReader {
  /**
   * Writes the changes in their order, all or none; they are on disk when it resolves. Calls are carried out one after
   * the other.
   * @returns for each change whether it applied
   * @throws GatewayError `store_unavailable`; then none of them is written
   */
  write(changes: readonly LedgerChange[]): Promise<readonly boolean[]>
  task(taskId: string, upstreamKey?: string): Promise<Task | undefined>
  /** Running tasks whose next look is due, the longest overdue first. */
  tasksDue(now: number, limit: number): Promise<readonly Task[]>
  taskCounts(): Promise<readonly TaskCount[]>
  /** How many calls of a session there are, however they ended, open ones included. */
  sessionCalls(sessionId: string): Promise<number>
  /** All running tasks, in steps: those after the given one. @returns none at the end */
  runningTasks(
    after: { readonly taskId: string; readonly upstreamKey: string } | null,
    limit: number,
  ): Promise<readonly Task[]>
  /**
   * Settles what an earlier process left open as `gateway_interrupted`, by the usage that it had reported so far.
   * @returns how many
   */
  interrupt(at: number): Promise<number>
  /**
   * Takes out settled rows and ended tasks that are older than the first time, and objects that expired before the
   * second; totals stay. It goes on when it is called again.
   * @returns how many rows and objects; 0: nothing is left
   */
  prune(before: number, expiredBefore: number): Promise<number>
}
