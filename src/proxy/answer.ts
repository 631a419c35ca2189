import type { ServerResponse } from 'node:http'
import type { Call } from '../call.ts'
import type { GatewayError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Operation } from '../minimax/catalog.ts'
import { renderStreamProblem } from '../minimax/dialects.ts'
import { commonHeaders, type AnswerHeaders } from './headers.ts'
import { problemOf, writeRefusal } from './refusal.ts'

/** How long the last words of a failed stream may take to leave. */
const CUT_MS = 5_000

/** What an answer tells its exchange. */
export interface AnswerListener {
  /** The caller has left before the end. */
  onGone(): void
  /** The caller takes bytes again. */
  onDrain(): void
}

/** What goes to the caller of one call: bytes as they come, an error in its dialect, or nothing any more. */
export class Answer {
  /** The caller has left; what is written from here on is thrown away. */
  isGone = false
  /** Since when the caller takes no bytes, by the monotonic clock; 0: it takes them. */
  stalledSince = 0
  readonly #call: Call
  readonly #operation: Operation
  readonly #response: ServerResponse
  readonly #clock: Clock
  #isEventStream = false
  #isOver = false

  constructor(call: Call, operation: Operation, response: ServerResponse, clock: Clock) {
    this.#call = call
    this.#operation = operation
    this.#response = response
    this.#clock = clock
  }

  /** Starts to watch the caller's connection. */
  listen(listener: AnswerListener): void {
    this.#response.on('close', () => {
      if (this.#isOver) return
      this.isGone = true
      this.stalledSince = 0
      listener.onGone()
    })
    this.#response.on('drain', () => {
      this.stalledSince = 0
      listener.onDrain()
    })
  }

  /** Whether the caller was told how long the answer is, and so knows by itself when it has all of it. */
  hasLength = false

  get hasBegun(): boolean {
    return this.#response.headersSent
  }

  /** Whether the request is still being sent by the caller. */
  get isReceiving(): boolean {
    return !this.#response.req.complete
  }

  /**
   * Sends status and headers.
   * @param contentLength -1 when it is not known
   */
  begin(status: number, headers: AnswerHeaders, contentLength: number): void {
    if (this.isGone) return
    this.#isEventStream = headers.contentType.startsWith('text/event-stream')
    const list = commonHeaders(this.#operation, this.#call.requestId)
    for (const part of headers.list) list.push(part)
    if (headers.contentType !== '') list.push('content-type', headers.contentType)
    this.hasLength = contentLength >= 0
    if (this.hasLength) list.push('content-length', String(contentLength))
    if (this.#isEventStream) list.push('x-accel-buffering', 'no')
    // The rest of a body that upstream did not want must not be taken for the next request.
    if (this.isReceiving) list.push('connection', 'close')
    this.#call.status = status
    this.#response.writeHead(status, list)
    if (this.#isEventStream) this.#response.flushHeaders()
  }

  /** @returns false when the caller takes no more for now; `onDrain` tells when it does */
  write(bytes: Buffer): boolean {
    if (this.isGone || bytes.length === 0) return true
    this.#call.bytesOut += bytes.length
    if (this.#response.write(bytes)) return true
    if (this.stalledSince === 0) this.stalledSince = this.#clock.monotonic()
    return false
  }

  /** The last bytes. They are counted by whoever ends the call, which is before they are sent. */
  end(bytes: Buffer): void {
    this.#isOver = true
    if (!this.isGone) this.#response.end(bytes)
  }

  /** Ends with an error: as an answer, as a last event, or by cutting the connection, so that no client takes it for whole. */
  fail(error: GatewayError): void {
    this.#isOver = true
    if (this.isGone) return
    const { dialect } = this.#operation
    if (!this.hasBegun) {
      this.#call.bytesOut += writeRefusal(this.#response, dialect, error, this.#call.requestId)
    } else if (this.#isEventStream) {
      this.#response.write(renderStreamProblem(dialect, problemOf(error), this.#call.requestId))
      this.#cutSoon()
    } else this.#response.destroy()
  }

  /** Cuts the connection once what was written is on its way, or after a while if nobody takes it. */
  #cutSoon(): void {
    const { socket } = this.#response
    if (socket === null) return
    // Node corks a response's writes until the next tick; ended before that, the socket would lose them.
    process.nextTick(() => socket.destroySoon())
    socket.setTimeout(CUT_MS, () => socket.destroy())
  }

  /** Cuts the connection without a word. */
  drop(): void {
    this.#isOver = true
    this.#response.destroy()
  }
}
