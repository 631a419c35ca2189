import type { Call } from '../call.ts'
import { GatewayError, type Outcome, type RefusalCode, gatewayErrorOf } from '../errors.ts'
import { renderTaskFailed, type ReportedFailure } from '../minimax/dialects.ts'
import {
  outcomeOfClose,
  closeCodeOf,
  closeWith,
  GOING_AWAY,
  INTERNAL_ERROR,
  NORMAL,
  refusalOf,
  UNSUPPORTED_DATA,
} from './closing.ts'
import type { EarlyBytes } from './early.ts'
import { startHeartbeat } from './heartbeat.ts'
import type { Handshake } from './handshake.ts'
import type { KeyUse } from './key-use.ts'
import { viewJson } from './json.ts'
import { Inbox } from './inbox.ts'
import type { LiveCall } from './live.ts'
import { problemOf } from './refusal.ts'
import { bytesOf, HIGH_WATER, pass, type Message } from './relay-flow.ts'
import { Outbox } from './relay-outbox.ts'
import type { WebSocketTools } from './relay-tools.ts'
import { acceptClient, isOpen, openUpstream, type RelaySocket } from './relay-sockets.ts'
import { Scrubber } from './scrub.ts'

/** One WebSocket of a client and one of ours to upstream, and what passes between them. */
export class Relay implements LiveCall {
  slot = -1
  readonly call: Call
  readonly deadlineCode = 'idle_timeout'
  readonly #tools: WebSocketTools
  readonly #upstream: RelaySocket
  readonly #handshake: Handshake
  #client: RelaySocket | undefined
  readonly #early: EarlyBytes
  #activeAt: number
  #stalledSince = 0
  #failure: ReportedFailure | undefined
  #stopHeartbeat: (() => void) | undefined
  readonly #outbox = new Outbox({
    due: () => this.#due(),
    busy: (isBusy) => (isBusy ? this.#upstream.pause() : this.#upstream.resume()),
    pass: (message) => this.#toClient(message),
  })
  readonly #inbox = new Inbox({
    look: (message) => this.#look(message),
    busy: (isBusy) => this.#readClient(!isBusy),
    failed: (thrown) => this.#fail(gatewayErrorOf(thrown)),
  })
  #isSettled = false
  #done = false

  /**
   * @param early what the client sends before it is accepted
   * @param key whoever ends the handshake ends it, too
   */
  constructor(tools: WebSocketTools, handshake: Handshake, early: EarlyBytes, key: KeyUse) {
    this.#tools = tools
    this.call = handshake.call
    this.#upstream = openUpstream(tools, handshake.path, key, (error) => this.#fail(error))
    this.#handshake = handshake
    this.#early = early
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
    upstream.on('open', () => this.#accept())
    upstream.on('message', (data, isBinary) => this.#fromUpstream(bytesOf(data), isBinary))
    upstream.on('close', (code, reason) => this.#upstreamClosed(code, reason))
    this.#early.watch(() => this.#leftUnaccepted())
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
    if (this.#early.isGone) {
      this.#leftUnaccepted()
      return
    }
    const early = this.#early.take()
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
    // Its connection broke, or its handshake was refused after all.
    if (this.#client === undefined) this.#leave()
  }

  #leftUnaccepted(): void {
    this.#leave()
    this.#handshake.socket.destroy()
  }

  #leave(): void {
    this.#end('caller_gone')
    this.#upstream.terminate()
  }

  /** Where upstream takes no more at the moment, it is read again when that does. */
  #readClient(isRead: boolean): void {
    if (!isRead) this.#client?.pause()
    else if (this.#upstream.bufferedAmount <= HIGH_WATER) this.#client?.resume()
  }

  #fromClient(message: Buffer, isBinary: boolean): void {
    if (this.#done) return
    this.#activeAt = this.#tools.clock.monotonic()
    this.call.bytesIn += message.length
    this.#inbox.push({ bytes: message, isBinary })
  }

  /** @throws GatewayError, or rejects with one, when the message may not go on */
  #look({ bytes, isBinary }: Message): Promise<void> | undefined {
    if (this.#isOver) return undefined
    if (isBinary) {
      this.call.refusal = 'invalid_request'
      this.#close('caller_invalid', UNSUPPORTED_DATA, 'binary messages are not part of this API')
      return undefined
    }
    const checked = this.#handshake.check(viewJson(bytes), bytes)
    if (!Buffer.isBuffer(checked)) return checked.then((message) => this.#toUpstream(message))
    this.#toUpstream(checked)
    return undefined
  }

  /** Nothing that comes after the end of the task is sent: nobody would be billed for it. */
  get #isOver(): boolean {
    return this.#done || this.#handshake.books.hasEnded
  }

  #toUpstream(message: Buffer): void {
    if (this.#isOver) return
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
    this.#outbox.push({ bytes: clean, isBinary })
  }

  /** A message tells that something was used, or that all is over: the caller reads it when that is on the books. */
  #due(): ((done: () => void) => void) | null {
    const { books } = this.#handshake
    if (this.#done || this.#isSettled) return null
    if (books.hasEnded) return (done) => this.#settle(done)
    return books.owes ? (done) => this.#checkpoint(done) : null
  }

  /** The session says that it ends: nothing more will be used, and upstream closes it. */
  #settle(done: () => void): void {
    const failure = this.#failure
    if (failure?.code !== undefined) this.call.providerCode = failure.code
    const outcome = failure?.outcome ?? 'ok'
    this.#isSettled = true
    this.#handshake.books.settle({ outcome, failure, document: null }, () => {
      done()
      if (isOpen(this.#upstream)) this.#upstream.close(NORMAL)
    })
  }

  /** Where it was more than the caller may use, the session ends. */
  #checkpoint(done: () => void): void {
    this.#handshake.books.checkpoint((error) => {
      done()
      if (error !== null) this.#fail(error)
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
    this.#outbox.whenEmpty(() => {
      if (this.#client === undefined) {
        this.#fail(new GatewayError('upstream_disconnected'))
        return
      }
      const outcome = this.#failure?.outcome
      // Once the task has ended, nothing is lost with the connection.
      if (code !== 1006) this.#close(outcome ?? outcomeOfClose(code), code, this.#clean(reason))
      else if (this.#isSettled) this.#close(outcome ?? 'ok', NORMAL, '')
      else this.#close(outcome ?? outcomeOfClose(code), INTERNAL_ERROR, 'the provider closed the connection')
    })
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
    this.call.refusal = refusalOf(error)
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
    const { call } = this
    const failure = this.#failure
    if (failure?.code !== undefined) call.providerCode = failure.code
    this.#handshake.ended(failure?.outcome ?? outcome)
    const finish = (): void => {
      this.#tools.live.delete(this)
      call.finish(outcome)
      last?.()
    }
    if (this.#isSettled) finish()
    else this.#handshake.books.settle({ outcome, failure, document: null }, finish)
  }
}
