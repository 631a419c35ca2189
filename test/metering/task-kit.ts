import { nextLook, taskOpeningOf } from '../../src/metering/tasks.ts'
import { TaskTracker, type TaskEnd, type TrackerOptions, type Trouble } from '../../src/metering/tracker.ts'
import { requestFacts } from '../../src/minimax/meters.ts'
import type {
  Bill,
  LedgerChange,
  LedgerStore,
  RequestSettlement,
  Task,
  TaskOpening,
} from '../../src/store/store.ts'

/** What following tasks needs of the books. */
export type TaskBooks = Pick<LedgerStore, 'write' | 'task' | 'tasksDue' | 'taskCounts'>

const keyOf = (id: { readonly taskId: string; readonly upstreamKey: string }): string =>
  `${id.upstreamKey} ${id.taskId}`

/** Books in memory that keep tasks only. */
export function memoryBooks(): TaskBooks {
  const tasks = new Map<string, Task>()
  const apply = (change: LedgerChange): boolean => {
    if (change.kind === 'pend') {
      tasks.set(keyOf(change.task), {
        ...change.task,
        sessionId: '',
        endUser: '',
        state: 'running',
        polls: 0,
        settledAt: null,
      })
      return true
    }
    if (change.kind !== 'end' && change.kind !== 'poll') return true
    const task = tasks.get(keyOf(change))
    if (task?.state !== 'running') return false
    const { kind, ...fields } = change
    const more = kind === 'end' ? { settledAt: change.at } : {}
    tasks.set(keyOf(change), { ...task, ...fields, ...more })
    return true
  }
  return {
    write: async (changes) => changes.map(apply),
    task: async (taskId, upstreamKey = 'main') => tasks.get(keyOf({ taskId, upstreamKey })),
    tasksDue: async (now, limit) =>
      [...tasks.values()]
        .filter(({ state, nextPollAt }) => state === 'running' && nextPollAt <= now)
        .sort((one, other) => one.nextPollAt - other.nextPollAt)
        .slice(0, limit),
    taskCounts: async () =>
      [...tasks.values()].map(({ operation, state }) => ({ operation, state, count: 1 })),
  }
}

export const START = Date.UTC(2026, 0, 1)

/** What every task of the tests costs when its end does not say otherwise. */
export const OWN: Bill = {
  usage: { videos: 1 },
  list: 280_000_000n,
  charged: 112_000_000n,
  currency: 'USD',
  multiplier: '0.4',
  priceVersion: 'p1',
  estimated: false,
}
export const NOTHING: Bill = { ...OWN, usage: {}, list: 0n, charged: 0n }

/** What `bill` makes of a usage that an end reports. */
export const REPORTED: Bill = { ...OWN, list: 650_000_000n, charged: 260_000_000n }

/** A task that was made just now, or at `at`. */
export function aTask(taskId: string, operation = 'video.create', at = START): TaskOpening {
  const origin = {
    requestId: `r${taskId}`,
    userId: 'ada',
    tokenId: 't',
    model: '',
    upstreamKey: 'main',
    operation,
  }
  const answer = Buffer.from(JSON.stringify({ task_id: taskId }))
  const opening = taskOpeningOf(origin, requestFacts(operation, null), OWN, answer, at)
  if (opening === undefined) throw new Error(`${operation} makes no task`)
  return opening
}

/** Writes down the call that made a task, and the task. */
export async function keep(books: TaskBooks, task: TaskOpening): Promise<void> {
  const { requestId, userId, tokenId, operation, model, upstreamKey, createdAt } = task
  const { currency, multiplier } = OWN
  const call = { requestId, userId, tokenId, operation, modality: 'video', model }
  const settlement: RequestSettlement = {
    ...NOTHING,
    ...call,
    upstreamKey,
    outcome: 'ok',
    httpStatus: 200,
    providerCode: 0,
    durationMs: 1,
    firstByteMs: 1,
    bytesIn: 1,
    bytesOut: 1,
    settledAt: createdAt,
  }
  await books.write([
    { kind: 'open', opening: { ...call, sessionId: '', endUser: '', at: createdAt, currency, multiplier } },
    { kind: 'pend', settlement, task },
  ])
}

export type Answer = object | string | Error
export type Asked = (task: Task) => Answer | Promise<Answer>

export const RUNNING = { status: 'Processing', base_resp: { status_code: 0 } }
export const SUCCESS = { status: 'Success', base_resp: { status_code: 0 } }

/** A tracker over books, with a clock that is moved by hand. */
export function follow(
  books: TaskBooks,
  asked: Asked,
  options: Partial<TrackerOptions> & { status?: number } = {},
) {
  const told = {
    now: START,
    /** Every question, in its order. */
    asked: [] as { readonly taskId: string; readonly at: number; readonly path: string }[],
    ended: [] as { readonly taskId: string; readonly end: TaskEnd }[],
    troubles: [] as Trouble[],
    failed: [] as string[],
    /** The most questions that were open at a time. */
    most: 0,
    open: 0,
  }
  const tracker = new TaskTracker({
    ledger: books,
    write: async (change) => (await books.write([change]))[0] === true,
    async ask(task, { path }) {
      told.asked.push({ taskId: task.taskId, at: told.now - START, path })
      told.most = Math.max(told.most, ++told.open)
      try {
        const answer = await asked(task)
        if (answer instanceof Error) throw answer
        const text = typeof answer === 'string' ? answer : JSON.stringify(answer)
        return { status: options.status ?? 200, body: Buffer.from(text) }
      } finally {
        told.open--
      }
    },
    bill: (_task, usage) => ({ ...REPORTED, usage }),
    clock: { now: () => told.now },
    random: () => 0,
    events: {
      ended: ({ taskId }, end) => void told.ended.push({ taskId, end }),
      trouble: (_task, trouble) => void told.troubles.push(trouble),
      failed: (what) => void told.failed.push(what),
    },
    ...options,
  })
  return {
    tracker,
    told,
    /** Moves the clock second by second, and sweeps at each. */
    pass: async (seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second++) {
        told.now += 1000
        await tracker.sweep()
      }
    },
  }
}

/** When a task is looked at, in milliseconds after its creation, if the clock goes in whole seconds. */
export function looksAt(operation: string, first: number, count: number): number[] {
  const at = [first]
  for (let polls = 1; polls < count; polls++) {
    const next = (at.at(-1) ?? 0) + nextLook(operation, polls, 0)
    at.push(Math.ceil(next / 1000) * 1000)
  }
  return at
}
