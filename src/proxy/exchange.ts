import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Call } from '../call.ts'
import { GatewayError, type Outcome, type RefusalCode } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Operation } from '../minimax/catalog.ts'
import type { ReportedFailure } from '../minimax/dialects.ts'
import { failureOfStatus } from '../minimax/failures.ts'
import { Answer, type AnswerListener } from './answer.ts'
import { decoderFor, type Decoder, type DecoderListener } from './decode.ts'
import { answerHeaders, upstreamHeaders, type AnswerHeaders } from './headers.ts'
import type { UpstreamKey, UpstreamKeys } from './keys.ts'
import type { LiveCall, LiveCalls } from './live.ts'
import { Scrubber } from './scrub.ts'
import type { SecretForms } from './secrets.ts'
import { transportRefusal } from './transport.ts'
import { Upload } from './upload.ts'
import type { Upstream, UpstreamController, UpstreamHandler } from './upstream.ts'

/** A JSON answer up to this size is read whole before a byte goes on, so that a failure in it can still be refused. */
const WHOLE_LIMIT = 64 * 1024
/** An upload that brings nothing for so long is given up. */
const UPLOAD_IDLE_MS = 60_000
/** And so is one that, after as long, has brought less than this on average: about 1 KB a second. */
const UPLOAD_BYTES_PER_MS = 1
const NOTHING = Buffer.alloc(0)

/** What every exchange works with. */
export interface ExchangeTools {
  readonly upstream: Upstream
  readonly keys: UpstreamKeys
  readonly secrets: SecretForms
  readonly live: LiveCalls
  readonly clock: Clock
  /** What becomes of a stream whose caller left: closed, or read to its end. */
  readonly onCallerGone: 'cancel' | 'drain'
  readonly streamMaxMs: number
}

/** A request that is ready to be sent. */
export interface Outgoing {
  readonly path: string
  readonly clientHeaders: IncomingHttpHeaders
  /** Ours, not the client's own text; null when there is no body. */
  readonly contentType: string | null
  /** A whole body, or one that is passed on as it comes; null: none. */
  readonly body: Buffer | Upload | null
  /** Of a body that is passed on as it comes, where the client told it. */
  readonly contentLength: number | null
}

/**
 * One call to upstream: sends the request, passes the answer on as it comes, and ends the call exactly once, whatever
 * happens on either side. It waits for an answer, then holds a small document or streams, and then is done.
 */
export class Exchange implements UpstreamHandler, LiveCall, AnswerListener, DecoderListener {
  readonly call: Call
  slot = -1
  readonly #tools: ExchangeTools
  readonly #operation: Operation
  readonly #outgoing: Outgoing
  readonly #answer: Answer
  #key: UpstreamKey
  #controller: UpstreamController | undefined
  #scrubber: Scrubber
  #decoder: Decoder | null = null
  #headers: AnswerHeaders | undefined
  #status = 0
  #held: Buffer[] = []
  #heldBytes = 0
  #isStreaming = false
  #isDone = false

  constructor(
    tools: ExchangeTools,
    call: Call,
    operation: Operation,
    outgoing: Outgoing,
    response: ServerResponse,
  ) {
    this.#tools = tools
    this.call = call
    this.#operation = operation
    this.#outgoing = outgoing
    this.#answer = new Answer(call, operation, response, tools.clock)
    this.#key = tools.keys.pick()
    this.#scrubber = new Scrubber(tools.secrets, true)
  }

  /** Sends the request. From here on the exchange looks after itself. */
  start(): void {
    this.#tools.live.add(this)
    this.#answer.listen(this)
    this.#send()
  }

  #send(): void {
    const { call } = this
    const { upstream, clock } = this.#tools
    const { body, contentType, contentLength, clientHeaders, path } = this.#outgoing
    call.attempts++
    call.upstreamKey = this.#key.name
    if (call.sentAt === 0) call.sentAt = clock.monotonic()
    const { authorization } = this.#key
    upstream.dispatch(
      {
        path,
        method: this.#operation.method,
        headers: upstreamHeaders(this.#operation, authorization, clientHeaders, contentType, contentLength),
        body,
        firstByteMs: this.#operation.timeouts.firstByte,
        idleMs: this.#operation.timeouts.idle,
      },
      this,
    )
  }

