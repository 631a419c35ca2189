import { openSync, writeSync } from 'node:fs'
import type { Answer, Failure, Usage } from './answer.ts'
import { progress, type Task } from './tasks.ts'

/** How a task of the account stands. `forgotten`: deleted, or the account was reset. */
export type AcceptedTaskState = 'running' | 'succeeded' | 'failed' | 'cancelled' | 'forgotten'

/** One call that the platform took on: what it would bill, and how its answer went. */
export interface Accepted {
  readonly seq: number
  /** Milliseconds since the Unix epoch. */
  readonly at: number
  readonly operation: string
  /** The model as the request names it; '' when it names none. */
  readonly asked: string
  /** The model that answered. */
  readonly model: string
  /** The first word like `mark-1a2b` in its query, body, form or frames, by which a test knows its call again. */
  readonly marker: string
  /** What it bills; for a task, what it bills once it has succeeded. */
  readonly usage: Usage
  /** Whether the whole answer says that usage, or says enough to know it. */
  readonly told: boolean
  readonly failure: Failure | null
  /** `part`: the client left, or the emulator broke off. */
  readonly sent: 'open' | 'part' | 'whole'
  readonly task: { readonly id: string; readonly state: AcceptedTaskState } | null
}

const MARKER = /\bmark-[a-z0-9]+/i
const MARKED_BYTES = 64 * 1024
const KEPT = 100_000

/** The marker in a text or in the first 64 KiB of some bytes; '' without one. */
export function markerIn(text: string | Buffer | undefined): string {
  if (text === undefined) return ''
  const start = typeof text === 'string' ? text : text.toString('latin1', 0, MARKED_BYTES)
  return MARKER.exec(start)?.[0] ?? ''
}

/** One call in the making. Everything that it is told is in the log before the call's client can know. */
export class Acceptance {
  readonly seq: number
  readonly operation: string
  readonly at = Date.now()
  readonly #log: AcceptLog
  #asked: string
  #model: string
  #marker: string
  #usage: Usage = {}
  #told = true
  #failure: Failure | null = null
  #sent: Accepted['sent'] = 'open'
  #task: Task | undefined

  constructor(log: AcceptLog, seq: number, operation: string, model: string, marker: string) {
    this.#log = log
    this.seq = seq
    this.operation = operation
    this.#asked = model
    this.#model = model
    this.#marker = marker
  }

  /** Its answer is made and is to be sent now. */
  answered(answer: Answer): void {
    this.#usage = answer.usage ?? {}
    this.#model = answer.model ?? this.#model
    this.#told = answer.told ?? true
    this.#failure = answer.failure ?? null
    this.#task = answer.task
    this.#log.write(this)
  }

  /** A session says for which model it is. */
  named(model: string): void {
    this.#asked = model
    this.#model = model
  }

  marked(text: string | Buffer): void {
    if (this.#marker === '') this.#marker = markerIn(text)
  }

  /** A session has come to the end of one of its texts. */
  add(usage: Usage): void {
    const sum: Record<string, number> = { ...this.#usage }
    for (const [unit, quantity] of Object.entries(usage)) sum[unit] = (sum[unit] ?? 0) + quantity
    this.#usage = sum
    this.#log.write(this)
  }

  failed(failure: Failure): void {
    this.#failure = failure
    this.#log.write(this)
  }

  /** The exchange is over. */
  closed(whole: boolean): void {
    if (this.#sent !== 'open') return
    this.#sent = whole ? 'whole' : 'part'
    this.#log.write(this)
  }

  /** As it stands now. */
  view(isKept: (task: Task) => boolean): Accepted {
    const task = this.#task
    return {
      seq: this.seq,
      at: this.at,
      operation: this.operation,
      asked: this.#asked,
      model: this.#model,
      marker: this.#marker,
      usage: this.#usage,
      told: this.#told,
      failure: this.#failure,
      sent: this.#sent,
      task: task === undefined ? null : { id: task.id, state: stateOf(task, isKept(task)) },
    }
  }
}

function stateOf(task: Task, isKept: boolean): AcceptedTaskState {
  if (task.cancelledAt > 0) return 'cancelled'
  if (!isKept) return 'forgotten'
  if (progress(task) < 1) return 'running'
  return task.failure === 0 ? 'succeeded' : 'failed'
}

/**
 * Every call that was taken on, in order: kept in memory up to 100,000, and in a file when there is one. A file has a
 * line of JSON for each change of a call, written before its client can know of it; the last line of a `seq` holds.
 */
export class AcceptLog {
  readonly #calls: Acceptance[] = []
  readonly #file: number | undefined
  readonly #isKept: (task: Task) => boolean
  #count = 0

  /** @param isKept whether the account still knows a task */
  constructor(file: string | undefined, isKept: (task: Task) => boolean) {
    this.#file = file === undefined ? undefined : openSync(file, 'a')
    this.#isKept = isKept
  }

  /** How many were left out of the memory. */
  get dropped(): number {
    return this.#count - this.#calls.length
  }

  open(operation: string, model: string, marker: string): Acceptance {
    this.#count += 1
    const call = new Acceptance(this, this.#count, operation, model, marker)
    if (this.#calls.length < KEPT) this.#calls.push(call)
    return call
  }

  write(call: Acceptance): void {
    if (this.#file !== undefined) writeSync(this.#file, `${JSON.stringify(call.view(this.#isKept))}\n`)
  }

  /** All that are in memory, as they stand now. */
  list(): Accepted[] {
    return this.#calls.map((call) => call.view(this.#isKept))
  }
}
