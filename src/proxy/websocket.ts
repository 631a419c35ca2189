import { WebSocket, WebSocketServer, type RawData } from 'ws'
import type { Call } from '../call.ts'
import { GatewayError, type Outcome, type RefusalCode } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import { renderTaskFailed, type ReportedFailure } from '../minimax/dialects.ts'
import { failureOfStatus } from '../minimax/failures.ts'
import {
  outcomeOfClose,
  closeCodeOf,
  closeWith,
  GOING_AWAY,
  INTERNAL_ERROR,
  UNSUPPORTED_DATA,
} from './closing.ts'
import { EarlyBytes } from './early.ts'
import { startHeartbeat } from './heartbeat.ts'
import type { Handshake } from './handshake.ts'
import { viewJson } from './json.ts'
import type { UpstreamKeys } from './keys.ts'
import type { LiveCall, LiveCalls } from './live.ts'
import { gatewayErrorOf, problemOf } from './refusal.ts'
import { Scrubber } from './scrub.ts'
import type { SecretForms } from './secrets.ts'
import { transportRefusal } from './transport.ts'
import { trusted } from './upstream.ts'

/** One message of upstream can be a whole clip in hexadecimal. */
const MAX_UPSTREAM_MESSAGE = 32 * 1024 * 1024
/** No client of the API splits its messages; a flood of fragments is an attack (GHSA-96hv-2xvq-fx4p). */
const MAX_FRAGMENTS = 64
/** More than this unsent to one side, and the other side is not read until it is down to LOW. */
const HIGH_WATER = 256 * 1024
const LOW_WATER = 64 * 1024

/** What every relay works with. */
export interface WebSocketTools {
  readonly baseUrl: string
  readonly caFile?: string | undefined
  readonly connectTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly maxDurationMs: number
  readonly keys: UpstreamKeys
  readonly secrets: SecretForms
  readonly live: LiveCalls
  readonly clock: Clock
}

/** Opens relays between clients and upstream. */
export class WebSocketRelays {
  readonly #tools: WebSocketTools
  readonly #ca: string[] | undefined

  constructor(tools: WebSocketTools) {
    this.#tools = tools
    this.#ca = tools.caFile === undefined ? undefined : trusted(tools.caFile)
  }

  /** Opens upstream first, and accepts the client only then, so that a refusal is still an HTTP answer. */
  open(handshake: Handshake): void {
    const { call, path } = handshake
    const key = this.#tools.keys.pick()
    call.upstreamKey = key.name
    call.attempts = 1
    call.sentAt = this.#tools.clock.monotonic()
    const upstream = new WebSocket(this.#tools.baseUrl.replace(/^http/, 'ws') + path, {
      headers: { authorization: key.authorization, 'user-agent': 'minimax-gateway' },
      perMessageDeflate: false,
      followRedirects: false,
      handshakeTimeout: this.#tools.connectTimeoutMs,
      maxPayload: MAX_UPSTREAM_MESSAGE,
      ...(this.#ca === undefined ? {} : { ca: this.#ca }),
    })
    new Relay(this.#tools, upstream, handshake).start()
  }
}

class Relay implements LiveCall {
  slot = -1
  readonly call: Call
  readonly deadlineCode = 'idle_timeout'
  readonly #tools: WebSocketTools
  readonly #upstream: WebSocket
  readonly #handshake: Handshake
  #client: WebSocket | undefined
  #early: EarlyBytes | undefined
  #activeAt: number
  #stalledSince = 0
  #failure: ReportedFailure | undefined
  #stopHeartbeat: (() => void) | undefined
  #done = false

  constructor(tools: WebSocketTools, upstream: WebSocket, handshake: Handshake) {
    this.#tools = tools
    this.call = handshake.call
    this.#upstream = upstream
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
      const { outcome } = failureOfStatus(answer.statusCode ?? 500)
      answer.destroy()
      const code =
        outcome === 'provider_account'
          ? 'upstream_account'
          : outcome === 'provider_rate_limited'
            ? 'upstream_rate_limited'
            : 'upstream_bad_answer'
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
    const { operation, request, socket, head, protocol, release } = this.#handshake
    const early = this.#early?.take() ?? []
    release()
    const server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: operation.bodyLimit,
      maxFragments: MAX_FRAGMENTS,
      handleProtocols: () => protocol ?? false,
    })
    server.on('headers', (headers) => headers.push(`x-request-id: ${this.call.requestId}`))
    server.handleUpgrade(request, socket, Buffer.concat([head, ...early]), (client) => {
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
    if (isBinary) {
      this.#close('caller_invalid', UNSUPPORTED_DATA, 'binary messages are not part of this API')
      return
    }
    try {
      this.#handshake.check(viewJson(message))
    } catch (thrown) {
      this.#fail(gatewayErrorOf(thrown))
      return
    }
    const client = this.#client
    if (client !== undefined) pass(this.#upstream, message, false, client)
  }

  #fromUpstream(message: Buffer, isBinary: boolean): void {
    if (this.#done) return
    const now = this.#tools.clock.monotonic()
    if (this.call.firstByteAt === 0) this.call.firstByteAt = now
    this.#activeAt = now
    const scrubber = new Scrubber(this.#tools.secrets, !isBinary)
    const passed = scrubber.push(message)
    const rest = scrubber.end()
    const clean = rest.length === 0 ? passed : Buffer.concat([passed, rest])
    this.call.keyMasked += scrubber.masked
    if (scrubber.failure !== undefined) this.#failure = scrubber.failure
    this.call.bytesOut += clean.length
    const client = this.#client
    if (client === undefined) return
    pass(client, clean, isBinary, this.#upstream)
    if (this.stalledSince === 0 && client.bufferedAmount > HIGH_WATER) this.#stalledSince = now
  }

  #clientClosed(code: number, reason: Buffer): void {
    if (this.#done) return
    const left = code === 1006
    this.#end(left ? 'caller_gone' : (this.#failure?.outcome ?? 'ok'))
    if (this.#upstream.readyState !== WebSocket.OPEN) this.#upstream.terminate()
    else closeWith(this.#upstream, left ? GOING_AWAY : code, this.#clean(reason))
  }

  #upstreamClosed(code: number, reason: Buffer): void {
    if (this.#done) return
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
      this.#end(error.outcome)
      this.#upstream.terminate()
      if (!this.#handshake.socket.destroyed) this.#handshake.refuse(error)
      return
    }
    // MiniMax's own way of saying so on this connection; its clients look for the event.
    client.send(renderTaskFailed(problemOf(error), this.call.requestId))
    this.#close(error.outcome, closeCodeOf(error), error.message)
  }

  #close(outcome: Outcome, code: number, reason: string): void {
    this.#end(outcome)
    const client = this.#client
    if (client !== undefined) closeWith(client, code, reason)
    if (this.#upstream.readyState === WebSocket.OPEN) this.#upstream.close(GOING_AWAY)
    else this.#upstream.terminate()
  }

  #end(outcome: Outcome): void {
    if (this.#done) return
    this.#done = true
    this.#stopHeartbeat?.()
    this.#tools.live.delete(this)
    if (this.#failure?.code !== undefined) this.call.providerCode = this.#failure.code
    this.call.finish(outcome)
  }
}

/** Sends a message on, and stops reading its source while the target takes no more. */
function pass(target: WebSocket, message: Buffer, isBinary: boolean, source: WebSocket): void {
  target.send(message, { binary: isBinary }, () => {
    if (source.isPaused && target.bufferedAmount <= LOW_WATER) source.resume()
  })
  if (target.bufferedAmount > HIGH_WATER) source.pause()
}

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)
}
