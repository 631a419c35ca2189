import type { ServerResponse } from 'node:http'
import type { Call } from '../call.ts'
import { GatewayError, type Outcome, type RefusalCode } from '../errors.ts'
import { Renamer } from '../lib/rename.ts'
import type { Operation } from '../minimax/catalog.ts'
import type { ReportedFailure } from '../minimax/dialects.ts'
import { failureOfStatus } from '../minimax/failures.ts'
import { tokensIn } from '../minimax/usage.ts'
import { Answer, type AnswerListener } from './answer.ts'
import type { CallBooks } from './books.ts'
import type { CallObjects } from './call-objects.ts'
import { decoderFor, type Decoder, type DecoderListener } from './decode.ts'
import { answerHeaders, upstreamHeaders, type AnswerHeaders } from './headers.ts'
import type { AnswerKeeper } from './keeper.ts'
import { retryAfterOf, wantOf, type KeyWant } from './key-codes.ts'
import type { KeyUse } from './key-use.ts'
import type { LiveCall } from './live.ts'
import type { ExchangeTools, Outgoing } from './outgoing.ts'
import { Scrubber } from './scrub.ts'
import { transportRefusal } from './transport.ts'
import type { CallTurn } from './turn.ts'
import { Upload } from './upload.ts'
import { UsageChunkFilter } from './usage-chunk.ts'
import type { UpstreamController, UpstreamHandler } from './upstream.ts'

/** A JSON answer up to this size is read whole before a byte goes on, so that a failure in it can still be refused. */
const WHOLE_LIMIT = 64 * 1024
/** An upload that brings nothing for so long is given up. */
const UPLOAD_IDLE_MS = 60_000
/** And so is one that, after as long, has brought less than this on average: about 1 KB a second. */
const UPLOAD_BYTES_PER_MS = 1
/** What may wait while a call is settled, before upstream is told to wait too. */
const WAITING_LIMIT = 64 * 1024
const NOTHING = Buffer.alloc(0)

/**
 * One call to upstream: writes it down, sends the request, passes the answer on as it comes, and ends the call exactly
 * once, whatever happens on either side. It waits for an answer, then holds a small document or streams; before the last
 * byte goes on the call is settled on the books.
 */
export class Exchange implements UpstreamHandler, LiveCall, AnswerListener, DecoderListener {
  readonly call: Call
  slot = -1
  readonly #tools: ExchangeTools
  readonly #operation: Operation
  readonly #outgoing: Outgoing
  readonly #answer: Answer
  readonly #books: CallBooks
  readonly #objects: CallObjects | null
  readonly #keeper: AnswerKeeper | null
  readonly #want: KeyWant
  #key: KeyUse | undefined
  #turn: CallTurn | null = null
  #controller: UpstreamController | undefined
  #scrubber: Scrubber
  #filter: AnswerFilter | null = null
  #decoder: Decoder | null = null
  #headers: AnswerHeaders | undefined
  #status = 0
  #held: Buffer[] = []
  #heldBytes = 0
  #isStreaming = false
  /** The last piece of an answer whose length is known: with it the caller would have all. */
  #last: Buffer | null = null
  /** What comes while the call is being settled, because the answer said that it ends; null: it is not. */
  #waiting: Buffer[] | null = null
  #waitingBytes = 0
  #isSettled = false
  /** Upstream has ended while the call was being settled. */
  #isComplete = false
  /** The answer has come in full. */
  #isWhole = false
  /** Of the request as it was last sent, upstream has not got the end. */
  #isUnsent = false
  #isDone = false

  constructor(
    tools: ExchangeTools,
    call: Call,
    operation: Operation,
    outgoing: Outgoing,
    books: CallBooks,
    objects: CallObjects | null,
    response: ServerResponse,
    keeper: AnswerKeeper | null = null,
  ) {
    this.#tools = tools
    this.call = call
    this.#operation = operation
    this.#outgoing = outgoing
    this.#books = books
    this.#answer = new Answer(call, operation, response, tools.clock)
    this.#objects = objects
    this.#keeper = keeper
    this.#want = wantOf(operation, objects?.account ?? null)
    this.#scrubber = new Scrubber(tools.secrets, true)
  }

