import type { Call } from '../call.ts'
import { GatewayError, type Outcome, type RefusalCode, gatewayErrorOf } from '../errors.ts'
import { renderTaskFailed, type ReportedFailure } from '../minimax/dialects.ts'
import {
  outcomeOfClose,
  closeCodeOf,
  closeWith,
  GOING_AWAY,
  INTERNAL_ERROR,
  refusalOfHandshake,
  UNSUPPORTED_DATA,
} from './closing.ts'
import { EarlyBytes } from './early.ts'
import { startHeartbeat } from './heartbeat.ts'
import type { Handshake } from './handshake.ts'
import { viewJson } from './json.ts'
import { Inbox } from './inbox.ts'
import type { LiveCall } from './live.ts'
import { problemOf } from './refusal.ts'
import { bytesOf, HIGH_WATER, pass, type Message } from './relay-flow.ts'
import type { WebSocketTools } from './relay-tools.ts'
import { acceptClient, isOpen, openUpstream, type RelaySocket } from './relay-sockets.ts'
import { Scrubber } from './scrub.ts'
import { transportRefusal } from './transport.ts'

/** One WebSocket of a client and one of ours to upstream, and what passes between them. */
export class Relay implements LiveCall {
  slot = -1
  readonly call: Call
  readonly deadlineCode = 'idle_timeout'
  readonly #tools: WebSocketTools
  readonly #upstream: RelaySocket
  readonly #handshake: Handshake
  #client: RelaySocket | undefined
  #early: EarlyBytes | undefined
  #activeAt: number
  #stalledSince = 0
  #failure: ReportedFailure | undefined
  #stopHeartbeat: (() => void) | undefined
  /** Messages that wait until what they cost is written down; null: none do. */
  #waiting: Message[] | null = null
  #onPassed: (() => void) | null = null
  readonly #inbox = new Inbox({
    look: (message) => this.#look(message),
    busy: (isBusy) => (isBusy ? this.#client?.pause() : this.#client?.resume()),
    failed: (thrown) => this.#fail(gatewayErrorOf(thrown)),
  })
  #isSettled = false
  #done = false

  /** @param authorization the upstream key as a header value */
  constructor(tools: WebSocketTools, handshake: Handshake, authorization: string) {
    this.#tools = tools
    this.call = handshake.call
    this.#upstream = openUpstream(tools, handshake.path, authorization)
    this.#handshake = handshake
    this.#activeAt = tools.clock.monotonic()
  }

  get deadline(): number {
    return Math.min(
      this.call.startedAt + this.#tools.maxDurationMs,
      this.#activeAt + this.#tools.idleTimeoutMs,
    )
  }

  get stalledSince(): number {
    if (this.#client === undefined || this.#client.bufferedAmount <= HIGH_WATER) this.#stalledSince = 0
    return this.#stalledSince
  }

  start(): void {
    this.#tools.live.add(this)
    const upstream = this.#upstream
    this.#early = new EarlyBytes(this.#handshake.socket, () => this.#clientClosed(1006, Buffer.alloc(0)))
    upstream.on('open', () => this.#accept())
    upstream.on('message', (data, isBinary) => this.#fromUpstream(bytesOf(data), isBinary))
    upstream.on('close', (code, reason) => this.#upstreamClosed(code, reason))
    upstream.on('unexpected-response', (_request, answer) => {
      answer.destroy()
      const code = refusalOfHandshake(answer.statusCode ?? 500)
      this.#fail(new GatewayError(code))
    })
    upstream.on('error', (error) =>
      this.#fail(new GatewayError(transportRefusal(error).code, undefined, { cause: error })),
    )
  }

  abort(code: RefusalCode): void {
    this.#fail(new GatewayError(code))
  }

  drop(): void {
    this.#end('caller_gone')
    this.#client?.terminate()
    this.#handshake.socket.destroy()
  }

  #accept(): void {
    if (this.#done) return
    const early = this.#early?.take() ?? []
    this.#handshake.release()
    acceptClient(this.#handshake, early, this.call.requestId, (client) => {
      this.#client = client
      this.call.status = 101
      client.on('message', (data, isBinary) => this.#fromClient(bytesOf(data), isBinary))
      client.on('close', (code, reason) => this.#clientClosed(code, reason))
      // What is wrong is said by the close that follows.
      client.on('error', () => client.close())
      this.#stopHeartbeat = startHeartbeat([client, this.#upstream])
    })
  }

  #fromClient(message: Buffer, isBinary: boolean): void {
    if (this.#done) return
    this.#activeAt = this.#tools.clock.monotonic()
    this.call.bytesIn += message.length
    this.#inbox.push({ bytes: message, isBinary })
  }

  /** @throws GatewayError, or rejects with one, when the message may not go on */
  #look({ bytes, isBinary }: Message): Promise<void> | undefined {
    if (this.#done) return undefined
    if (isBinary) {
      this.#close('caller_invalid', UNSUPPORTED_DATA, 'binary messages are not part of this API')
      return undefined
    }
    const checked = this.#handshake.check(viewJson(bytes), bytes)
    if (!Buffer.isBuffer(checked)) return checked.then((message) => this.#toUpstream(message))
    this.#toUpstream(checked)
    return undefined
  }

  #toUpstream(message: Buffer): void {
    if (this.#done) return
    this.#handshake.books.pushFrame('client', message)
    const client = this.#client
    if (client !== undefined) pass(this.#upstream, message, false, client)
  }

  #fromUpstream(message: Buffer, isBinary: boolean): void {
    if (this.#done) return
    const now = this.#tools.clock.monotonic()
    if (this.call.firstByteAt === 0) this.call.firstByteAt = now
    this.#activeAt = now
    const { books } = this.#handshake
    books.pushFrame('server', message)
    const scrubber = new Scrubber(this.#tools.secrets, !isBinary)
    const passed = scrubber.push(message)
    const rest = scrubber.end()
    const whole = rest.length === 0 ? passed : Buffer.concat([passed, rest])
    const clean = scrubber.failure === undefined ? whole : this.#handshake.masked(whole)
    this.call.keyMasked += scrubber.masked
    if (scrubber.failure !== undefined) this.#failure = scrubber.failure
    this.call.bytesOut += clean.length
    if (this.#waiting !== null) this.#waiting.push({ bytes: clean, isBinary })
    else if (!this.#isSettled && books.hasEnded) this.#passWhenSettled({ bytes: clean, isBinary })
    else if (books.owes) this.#passWhenWritten({ bytes: clean, isBinary })
    else this.#toClient({ bytes: clean, isBinary })
  }

  /** The session says that it ends: nothing more will be used. */
  #passWhenSettled(message: Message): void {
    const failure = this.#failure
    if (failure?.code !== undefined) this.call.providerCode = failure.code
    const outcome = failure?.outcome ?? 'ok'
    this.#isSettled = true
    this.#passWhen(message, (done) =>
      this.#handshake.books.settle({ outcome, failure, document: null }, done),
    )
  }

  /** What was used is on the books before the caller reads it; where it was the last that they may use, the session ends. */
  #passWhenWritten(message: Message): void {
    this.#passWhen(message, (done) =>
      this.#handshake.books.checkpoint((error) => {
        done()
        if (error !== null) this.#fail(error)
      }),
    )
  }

  /** A message tells that something was used; the caller reads it when that is on the books. */
  #passWhen(message: Message, write: (done: () => void) => void): void {
    this.#waiting = [message]
    this.#upstream.pause()
    write(() => {
      const waiting = this.#waiting ?? []
      this.#waiting = null
      this.#upstream.resume()
      for (const one of waiting) this.#toClient(one)
      const onPassed = this.#onPassed
      this.#onPassed = null
      onPassed?.()
    })
  }

  #toClient({ bytes, isBinary }: Message): void {
    const client = this.#client
    if (client === undefined || this.#done) return
    pass(client, bytes, isBinary, this.#upstream)
    if (this.stalledSince === 0 && client.bufferedAmount > HIGH_WATER) {
      this.#stalledSince = this.#tools.clock.monotonic()
    }
  }

  #clientClosed(code: number, reason: Buffer): void {
    if (this.#done) return
    const left = code === 1006
    this.#end(left ? 'caller_gone' : (this.#failure?.outcome ?? 'ok'))
    if (!isOpen(this.#upstream)) this.#upstream.terminate()
    else closeWith(this.#upstream, left ? GOING_AWAY : code, this.#clean(reason))
  }

  #upstreamClosed(code: number, reason: Buffer): void {
    if (this.#done) return
    if (this.#waiting !== null) {
      this.#onPassed = () => this.#upstreamClosed(code, reason)
      return
    }
    if (this.#client === undefined) {
      this.#fail(new GatewayError('upstream_disconnected'))
      return
    }
    const lost = code === 1006
    this.#close(
      this.#failure?.outcome ?? outcomeOfClose(code),
      lost ? INTERNAL_ERROR : code,
      lost ? 'the provider closed the connection' : this.#clean(reason),
    )
  }

  /** A reason is for people; one that may speak of the operator's account is not for these. */
  #clean(reason: Buffer): string {
    return this.#failure?.outcome === 'provider_account'
      ? ''
      : this.#tools.secrets.maskText(reason.toString()).text
  }

  #fail(error: GatewayError): void {
    if (this.#done) return
    this.call.cause = error.cause
    const client = this.#client
    if (client === undefined) {
      this.call.status = error.status
      this.#end(error.outcome, () => {
        if (!this.#handshake.socket.destroyed) this.#handshake.refuse(error)
      })
      this.#upstream.terminate()
      return
    }
    // MiniMax's own way of saying so on this connection; its clients look for the event.
    client.send(renderTaskFailed(problemOf(error), this.call.requestId))
    this.#close(error.outcome, closeCodeOf(error), error.message)
  }

  #close(outcome: Outcome, code: number, reason: string): void {
    const client = this.#client
    this.#end(outcome, () => {
      if (client !== undefined) closeWith(client, code, reason)
    })
    if (isOpen(this.#upstream)) this.#upstream.close(GOING_AWAY)
    else this.#upstream.terminate()
  }

  /** @param last what the caller gets once it is on the books */
  #end(outcome: Outcome, last?: () => void): void {
    if (this.#done) return
    this.#done = true
    this.#stopHeartbeat?.()
    this.#handshake.ended(this.#failure?.outcome ?? outcome)
    const { call } = this
    const failure = this.#failure
    if (failure?.code !== undefined) call.providerCode = failure.code
    const finish = (): void => {
      this.#tools.live.delete(this)
      call.finish(outcome)
      last?.()
    }
    if (this.#isSettled) finish()
    else this.#handshake.books.settle({ outcome, failure, document: null }, finish)
  }
}
