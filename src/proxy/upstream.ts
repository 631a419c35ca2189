import { readFileSync } from 'node:fs'
import { getCACertificates } from 'node:tls'
import { Agent, type Dispatcher } from 'undici'

/** The means to govern an answer that is coming. */
export interface UpstreamController {
  /** No more bytes for now. */
  pause(): void
  resume(): void
  abort(reason: Error): void
}

/** Who hears what becomes of a request. */
export interface UpstreamHandler {
  onRequestStart(controller: UpstreamController): void
  /** @param headers names and values in turn, as they came */
  onResponseStart(status: number, headers: readonly Buffer[]): void
  onResponseData(chunk: Buffer): void
  onResponseEnd(): void
  onResponseError(error: Error): void
}

/**
 * Speaks to undici in the terms of its core (onConnect, onHeaders …), which it calls old: the newer ones are put on top
 * of them for each request, with an object made of all headers, where we want two or three.
 */
class Exchanged implements UpstreamController {
  readonly #handler: UpstreamHandler
  #abort: ((reason: Error) => void) | undefined
  #resume: (() => void) | undefined
  #isPaused = false

  constructor(handler: UpstreamHandler) {
    this.#handler = handler
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#resume?.()
  }

  abort(reason: Error): void {
    const abort = this.#abort
    this.#abort = undefined
    abort?.(reason)
  }

  onConnect(abort: (reason?: Error) => void): void {
    this.#abort = abort
    this.#handler.onRequestStart(this)
  }

  onHeaders(status: number, headers: Buffer[], resume: () => void): boolean {
    this.#resume = resume
    this.#handler.onResponseStart(status, headers)
    return !this.#isPaused
  }

  onData(chunk: Buffer): boolean {
    this.#handler.onResponseData(chunk)
    return !this.#isPaused
  }

  onComplete(): void {
    this.#handler.onResponseEnd()
  }

  onError(error: Error): void {
    this.#handler.onResponseError(error)
  }
}

export interface UpstreamOptions {
  readonly baseUrl: string
  /** Milliseconds to open a connection, TLS included. */
  readonly connectTimeoutMs: number
  /** At the most so many sockets; 0: no bound of ours. */
  readonly connections: number
  /** Certificates to trust beside the system's, PEM. */
  readonly caFile?: string | undefined
}

/** A request to upstream. */
export interface UpstreamRequest {
  readonly path: string
  readonly method: Dispatcher.HttpMethod
  readonly headers: string[]
  /** Whole bytes, or bytes as they come. */
  readonly body: Buffer | AsyncIterable<Buffer> | null
  readonly firstByteMs: number
  readonly idleMs: number
}

/**
 * The one place from which HTTP leaves the gateway. The agent is our own, never the libraries' default: those of
 * @fastify/http-proxy and @fastify/reply-from do not verify TLS (their lib/request.js), this one always does.
 * It follows no redirect, retries nothing and sends one request at a time on a connection.
 */
export class Upstream {
  readonly origin: string
  readonly #agent: Agent

  constructor(options: UpstreamOptions) {
    this.origin = new URL(options.baseUrl).origin
    this.#agent = new Agent({
      connections: options.connections === 0 ? null : options.connections,
      pipelining: 1,
      keepAliveTimeout: 30_000,
      keepAliveMaxTimeout: 300_000,
      maxHeaderSize: 32 * 1024,
      connect: {
        timeout: options.connectTimeoutMs,
        rejectUnauthorized: true,
        ...(options.caFile === undefined ? {} : { ca: trusted(options.caFile) }),
      },
    })
  }

  /** Sends a request; the handler hears of everything that comes of it. */
  dispatch(request: UpstreamRequest, handler: UpstreamHandler): void {
    this.#agent.dispatch(
      {
        origin: this.origin,
        path: request.path,
        method: request.method,
        headers: request.headers,
        // Documented for undici's dispatch, but missing in its types: a body that is iterated over.
        body: request.body as Buffer | null,
        headersTimeout: request.firstByteMs,
        bodyTimeout: request.idleMs,
      },
      new Exchanged(handler),
    )
  }

  /** The agent itself, for @fastify/http-proxy, which must not make one of its own. */
  get dispatcher(): Dispatcher {
    return this.#agent
  }

  /** Ends every connection at once. */
  async close(): Promise<void> {
    await this.#agent.destroy()
  }
}

/** Node's own certificates and the operator's. */
export function trusted(caFile: string): string[] {
  return [...getCACertificates('default'), readFileSync(caFile, 'utf8')]
}