  // LiveCall: what the sweep asks and does

  get stalledSince(): number {
    return this.#answer.stalledSince
  }

  get deadline(): number {
    const total = this.call.stream ? this.#tools.streamMaxMs : this.#operation.timeouts.total
    const over = this.call.startedAt + total
    const { body } = this.#outgoing
    if (!this.#isUploading || !(body instanceof Upload)) return over
    const slowest = this.call.startedAt + UPLOAD_IDLE_MS + this.call.bytesIn / UPLOAD_BYTES_PER_MS
    return Math.min(over, slowest, body.lastAt + UPLOAD_IDLE_MS)
  }

  get deadlineCode(): RefusalCode {
    return this.#isUploading ? 'body_timeout' : 'upstream_timeout'
  }

  abort(code: RefusalCode): void {
    this.#fail(new GatewayError(code))
  }

  drop(): void {
    this.#end('caller_gone')
    this.#controller?.abort(new Error('the caller takes no bytes'))
    this.#answer.drop()
  }

  get #isUploading(): boolean {
    return this.#outgoing.body instanceof Upload && this.#answer.isReceiving
  }

  // UpstreamHandler: what upstream does

  onRequestStart(controller: UpstreamController): void {
    this.#controller = controller
    if (this.#isDone) controller.abort(new Error('the call is over'))
  }

  onResponseStart(status: number, upstream: readonly Buffer[]): void {
    if (this.#isDone || status < 200) return
    const { call } = this
    if (call.firstByteAt === 0) call.firstByteAt = this.#tools.clock.monotonic()
    const headers = answerHeaders(upstream, this.#tools.secrets)
    call.keyMasked += headers.masked
    this.#headers = headers
    this.#status = status
    const decoder = decoderFor(headers.contentEncoding, this)
    if (
      decoder === undefined ||
      (status >= 300 && status < 400) ||
      headers.contentType.startsWith('text/html')
    ) {
      this.#fail(new GatewayError('upstream_bad_answer'))
      return
    }
    this.#decoder = decoder
    if (!mayReportFailure(headers.contentType) && status < 300) this.#stream(headers)
  }

  onResponseData(chunk: Buffer): void {
    if (this.#isDone) return
    if (this.#decoder === null) this.#take(chunk)
    else if (!this.#decoder.write(chunk)) this.#controller?.pause()
  }

  onResponseEnd(): void {
    if (this.#isDone) return
    if (this.#decoder === null) this.#complete()
    else this.#decoder.end()
  }

  onResponseError(error: Error): void {
    if (this.#isDone) return
    // An upload that the policy stopped, or that its sender gave up, fails here too: it is part of the request.
    if (error instanceof GatewayError) this.#fail(error)
    else if (this.#outgoing.body instanceof Upload && this.#outgoing.body.isAbandoned) this.onGone()
    else {
      const { code, nothingSent } = transportRefusal(error)
      if (nothingSent && this.#mayRetry()) this.#retry(this.#key)
      else this.#fail(new GatewayError(code, undefined, { cause: error }))
    }
  }

  // DecoderListener: an answer that came compressed

  onDecoded(chunk: Buffer): void {
    if (!this.#isDone) this.#take(chunk)
  }

  onDecoderDrain(): void {
    if (this.#answer.stalledSince === 0) this.#controller?.resume()
  }

  onDecoderEnd(): void {
    if (!this.#isDone) this.#complete()
  }

  onDecoderError(error: Error): void {
    this.#fail(new GatewayError('upstream_bad_answer', undefined, { cause: error }))
  }

  // AnswerListener: what the caller does

  onDrain(): void {
    if (this.#isDone) return
    this.#decoder?.resume()
    if (this.#decoder?.takesMore !== false) this.#controller?.resume()
  }

  onGone(): void {
    if (this.#isDone) return
    this.#answer.isGone = true
    const policy = this.call.stream ? this.#tools.onCallerGone : this.#operation.onCallerGone
    if (policy === 'cancel' || this.#isUploading) {
      this.#end('caller_gone')
      this.#controller?.abort(new Error('the caller is gone'))
    } else {
      // MiniMax bills it and makes it regardless, so the real answer is still read.
      this.onDrain()
    }
  }

  // How an answer goes on

  #take(chunk: Buffer): void {
    if (this.#isStreaming) {
      this.#write(this.#scrubber.push(chunk))
      return
    }
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    if (this.#heldBytes <= WHOLE_LIMIT || this.#headers === undefined) return
    const held = Buffer.concat(this.#held)
    this.#held = []
    this.#stream(this.#headers)
    this.#write(this.#scrubber.push(held))
  }

  /** Sends the headers; from here on bytes go on as they come. */
  #stream(headers: AnswerHeaders): void {
    this.#isStreaming = true
    if (!mayReportFailure(headers.contentType) && !headers.contentType.startsWith('text/'))
      this.#scrubber.expectFile()
    // What was decoded has another length than upstream said.
    this.#answer.begin(this.#status, headers, this.#decoder === null ? headers.contentLength : -1)
  }

  #write(bytes: Buffer): void {
    if (this.#answer.write(bytes)) return
    this.#controller?.pause()
    this.#decoder?.pause()
  }

  /** The answer has come in full. */
  #complete(): void {
    if (!this.#isStreaming) {
      this.#completeWhole()
      return
    }
    this.#finishWith(this.#scrubber.end(), this.#scrubber.failure)
  }

  /** A whole document: a failure in it can still become a refusal of ours, or a second try. */
  #completeWhole(): void {
    const clean = this.#scrubHeld()
    const failure = this.#scrubber.failure ?? this.#failureOfStatus()
    const other =
      failure?.notAccepted === true && this.#mayRetry() ? this.#tools.keys.pickOther(this.#key) : undefined
    const isError = this.#status >= 300
    if (other !== undefined) this.#retry(other)
    else if (failure?.outcome === 'provider_account')
      this.#fail(new GatewayError('upstream_account'), failure)
    else if (this.#headers === undefined || (isError && !this.#headers.contentType.includes('json'))) {
      this.#fail(new GatewayError('upstream_bad_answer'), failure)
    } else {
      this.#answer.begin(this.#status, this.#headers, clean.length)
      this.#finishWith(clean, failure)
    }
  }

  #scrubHeld(): Buffer {
    const [first = NOTHING, ...others] = this.#held
    return this.#scrubber.whole(others.length === 0 ? first : Buffer.concat(this.#held))
  }

  #failureOfStatus(): ReportedFailure | undefined {
    return this.#status < 300 ? undefined : { code: undefined, ...failureOfStatus(this.#status) }
  }

  // How it ends

  /** Only what is still in our hands whole can be sent again, and only for somebody who waits for it. */
  #mayRetry(): boolean {
    return this.call.attempts < 2 && !this.#answer.isGone && !(this.#outgoing.body instanceof Upload)
  }

  #retry(key: UpstreamKey): void {
    this.#key = key
    this.#held = []
    this.#heldBytes = 0
    this.#headers = undefined
    this.#decoder = null
    this.#scrubber = new Scrubber(this.#tools.secrets, true)
    this.#send()
  }

  #finishWith(last: Buffer, failure: ReportedFailure | undefined): void {
    const { isGone } = this.#answer
    if (!isGone) this.call.bytesOut += last.length
    this.#end(isGone ? 'caller_gone' : (failure?.outcome ?? 'ok'), failure)
    this.#answer.end(last)
  }

  #fail(error: GatewayError, failure?: ReportedFailure): void {
    if (this.#isDone) return
    const { call } = this
    call.cause = error.cause
    if (!this.#answer.hasBegun && !this.#answer.isGone) call.status = error.status
    this.#answer.fail(error)
    this.#end(this.#answer.isGone ? 'caller_gone' : error.outcome, failure)
    this.#controller?.abort(error)
    this.#decoder?.destroy()
  }

  #end(outcome: Outcome, failure?: ReportedFailure): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#tools.live.delete(this)
    this.call.keyMasked += this.#scrubber.masked
    if (failure?.code !== undefined) this.call.providerCode = failure.code
    this.call.finish(outcome)
  }
}

/** JSON, or what does not say what it is. Such an answer can be a failure in full. */
function mayReportFailure(contentType: string): boolean {
  return contentType === '' || contentType.includes('json')
}
