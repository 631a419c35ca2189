import type { IncomingMessage } from 'node:http'
import type { Call } from '../call.ts'
import { GatewayError, type RefusalCode } from '../errors.ts'
import type { LiveCall, LiveCalls } from './live.ts'

/** How much of all callers' bodies is held in memory at once. */
export class BodyBudget {
  readonly #limit: number
  #held = 0

  /** @param limit bytes */
  constructor(limit: number) {
    this.#limit = limit
  }

  /** Books bytes on a call. @returns false when that would be too much */
  take(call: Call, bytes: number): boolean {
    if (this.#held + bytes > this.#limit) return false
    this.#held += bytes
    call.bytesHeld += bytes
    return true
  }

  /** Gives back what a call held. */
  release(call: Call): void {
    this.#held -= call.bytesHeld
    call.bytesHeld = 0
  }
}

/** What reading bodies works with. */
export interface BodyTools {
  readonly live: LiveCalls
  readonly budget: BodyBudget
  /** Milliseconds that a whole body may take. */
  readonly timeoutMs: number
}

type Done = (error: Error | null, body?: Buffer) => void

/** A body that is being read. Nothing goes upstream before it is complete, so a slow client holds no connection there. */
class Reading implements LiveCall {
  slot = -1
  readonly call: Call
  readonly deadline: number
  readonly deadlineCode = 'body_timeout'
  readonly stalledSince = 0
  readonly #tools: BodyTools
  readonly #request: IncomingMessage
  readonly #limit: number
  readonly #done: Done
  #chunks: Buffer[] = []
  #ended = false

  constructor(tools: BodyTools, call: Call, request: IncomingMessage, limit: number, done: Done) {
    this.#tools = tools
    this.call = call
    this.#request = request
    this.#limit = limit
    this.#done = done
    this.deadline = call.startedAt + tools.timeoutMs
  }

  start(): void {
    this.#tools.live.add(this)
    const request = this.#request
    request.on('data', this.#onData)
    request.on('end', this.#onEnd)
    request.on('close', this.#onClose)
    request.on('error', this.#onClose)
  }

  abort(code: RefusalCode): void {
    this.#end(new GatewayError(code))
  }

  drop(): void {
    this.abort('body_timeout')
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#ended) return
    this.call.bytesIn += chunk.length
    if (this.call.bytesIn > this.#limit) this.#end(tooLarge(this.#limit))
    else if (!this.#tools.budget.take(this.call, chunk.length)) this.#end(new GatewayError('overloaded'))
    else this.#chunks.push(chunk)
  }

  readonly #onEnd = (): void => this.#end(null)

  readonly #onClose = (): void => {
    if (this.#ended) return
    this.#end(new GatewayError('invalid_request', 'The connection closed before the body was complete.'))
  }

  #end(error: Error | null): void {
    if (this.#ended) return
    this.#ended = true
    this.#tools.live.delete(this)
    const chunks = this.#chunks
    this.#chunks = []
    if (error !== null) this.#done(error)
    else this.#done(null, chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks))
  }
}

function tooLarge(limit: number): GatewayError {
  return new GatewayError(
    'body_too_large',
    `The body is larger than the ${limit} bytes that this operation allows.`,
  )
}

/** Whether a request says that it brings a body (RFC 9112 section 6). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** @throws GatewayError `body_too_large` when the client itself says so, before a byte is read */
export function refuseDeclaredLength(request: IncomingMessage, limit: number): void {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit)
}

/**
 * Reads a whole body into memory, within the operation's limit, the time and the budget of all bodies.
 * @param done gets the bytes as they came, or a GatewayError
 */
export function readBody(
  tools: BodyTools,
  call: Call,
  request: IncomingMessage,
  limit: number,
  done: Done,
): void {
  new Reading(tools, call, request, limit, done).start()
}
