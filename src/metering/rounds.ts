import type { Clock } from '../lib/clock.ts'
import { TASKS } from '../minimax/tasks.ts'
import type { LedgerStore, Task } from '../store/store.ts'

/** Tasks that are looked at at a time. */
const MOST_AT_ONCE = 8
/** Due tasks that are read at a time, beside those that are being looked at. */
const BATCH = 64
/** Milliseconds between two rounds. */
const TICK = 1000
/** Milliseconds of rest when the store fails. */
const REST = 5000
/** Milliseconds that `stop` waits for what is under way. */
const GRACE = 5000
/** Looks per second, where MiniMax says how many an account may have (10): the users' own need the rest. */
const PER_SECOND: Readonly<Record<string, number>> = { 'speech.async.query': 5 }

export interface RoundsOptions {
  readonly ledger: Pick<LedgerStore, 'tasksDue'>
  readonly clock: Pick<Clock, 'now'>
  /** Looks at one task. Never rejects. */
  readonly look: (task: Task) => Promise<void>
  /** The store did not say what is due. */
  readonly failed: (error: unknown) => void
}

/** A task's own name: ids are unique within an account only. */
export function keyOf({ taskId, upstreamKey }: Pick<Task, 'taskId' | 'upstreamKey'>): string {
  return `${upstreamKey} ${taskId}`
}

/** Looks at every task when its time has come: a few at a time, and at none twice at a time. */
export class Rounds {
  readonly #options: RoundsOptions
  /** Looks under way, by task. */
  readonly #looks = new Map<string, Promise<void>>()
  /** Searches for due tasks that are under way: each hears of the looks that end meanwhile, which it may have found due. */
  readonly #searches = new Set<Set<string>>()
  readonly #pace = { second: 0, looks: new Map<string, number>() }
  #timer: NodeJS.Timeout | undefined
  #restsUntil = 0
  #hasMore = false

  constructor(options: RoundsOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.#startDue(), TICK).unref()
  }

  /**
   * Begins no more looks, and waits for what is under way for a few seconds.
   * @param others what else is to be waited for
   */
  async stop(others: Iterable<Promise<void>>): Promise<void> {
    clearInterval(this.#timer)
    this.#restsUntil = Infinity
    let timer: NodeJS.Timeout | undefined
    await Promise.race([
      Promise.all([...this.#looks.values(), ...others]),
      new Promise<void>((resolve) => (timer = setTimeout(resolve, GRACE))),
    ])
    clearTimeout(timer)
  }

  /** Looks at every task that is due. Resolves when no look is under way any more. */
  async sweep(): Promise<void> {
    await this.#startDue()
    while (this.#looks.size > 0) await Promise.race(this.#looks.values())
  }

  /** Looks at a task now, or waits for the look that is under way. */
  async now(task: Task): Promise<void> {
    await (this.#looks.get(keyOf(task)) ?? this.#start(task))
  }

  /** Begins no looks for a while. */
  rest(): void {
    this.#restsUntil = Math.max(this.#restsUntil, this.#options.clock.now() + REST)
  }

  async #startDue(): Promise<void> {
    const { ledger, clock, failed } = this.#options
    if (clock.now() < this.#restsUntil || this.#isFull()) return
    const ended = new Set<string>()
    this.#searches.add(ended)
    let due: readonly Task[] = []
    try {
      due = await ledger.tasksDue(clock.now(), this.#looks.size + BATCH)
    } catch (error) {
      this.rest()
      failed(error)
    }
    this.#searches.delete(ended)
    if (clock.now() < this.#restsUntil) return
    for (const task of due) {
      const key = keyOf(task)
      if (this.#looks.has(key) || ended.has(key)) continue
      if (this.#isFull()) return
      if (this.#isInPace(task)) void this.#start(task)
    }
  }

  /** Then whichever look ends first searches again. */
  #isFull(): boolean {
    this.#hasMore = this.#looks.size >= MOST_AT_ONCE
    return this.#hasMore
  }

  #isInPace({ operation }: Task): boolean {
    const query = TASKS[operation]?.query ?? ''
    const most = PER_SECOND[query]
    if (most === undefined) return true
    const second = Math.floor(this.#options.clock.now() / 1000)
    if (this.#pace.second !== second) this.#pace.looks.clear()
    this.#pace.second = second
    const looks = this.#pace.looks.get(query) ?? 0
    this.#pace.looks.set(query, looks + 1)
    return looks < most
  }

  #start(task: Task): Promise<void> {
    const key = keyOf(task)
    const look = this.#options.look(task).then(() => {
      this.#looks.delete(key)
      for (const search of this.#searches) search.add(key)
      return this.#hasMore ? this.#startDue() : undefined
    })
    this.#looks.set(key, look)
    return look
  }
}
