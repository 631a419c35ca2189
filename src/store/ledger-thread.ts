import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { GatewayError } from '../errors.ts'
import type { ConnectionOptions } from './database.ts'
import type { Role } from './ledger-service.ts'

/** What a thread of the books is started with. */
export interface WorkerOptions {
  readonly path: string
  readonly role: Role
  readonly options: ConnectionOptions
}

/** A call of one of its methods, as it is sent to the thread. */
export interface Request {
  readonly id: number
  readonly method: string
  readonly args: readonly unknown[]
}

/** An error as it is sent between threads: structured clones know no classes of ours. */
export interface Fault {
  readonly isUnavailable: boolean
  readonly message: string
}

/** What the thread answers to a call. */
export type Reply =
  { readonly id: number; readonly result: unknown } | { readonly id: number; readonly fault: Fault }

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** Whether the value is what the thread must be started with. */
export function isWorkerOptions(value: unknown): value is WorkerOptions {
  return (
    isRecord(value) && typeof value.path === 'string' && (value.role === 'writer' || value.role === 'reader')
  )
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message} (${messageOf(error.cause)})`
}

/** An error, ready to be sent. */
export function faultFrom(error: unknown): Fault {
  const isUnavailable = error instanceof GatewayError && error.code === 'store_unavailable'
  return { isUnavailable, message: messageOf(error) }
}

function errorFrom({ isUnavailable, message }: Fault): Error {
  const error = new Error(message)
  return isUnavailable ? new GatewayError('store_unavailable', undefined, { cause: error }) : error
}

interface Pending {
  resolve(result: unknown): void
  reject(error: Error): void
}

function unavailable(cause: unknown): GatewayError {
  return new GatewayError('store_unavailable', undefined, { cause })
}

/**
 * A thread of the books, seen from the thread that asks. When it dies, what was asked of it is rejected with
 * `store_unavailable`, and the next call starts it anew. It keeps the process alive only while a call is under way.
 */
export class LedgerThread {
  readonly #options: WorkerOptions
  readonly #pending = new Map<number, Pending>()
  #worker: Promise<Worker> | undefined
  #lastId = 0
  #isClosed = false

  constructor(options: WorkerOptions) {
    this.#options = options
  }

  /** Resolves when the thread has the database open. @throws what keeps it from that */
  async start(): Promise<void> {
    await (this.#worker ??= this.#begin())
  }

  /** @throws GatewayError `store_unavailable`, or another error of the method */
  async call(method: string, args: readonly unknown[]): Promise<unknown> {
    if (this.#isClosed) throw unavailable(new Error('the store is closed'))
    const worker = await (this.#worker ??= this.#begin()).catch((error: unknown) => {
      throw unavailable(error)
    })
    const id = ++this.#lastId
    return await new Promise((resolve, reject) => {
      if (this.#pending.size === 0) worker.ref()
      this.#pending.set(id, { resolve, reject })
      worker.postMessage({ id, method, args } satisfies Request)
    })
  }

  /** Ends the thread once everything that was asked of it is answered. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const worker = await this.#worker?.catch(() => undefined)
    if (worker === undefined || worker.threadId < 0) return
    const ended = once(worker, 'exit')
    worker.ref()
    worker.postMessage(null)
    await ended
  }

  async #begin(): Promise<Worker> {
    const worker = new Worker(new URL('./ledger-worker.ts', import.meta.url), {
      name: `ledger-${this.#options.role}`,
      workerData: this.#options,
    })
    let failure: unknown = new Error('the thread of the books has ended')
    worker.on('error', (error) => (failure = error))
    worker.once('exit', () => this.#end(failure))
    return await new Promise<Worker>((resolve, reject) => {
      worker.once('exit', () =>
        reject(failure instanceof Error ? failure : new Error('the thread did not start')),
      )
      worker.once('message', () => {
        worker.on('message', (reply: Reply) => this.#settle(worker, reply))
        worker.unref()
        resolve(worker)
      })
    })
  }

  #settle(worker: Worker, reply: Reply): void {
    const pending = this.#pending.get(reply.id)
    this.#pending.delete(reply.id)
    if (this.#pending.size === 0) worker.unref()
    if ('fault' in reply) pending?.reject(errorFrom(reply.fault))
    else pending?.resolve(reply.result)
  }

  #end(failure: unknown): void {
    this.#worker = undefined
    const pending = [...this.#pending.values()]
    this.#pending.clear()
    for (const call of pending) call.reject(unavailable(failure))
  }
}
