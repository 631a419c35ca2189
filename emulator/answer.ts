import type { Task } from './tasks.ts'

/** Quantities that the platform bills, by the names of its units; a unit that is absent is none. */
export type Usage = Readonly<Record<string, number>>

/** Why a call failed: the platform's code (0: none) and the HTTP status. */
export interface Failure {
  readonly code: number
  readonly status: number
}

/** What a handler gives back; a scenario may change it before it is sent. */
export interface Answer {
  status: number
  type: string
  headers?: Record<string, string | string[]>
  /** The whole body, or its chunks in order. */
  body: Buffer | string | Iterable<Buffer | string>
  /** Content-Length of chunks whose sum is known. */
  length?: number
  /** Server-sent events. */
  stream?: boolean
  /** For the accept log: what the call bills; for a task, once it has succeeded. */
  usage?: Usage
  /** For the accept log: the model that answered, where it is not the one that was asked for. */
  model?: string
  /** For the accept log: false when not even the whole answer says what the call used. */
  told?: boolean
  failure?: Failure
  task?: Task
}

/** The same answer with what the call bills. Units of which there is nothing are left out. */
export function billed(
  answer: Answer,
  usage: Usage,
  rest: Pick<Answer, 'model' | 'told' | 'task'> = {},
): Answer {
  const some = Object.fromEntries(Object.entries(usage).filter(([, quantity]) => quantity > 0))
  return { ...answer, usage: some, ...rest }
}
