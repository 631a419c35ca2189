import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Call } from '../call.ts'
import type { GatewayError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Operation } from '../minimax/catalog.ts'
import { renderStreamProblem } from '../minimax/dialects.ts'
import { chunkOf, LARGEST_CHUNK } from './chunk.ts'
import { commonHeaders, type AnswerHeaders } from './headers.ts'
import { addRates } from './rate-headers.ts'
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
  /** The body is sent in chunks (RFC 9112, 7.1): its length was not told, and the client knows them. */
  #isChunked = false
  /** The connection that is waited for, when it was written to past the response. */
  #drained: Socket | null = null
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
    this.#onDrain = () => {
      this.#drained = null
      this.stalledSince = 0
      listener.onDrain()
    }
    this.#response.on('drain', this.#onDrain)
  }

  #onDrain = (): void => undefined

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
    const { rates } = this.#call
    if (rates.length > 0) addRates(list, this.#operation.dialect, rates, this.#clock.now())
    if (headers.contentType !== '') list.push('content-type', headers.contentType)
    this.hasLength = contentLength >= 0
    if (this.hasLength) list.push('content-length', String(contentLength))
    if (this.#isEventStream) {
      list.push('x-accel-buffering', 'no')
      this.#isChunked = !this.hasLength && this.#response.req.httpVersion === '1.1'
      // Node would choose the same; said here, it is certain.
      if (this.#isChunked) list.push('transfer-encoding', 'chunked')
    }
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
    if (this.#send(bytes)) return true
    if (this.stalledSince === 0) this.stalledSince = this.#clock.monotonic()
    return false
  }

  /**
   * A response makes four buffers and a tick of each piece, which is much for an event of a few words: such a piece goes
   * to the connection as one, framed as the response would. It has the connection to itself from the first byte to
   * `end`, unless the client sends its next request early: then there is none until its turn comes.
   */
  #send(bytes: Buffer): boolean {
    const { socket } = this.#response
    if (!this.#isChunked || socket === null || bytes.length > LARGEST_CHUNK)
      return this.#response.write(bytes)
    const takesMore = socket.write(chunkOf(bytes))
    if (!takesMore && this.#drained !== socket) {
      this.#drained = socket
      socket.once('drain', this.#onDrain)
    }
    return takesMore
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
