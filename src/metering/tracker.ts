import type { Outcome } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { ReportedFailure } from '../minimax/dialects.ts'
import {
  isTaskQuery,
  TASKS,
  taskQueryOf,
  taskStateOf,
  tellsOf,
  type TaskKind,
  type TaskQuery,
  type TaskReport,
} from '../minimax/tasks.ts'
import type { Usage } from '../minimax/units.ts'
import type { Bill, LedgerChange, LedgerStore, Task, TaskState } from '../store/store.ts'
import { keyOf, Rounds } from './rounds.ts'
import { longestRun, nextLook } from './tasks.ts'

/** So many answers in a row that a task does not exist are believed: one may come from a part that lags behind. */
const BELIEVED = 3
/** Milliseconds after which a task is given up about which MiniMax never said anything: it keeps none for longer. */
const LOST = 7 * 24 * 60 * 60 * 1000

/** Why a look at a task told nothing. */
export type Trouble =
  | { readonly kind: 'unreachable'; readonly error: unknown }
  | {
      readonly kind: 'refused'
      readonly status: number
      /** Undefined: the answer cannot be read. */
      readonly failure: ReportedFailure | undefined
    }

/** The end of a task, as it is written down. */
export type TaskEnd = Extract<LedgerChange, { kind: 'end' }>

/** What the tracker tells about itself; none of it may throw. */
export interface TrackerEvents {
  /** A task has ended and is settled. Told once for each task. */
  ended(task: Task, end: TaskEnd): void
  /** A look told nothing; the task is asked about again. */
  trouble(task: Task, trouble: Trouble): void
  /** The store did not do its part, or a bill could not be made: the bill of the creation stands then. */
  failed(what: 'store' | 'bill', error: unknown): void
}

export interface TrackerOptions {
  readonly ledger: Pick<LedgerStore, 'task' | 'tasksDue' | 'taskCounts'>
  /** @returns whether the change applied */
  readonly write: (change: LedgerChange) => Promise<boolean>
  /**
   * Asks MiniMax for the state of a task, with the key that made it. It ends within a bounded time.
   * @param signal nobody waits for the answer any more
   */
  readonly ask: (
    task: Task,
    query: TaskQuery,
    signal: AbortSignal,
  ) => Promise<{ readonly status: number; readonly body: Buffer }>
  /** What a task costs that used so much, as its end reports; the report also names the model and the resolution. */
  readonly bill: (task: Task, usage: Usage, report: TaskReport) => Bill
  readonly clock: Pick<Clock, 'now'>
  /** From 0 up to 1. */
  readonly random: () => number
  readonly events: TrackerEvents
}

export interface KindCount {
  readonly kind: TaskKind
  readonly state: TaskState
  readonly count: number
}

const ENDS: Readonly<Partial<Record<TaskReport['state'], { state: TaskEnd['state']; outcome: Outcome }>>> = {
  succeeded: { state: 'succeeded', outcome: 'ok' },
  failed: { state: 'failed', outcome: 'provider_error' },
  cancelled: { state: 'failed', outcome: 'caller_gone' },
  expired: { state: 'expired', outcome: 'provider_timeout' },
}

/**
 * Follows every task to its end and settles the call that made it. All it must remember is in the store, so it goes on
 * after a restart; the store lets a task end once, whoever sees its end first.
 */
export class TaskTracker {
  readonly #options: TrackerOptions
  readonly #rounds: Rounds
  readonly #observing = new Set<Promise<void>>()
  /** How often in a row a task was said not to exist. */
  readonly #denials = new Map<string, number>()
  readonly #abort = new AbortController()

