import { STATUS_CODES, ServerResponse, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Config } from '../config/schema.ts'
import { GatewayError, type RefusalCode, gatewayErrorOf } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import { newRequestId } from '../lib/ids.ts'
import { dialectOfPath } from '../minimax/catalog.ts'
import { renderProblem } from '../minimax/dialects.ts'
import { problemOf, writeRefusal } from '../proxy/refusal.ts'
import { livenessRoute } from './health.ts'
import { rememberUpgrade } from './passage.ts'

/** Above the idle time of common load balancers, so that it is they who close. */
const KEEP_ALIVE_MS = 75_000
/** How long a whole request may take to arrive: the longest upload on a slow line. Bodies in memory have less. */
const REQUEST_MS = 3_600_000
const CHECK_CONNECTIONS_MS = 1_000
const MAX_HEADER_BYTES = 16 * 1024
/** What is kept for a caller who reads slowly. Node's 64 KiB would stop upstream after each of its pieces, which are as large. */
const WRITE_BUFFER = 256 * 1024

/** What the public listener needs of the configuration. */
export type PublicSettings = Pick<Config, 'headersTimeout' | 'maxConnections' | 'trustedProxies'>

/**
 * The server that front ends call, without its routes. Every limit that Node and Fastify leave open is set; what cannot
 * even be read as a request is refused in the same words as all else.
 */
export function createPublicServer(settings: PublicSettings, clock: Clock): FastifyInstance {
  const app = Fastify({
    logger: false,
    exposeHeadRoutes: false,
    trustProxy: settings.trustedProxies.length === 0 ? false : [...settings.trustedProxies],
    // A socket is silent for minutes while a completion is made; it is not idle.
    connectionTimeout: 0,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    routerOptions: {
      caseSensitive: true,
      ignoreTrailingSlash: false,
      ignoreDuplicateSlashes: false,
      maxParamLength: 256,
    },
    http: {
      maxHeaderSize: MAX_HEADER_BYTES,
      highWaterMark: WRITE_BUFFER,
      headersTimeout: settings.headersTimeout,
      connectionsCheckingInterval: CHECK_CONNECTIONS_MS,
      insecureHTTPParser: false,
    },
    clientErrorHandler: (error, socket) => refuseUnreadable(error, socket, clock),
    frameworkErrors: (_error, request, reply) => {
      const requestId = newRequestId(clock.now())
      const dialect = dialectOfPath(request.raw.url ?? '/')
      reply.hijack()
      writeRefusal(reply.raw, dialect, new GatewayError('operation_not_found'), requestId)
    },
  })
  app.server.maxConnections = settings.maxConnections
  app.server.maxHeadersCount = 100
  app.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) =>
    app.routing(request, response),
  )
  trackSockets(app)
  takeUpgrades(app)
  livenessRoute(app)
  app.setErrorHandler((error, request, reply) => {
    reply.hijack()
    writeRefusal(
      reply.raw,
      dialectOfPath(request.raw.url ?? '/'),
      gatewayErrorOf(error),
      newRequestId(clock.now()),
    )
  })
  return app
}

/**
 * Closes the server: idle connections at once, the others when their last bytes have left or the time is over.
 * @param graceMs for last words, such as the error event of a stream or the close of a WebSocket
 */
export async function closePublicServer(app: FastifyInstance, graceMs: number): Promise<void> {
  const timer = setTimeout(() => {
    for (const socket of socketsOf.get(app.server) ?? []) socket.destroy()
  }, graceMs)
  await app.close()
  clearTimeout(timer)
}

/** Every open connection of a server, those that became WebSockets too: Node's own list leaves them out. */
const socketsOf = new WeakMap<object, Set<Socket>>()

function trackSockets(app: FastifyInstance): void {
  const sockets = new Set<Socket>()
  socketsOf.set(app.server, sockets)
  app.server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
}

/** Sends requests for a WebSocket through the same stages as all others; a request for any other upgrade stays HTTP. */
function takeUpgrades(app: FastifyInstance): void {
  // Node 24.9 and later ask; before that every upgrade comes here and is refused unless it is a WebSocket's.
  Object.assign(app.server, { shouldUpgradeCallback: isWebSocket })
  app.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const response = new ServerResponse(request)
    response.assignSocket(request.socket)
    response.on('finish', () => request.socket.destroySoon())
    rememberUpgrade(request, { socket, head })
    app.routing(request, response)
  })
}

function isWebSocket(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket'
}

const CODE_OF_ERROR: Readonly<Record<string, RefusalCode>> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'body_timeout',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'body_too_large',
}

/** What cannot be read as HTTP has no operation and no dialect; it gets the native one and the connection is closed. */
function refuseUnreadable(error: Error & { code?: string }, socket: Socket, clock: Clock): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const refusal = new GatewayError(CODE_OF_ERROR[error.code ?? ''] ?? 'invalid_request')
  const requestId = newRequestId(clock.now())
  const body = renderProblem('native', problemOf(refusal), requestId)
  const head = [
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? 'Error'}`,
    `x-request-id: ${requestId}`,
    'cache-control: no-store',
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