  /** Writes the call down and sends the request. From here on the exchange looks after itself. */
  start(): void {
    this.#tools.live.add(this)
    this.#answer.listen(this)
    const key = this.#tools.keys.take(this.#want)
    this.#key = key
    if (key === undefined) {
      this.#fail(new GatewayError('upstream_account'))
      return
    }
    const { model, caller, tokens } = this.call
    const request = { account: key.key.account, userId: caller?.userId ?? '', model, cost: 1, tokens }
    const turn = this.#tools.turns.take(request, (error) => {
      if (error === null && !this.#isDone) this.#begin()
      else if (error !== null) this.#fail(error)
    })
    // It may have come and gone already.
    if (this.#isDone) turn.end()
    else this.#turn = turn
  }

  /** Its turn has come: what it makes is written down, then the call itself. */
  #begin(): void {
    if (this.#objects === null) this.#open()
    else
      this.#objects.begin((error) => {
        if (error === null && !this.#isDone) this.#open()
        else if (error !== null) this.#fail(error)
      })
  }

  #open(): void {
    this.#books.open((error) => {
      if (this.#isDone) return
      if (error === null) this.#send(this.#goodKey())
      else this.#fail(error)
    })
  }

  /** The call has waited: its key may have been found to be bad meanwhile, or taken away. Then it gets another. */
  #goodKey(): KeyUse | undefined {
    const key = this.#key
    if (key === undefined || key.isGood) return key
    key.end()
    const { keys } = this.#tools
    // At its account it has had its turn.
    this.#key = keys.take({ ...this.#want, account: key.key.account }) ?? keys.take(this.#want)
    return this.#key
  }

  #send(use: KeyUse | undefined): void {
    if (use === undefined) {
      this.#fail(new GatewayError('upstream_account'))
      return
    }
    const { call } = this
    const { key } = use
    const { upstream, clock } = this.#tools
    const { body, contentType, contentLength, clientHeaders, path } = this.#outgoing
    call.attempts++
    this.#isUnsent = false
    this.#key = use
    call.upstreamKey = key.name
    if (call.sentAt === 0) call.sentAt = clock.monotonic()
    const { authorization } = key
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
    this.#end('caller_gone', undefined, () => this.#answer.drop())
    this.#controller?.abort(new Error('the caller takes no bytes'))
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
    if (error instanceof GatewayError) {
      this.#isUnsent = true
      this.#fail(error)
    } else if (this.#outgoing.body instanceof Upload && this.#outgoing.body.isAbandoned) this.onGone()
    else {
      const { code, nothingSent } = transportRefusal(error)
      this.#isUnsent = nothingSent
      // Its end had been said: what comes after that takes nothing back.
      if (code === 'upstream_disconnected' && this.#hasSaidItsEnd) this.#complete()
      else if (nothingSent && this.#key !== undefined && this.#mayRetry()) this.#retry(this.#key)
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
    if (policy === 'cancel' || this.#isUploading || this.call.sentAt === 0) {
      this.#end('caller_gone', undefined)
      this.#controller?.abort(new Error('the caller is gone'))
    } else {
      // MiniMax bills it and makes it regardless, so the real answer is still read.
      this.onDrain()
    }
  }

  // How an answer goes on

  #take(chunk: Buffer): void {
    this.#books.push(chunk)
    if (this.#isStreaming) {
      this.#pass(this.#scrubber.push(chunk))
      return
    }
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    if (this.#heldBytes <= Math.max(WHOLE_LIMIT, this.#objects?.holds ?? 0) || this.#headers === undefined)
      return
    const held = Buffer.concat(this.#held)
    this.#held = []
    this.#stream(this.#headers)
    this.#pass(this.#scrubber.push(held))
  }

  /** Sends the headers; from here on bytes go on as they come. */
  #stream(headers: AnswerHeaders): void {
    this.#isStreaming = true
    const renaming = this.#objects?.renaming ?? null
    if (this.#outgoing.hidesUsage && headers.contentType.startsWith('text/event-stream')) {
      this.#filter = new UsageChunkFilter()
    } else if (renaming !== null) this.#filter = new Renamer(renaming)
    if (!mayReportFailure(headers.contentType) && !headers.contentType.startsWith('text/'))
      this.#scrubber.expectFile()
    if (!this.call.stream) this.#keeper?.begin(this.#status, headers.contentType)
    // What was decoded, or is filtered, has another length than upstream said.
    const keepsLength = this.#decoder === null && this.#filter === null
    this.#answer.begin(this.#status, headers, keepsLength ? headers.contentLength : -1)
  }

  /** Passes bytes on, except the ones with which the caller would have the whole answer: these wait for the books. */
  #pass(scrubbed: Buffer): void {
    const bytes = this.#filter === null ? scrubbed : this.#filter.push(scrubbed)
    if (this.#waiting !== null) this.#wait(this.#waiting, bytes)
    else if (bytes.length === 0) return
    else if (this.#answer.hasLength) {
      const before = this.#last
      this.#last = bytes
      if (before !== null) this.#write(before)
    } else if (!this.#isSettled && this.call.stream && this.#books.hasEnded) this.#settleEarly(bytes)
    else this.#write(bytes)
  }

  /** The call is settled, or is being settled, because the answer said that it ends. */
  get #hasSaidItsEnd(): boolean {
    return this.#isSettled || this.#waiting !== null
  }

  #wait(waiting: Buffer[], bytes: Buffer): void {
    waiting.push(bytes)
    this.#waitingBytes += bytes.length
    if (this.#waitingBytes > WAITING_LIMIT) this.#controller?.pause()
  }

  /** The answer has said that it ends: what it used is written down before the caller reads that. */
  #settleEarly(bytes: Buffer): void {
    this.#waiting = []
    this.#wait(this.#waiting, bytes)
    this.call.status = this.#status
    const failure = this.#scrubber.failure
    const outcome = this.#answer.isGone ? 'caller_gone' : (failure?.outcome ?? 'ok')
    if (failure?.code !== undefined) this.call.providerCode = failure.code
    this.#books.settle({ outcome, failure, document: null }, () => {
      const waiting = this.#waiting ?? []
      this.#waiting = null
      this.#isSettled = true
      if (this.#isDone) return
      for (const piece of waiting) this.#write(piece)
      if (this.#isComplete) this.#complete()
      else if (this.#answer.stalledSince === 0) this.#controller?.resume()
    })
  }

  #write(bytes: Buffer): void {
    this.#keeper?.take(bytes)
    if (this.#answer.write(bytes)) return
    this.#controller?.pause()
    this.#decoder?.pause()
  }

  /** The answer has come in full. */
  #complete(): void {
    if (this.#waiting !== null) {
      this.#isComplete = true
      return
    }
    if (!this.#isStreaming) {
      this.#completeWhole()
      return
    }
    const scrubbed = this.#scrubber.end()
    const rest = this.#filter === null ? scrubbed : this.#filter.end(scrubbed)
    const last = this.#last
    if (last !== null && rest.length > 0) this.#write(last)
    this.#finishWith(rest.length > 0 ? rest : (last ?? NOTHING), this.#scrubber.failure)
  }

  /** A whole document: a failure in it can still become a refusal of ours, or a second try. */
  #completeWhole(): void {
    const [first = NOTHING, ...others] = this.#held
    const document = others.length === 0 ? first : Buffer.concat(this.#held)
    const clean = this.#scrubber.whole(document)
    const failure = this.#scrubber.failure ?? this.#failureOfStatus()
    const other = failure?.notAccepted === true && this.#mayRetry() ? this.#otherKey() : undefined
    const isError = this.#status >= 300
    const headers = this.#headers
    if (failure?.code !== undefined)
      this.#tools.turns.noticed(this.#key?.key.account ?? '', this.call.model, failure.code)
    if (other !== undefined) {
      this.#keyHeard(failure?.outcome ?? 'provider_error', failure)
      this.#key?.end()
      this.#retry(other)
    } else if (failure?.outcome === 'provider_account')
      this.#fail(new GatewayError('upstream_account'), failure)
    else if (headers === undefined || (isError && !headers.contentType.includes('json'))) {
      this.#fail(new GatewayError('upstream_bad_answer'), failure)
    } else if (this.#objects === null) this.#finishWhole(document, clean, headers, failure)
    else if (failure !== undefined) this.#finishWhole(document, this.#objects.masked(clean), headers, failure)
    else
      this.#objects.answered(clean, (error, told) => {
        if (error === null) this.#finishWhole(document, told, headers, undefined)
        else this.#fail(error)
      })
  }

  #otherKey(): KeyUse | undefined {
    return this.#key === undefined ? undefined : this.#tools.keys.take(this.#want, this.#key.key)
  }

  /** Tells of the key what MiniMax's answer says of it. */
  #keyHeard(outcome: Outcome, failure: ReportedFailure | undefined): void {
    const retryAfterMs = retryAfterOf(this.#headers?.list ?? [])
    this.#key?.heard({ outcome, code: failure?.code, status: this.#status, retryAfterMs })
  }

  /** @param document as upstream sent it, for the books. @param clean as the caller gets it */
  #finishWhole(
    document: Buffer,
    clean: Buffer,
    headers: AnswerHeaders,
    failure: ReportedFailure | undefined,
  ): void {
    const { isGone } = this.#answer
    const { call } = this
    call.status = this.#status
    this.#isWhole = true
    this.#keeper?.begin(this.#status, headers.contentType)
    this.#keeper?.take(clean)
    if (!isGone) call.bytesOut += clean.length
    this.#end(
      isGone ? 'caller_gone' : (failure?.outcome ?? 'ok'),
      failure,
      () => {
        if (call.charged !== '' && this.#tools.tellsCharge)
          headers.list.push('x-gateway-charged', call.charged)
        this.#answer.begin(this.#status, headers, clean.length)
        this.#answer.end(clean)
      },
      document,
    )
  }

  #failureOfStatus(): ReportedFailure | undefined {
    return this.#status < 300 ? undefined : { code: undefined, ...failureOfStatus(this.#status) }
  }

  // How it ends

  /** Only what is still in our hands whole can be sent again, and only for somebody who waits for it. */
  #mayRetry(): boolean {
    return this.call.attempts < 2 && !this.#answer.isGone && !(this.#outgoing.body instanceof Upload)
  }

  #retry(key: KeyUse): void {
    this.#books.restart()
    this.#held = []
    this.#heldBytes = 0
    this.#headers = undefined
    this.#status = 0
    this.#decoder = null
    this.#scrubber = new Scrubber(this.#tools.secrets, true)
    this.#send(key)
  }

  #finishWith(last: Buffer, failure: ReportedFailure | undefined): void {
    const { isGone } = this.#answer
    this.#isWhole = true
    this.#keeper?.take(last)
    if (!isGone) this.call.bytesOut += last.length
    this.#end(isGone ? 'caller_gone' : (failure?.outcome ?? 'ok'), failure, () => this.#answer.end(last))
  }

  #fail(error: GatewayError, failure?: ReportedFailure): void {
    if (this.#isDone) return
    const { call } = this
    call.cause = error.cause
    if (!this.#answer.hasBegun && !this.#answer.isGone) call.status = error.status
    this.#end(this.#answer.isGone ? 'caller_gone' : error.outcome, failure, () => this.#answer.fail(error))
    this.#controller?.abort(error)
    this.#decoder?.destroy()
  }

  /**
   * Ends the call: on the books first, and only then for the caller.
   * @param last what goes to the caller then
   */
  #end(
    outcome: Outcome,
    failure: ReportedFailure | undefined,
    last?: () => void,
    document: Buffer | null = null,
  ): void {
    if (this.#isDone) return
    this.#isDone = true
    const { call } = this
    call.keyMasked += this.#scrubber.masked
    if (failure?.code !== undefined) call.providerCode = failure.code
    this.#objects?.ended(failure?.outcome ?? outcome)
    this.#keyHeard(outcome, failure)
    this.#key?.end()
    const finish = (): void => {
      this.#tools.live.delete(this)
      last?.()
      call.finish(outcome)
    }
    const keep = this.#keeping(failure, finish)
    if (this.#hasSaidItsEnd) keep()
    else this.#books.settle({ outcome, failure, document }, keep)
    // The books have said what it used; what it was taken to use beyond that is free for others.
    this.#turn?.end(tokensIn(call.bill?.usage ?? {}))
  }

  /** What the caller can be given again is kept before they have the last of it: they may ask again at once. */
  #keeping(failure: ReportedFailure | undefined, done: () => void): () => void {
    const keeper = this.#keeper
    if (keeper === null) return done
    const isRefused = failure?.notAccepted === true || failure?.outcome === 'provider_account'
    // An upload that stops short is not taken on either.
    const hasLeft = this.call.sentAt > 0 && !this.#isUnsent && !this.#isUploading
    const ending = {
      isWhole: this.#isWhole,
      isStream: this.call.stream,
      mayHaveRun: hasLeft && !isRefused,
    }
    return () => keeper.end(ending, done)
  }
}

/** Changes what passes. */
interface AnswerFilter {
  push(bytes: Buffer): Buffer
  end(last: Buffer): Buffer
}

/** JSON, or what does not say what it is. Such an answer can be a failure in full. */
function mayReportFailure(contentType: string): boolean {
  return contentType === '' || contentType.includes('json')
}
