import { WebSocket, WebSocketServer } from 'ws'
import { GatewayError } from '../errors.ts'
import { refusalOfHandshake } from './closing.ts'
import type { Handshake } from './handshake.ts'
import type { KeyUse } from './key-use.ts'
import type { WebSocketTools } from './relay-tools.ts'
import { transportRefusal } from './transport.ts'

/** Either end of a relay. */
export type RelaySocket = WebSocket

/** One message of upstream can be a whole clip in hexadecimal. */
const MAX_UPSTREAM_MESSAGE = 32 * 1024 * 1024

/** No client of the API splits its messages; a flood of fragments is an attack (GHSA-96hv-2xvq-fx4p). */
const MAX_FRAGMENTS = 64

/** Whether messages can be sent: it is neither opening nor closing. */
export function isOpen(socket: RelaySocket): boolean {
  return socket.readyState === WebSocket.OPEN
}

/**
 * Opens the connection to upstream, with a key of ours and nothing of the client's.
 * @param key is told when upstream answers the handshake with an HTTP status instead
 * @param fail is told why there is no connection, or why it broke
 */
export function openUpstream(
  tools: Pick<WebSocketTools, 'baseUrl' | 'ca' | 'connectTimeoutMs'>,
  path: string,
  key: KeyUse,
  fail: (error: GatewayError) => void,
): RelaySocket {
  const socket = new WebSocket(tools.baseUrl.replace(/^http/, 'ws') + path, {
    headers: { authorization: key.key.authorization, 'user-agent': 'minimax-gateway' },
    perMessageDeflate: false,
    followRedirects: false,
    handshakeTimeout: tools.connectTimeoutMs,
    maxPayload: MAX_UPSTREAM_MESSAGE,
    ...(tools.ca === undefined ? {} : { ca: [...tools.ca] }),
  })
  socket.on('unexpected-response', (_request, answer) => {
    answer.destroy()
    const status = answer.statusCode ?? 500
    const error = new GatewayError(refusalOfHandshake(status))
    key.heard({ outcome: error.outcome, code: undefined, status })
    fail(error)
  })
  socket.on('error', (error) =>
    fail(new GatewayError(transportRefusal(error).code, undefined, { cause: error })),
  )
  return socket
}

/**
 * Accepts a client.
 * @param early what it sent before it was accepted
 * @param accepted is given the connection, once the client is told
 */
export function acceptClient(
  { operation, request, socket, head, protocol }: Handshake,
  early: readonly Buffer[],
  requestId: string,
  accepted: (client: RelaySocket) => void,
): void {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: operation.bodyLimit,
    maxFragments: MAX_FRAGMENTS,
    handleProtocols: () => protocol ?? false,
  })
  server.on('headers', (headers) => headers.push(`x-request-id: ${requestId}`))
  server.handleUpgrade(request, socket, Buffer.concat([head, ...early]), accepted)
}