  constructor(options: TrackerOptions) {
    const { ledger, clock, events } = options
    this.#options = options
    this.#rounds = new Rounds({
      ledger,
      clock,
      look: (task) => this.#look(task),
      failed: (error) => events.failed('store', error),
    })
  }

  /** Looks at tasks whenever they are due, from now on. */
  start(): void {
    this.#rounds.start()
  }

  /** Begins nothing more, and waits for what is under way for a few seconds. */
  async stop(): Promise<void> {
    await this.#rounds.stop(this.#observing)
    this.#abort.abort()
  }

  /** Looks at every task that is due. Resolves when none is under way any more. */
  async sweep(): Promise<void> {
    await this.#rounds.sweep()
  }

  /**
   * Looks at a task now, due or not: before its owner deletes it, and with it what tells its cost. Never rejects.
   * @param taskId MiniMax's id, of any task
   */
  async look(taskId: string, upstreamKey?: string): Promise<void> {
    try {
      const task = await this.#options.ledger.task(taskId, upstreamKey)
      if (task?.state === 'running') await this.#rounds.now(task)
    } catch (error) {
      this.#options.events.failed('store', error)
    }
  }

  /**
   * A user's own question about a task was answered: when it shows an end, the task ends now. Never rejects.
   * @param operation any operation; most tell nothing of tasks
   * @param body the whole answer of HTTP status 200
   */
  async observe(operation: string, upstreamKey: string, body: Buffer): Promise<void> {
    if (!isTaskQuery(operation)) return
    const report = taskStateOf(operation, body)
    const { taskId, state } = report
    if (taskId === undefined || ENDS[state] === undefined) return
    const observing = this.#observe(operation, { taskId, upstreamKey }, report)
    this.#observing.add(observing)
    await observing
    this.#observing.delete(observing)
  }

  /** How many tasks there are in each state, by what they make. Rejects when the store does not say. */
  async counts(): Promise<readonly KindCount[]> {
    const { ledger, events } = this.#options
    const rows = await ledger.taskCounts().catch((error: unknown) => {
      events.failed('store', error)
      throw error
    })
    const counts = new Map<string, KindCount>()
    for (const { operation, state, count } of rows) {
      const kind = TASKS[operation]?.kind
      if (kind === undefined) continue
      const key = `${kind} ${state}`
      counts.set(key, { kind, state, count: count + (counts.get(key)?.count ?? 0) })
    }
    return [...counts.values()]
  }

  async #observe(
    operation: string,
    { taskId, upstreamKey }: Pick<Task, 'taskId' | 'upstreamKey'>,
    report: TaskReport,
  ): Promise<void> {
    try {
      const task = await this.#options.ledger.task(taskId, upstreamKey)
      if (task?.state !== 'running' || !tellsOf(operation, task.operation)) return
      const end = this.#endOf(task, report, this.#options.clock.now())
      if (end !== undefined) await this.#write(task, end)
    } catch (error) {
      this.#options.events.failed('store', error)
    }
  }

  /** Never rejects. */
  async #look(task: Task): Promise<void> {
    const report = await this.#ask(task)
    const now = this.#options.clock.now()
    try {
      await this.#write(
        task,
        this.#endOf(task, this.#judge(task, report, now), now) ?? this.#pause(task, now),
      )
    } catch (error) {
      this.#rounds.rest()
      this.#options.events.failed('store', error)
    }
  }

  /** @returns what MiniMax says, or nothing; why it is nothing is told */
  async #ask(task: Task): Promise<TaskReport> {
    const { ask, events } = this.#options
    const query = taskQueryOf(task.operation, task.taskId)
    const nothing = taskStateOf('', Buffer.alloc(0))
    if (query === undefined) return nothing
    try {
      const { status, body } = await ask(task, query, this.#abort.signal)
      const report = taskStateOf(query.operation, body)
      const isAbout = report.taskId === undefined || report.taskId === task.taskId
      // Beyond 2xx an answer is about the question. That 404 has no JSON is how an unknown path looks.
      if (
        isAbout &&
        report.state !== 'none' &&
        (status < 300 || (status < 500 && report.state === 'unknown'))
      )
        return report
      events.trouble(task, { kind: 'refused', status, failure: report.failure })
    } catch (error) {
      events.trouble(task, { kind: 'unreachable', error })
    }
    return nothing
  }

  /** A task that is gone, or has run for too long, has expired. */
  #judge(task: Task, report: TaskReport, now: number): TaskReport {
    const key = keyOf(task)
    const denials = report.state === 'unknown' ? (this.#denials.get(key) ?? 0) + 1 : 0
    const longest = report.state === 'none' ? LOST : longestRun(task.operation)
    const isOver = ENDS[report.state] !== undefined
    const hasExpired = !isOver && (denials >= BELIEVED || now - task.createdAt > longest)
    if (denials === 0) this.#denials.delete(key)
    else this.#denials.set(key, denials)
    return hasExpired ? { ...report, state: 'expired' } : report
  }

  /** @returns undefined when the report shows no end */
  #endOf(task: Task, report: TaskReport, at: number): TaskEnd | undefined {
    const end = ENDS[report.state]
    if (end === undefined) return undefined
    const isRejected = end.state === 'failed' && report.failure?.outcome === 'provider_rejected'
    const { taskId, upstreamKey } = task
    return {
      kind: 'end',
      taskId,
      upstreamKey,
      state: end.state,
      outcome: isRejected ? 'provider_rejected' : end.outcome,
      bill: end.state === 'succeeded' ? this.#billOf(task, report) : nothingOf(task.bill),
      at,
    }
  }

  #billOf(task: Task, report: TaskReport): Bill {
    const { bill, events } = this.#options
    const isUntold = TASKS[task.operation]?.tellsUsage === true
    const own = isUntold ? { ...task.bill, estimated: true } : task.bill
    if (report.usage === undefined) return own
    try {
      return bill(task, report.usage, report)
    } catch (error) {
      events.failed('bill', error)
      return own
    }
  }

  #pause(task: Task, now: number): LedgerChange {
    const { taskId, upstreamKey, operation, polls } = task
    const nextPollAt = now + nextLook(operation, polls + 1, this.#options.random())
    return { kind: 'poll', taskId, upstreamKey, polls: polls + 1, nextPollAt }
  }

  async #write(task: Task, change: LedgerChange): Promise<void> {
    const hasApplied = await this.#options.write(change)
    if (change.kind === 'end') this.#denials.delete(keyOf(task))
    if (hasApplied && change.kind === 'end') this.#options.events.ended(task, change)
  }
}

function nothingOf(bill: Bill): Bill {
  return { ...bill, usage: {}, list: 0n, charged: 0n, estimated: false }
}
