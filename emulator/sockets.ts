import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { AcceptLog } from './accepts.ts'
import { authFailure } from './auth.ts'
import { errorBody, Refusal } from './errors.ts'
import { traceId } from './ids.ts'
import { write } from './json.ts'
import { SOCKETS } from './operations.ts'
import type { Rate } from './rate.ts'
import type { Recorder } from './recorder.ts'
import type { Steps } from './scenarios.ts'
import { Session } from './speech/socket.ts'
import type { World } from './world.ts'

/** What the WebSocket side needs of the server. */
export interface SocketHost {
  world: World
  recorder: Recorder
  accepts: AcceptLog | undefined
  keys: readonly string[] | undefined
  rate: Rate
  pick(operation: string | null, path: string, req: IncomingMessage): Steps
}

function refuseUpgrade(socket: Duplex, status: number, type: string, body: string): void {
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    `Content-Type: ${type}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `Trace-Id: ${traceId()}`,
    'Token: emulator-operator-token',
    'Connection: close',
  ]
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`)
}

/**
 * Serves the WebSocket operations on an HTTP server. The key is taken from the handshake's Authorization header only;
 * without a good one the upgrade is refused with 401. Returns the WebSocket server, for closing.
 */
export function serveSockets(server: Server, host: SocketHost): WebSocketServer {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: 64 * 1024 * 1024,
  })
  sockets.on('headers', (headers) => {
    headers.push(
      `Trace-Id: ${traceId()}`,
      `alb_request_id: ${traceId()}`,
      'Set-Cookie: acw_tc=emulator-cookie',
    )
  })
  server.on('upgrade', (req, socket, head) => {
    socket.on('error', () => socket.destroy())
    const path = (req.url ?? '').split('?')[0] ?? ''
    const operation = SOCKETS.get(path) ?? null
    const recording = host.recorder.open(req, operation)
    const request = recording?.request
    if (request) request.frames = []
    const closed = (aborted: boolean): void => {
      if (request) host.recorder.closed(request, aborted)
    }
    if (operation === null) {
      refuseUpgrade(socket, 404, 'text/plain', '404 page not found')
      closed(false)
      return
    }
    const failure = authFailure(req.headers, 'native', host.keys)
    const picked = host.pick(operation, path, req)
    // As a call of any other kind it is told in its own dialect: `task_failed`.
    const steps: Steps = failure || host.rate.admits() ? picked : { refuse: { code: 1002 } }
    const status = steps.refuse?.status
    if (failure || (steps.refuse && status !== undefined && status !== 200)) {
      const refusal = failure ?? new Refusal(steps.refuse?.code ?? 1000, steps.refuse?.message)
      const code = failure ? 401 : (status ?? 500)
      refuseUpgrade(socket, code, 'application/json', write(errorBody('openai', code, refusal)))
      const accepted = host.accepts?.open(operation, '', '')
      accepted?.failed({ code: refusal.code, status: code })
      accepted?.closed(true)
      closed(false)
      return
    }
    if (steps.reset === 'request' || steps.reset === 'body') {
      socket.destroy()
      closed(false)
      return
    }
    if (steps.stall === 'headers') {
      socket.once('close', () => closed(true))
      socket.resume()
      return
    }
    sockets.handleUpgrade(req, socket, head, (ws) => {
      const accepted = host.accepts?.open(operation, '', '')
      const bidi = operation === 'speech.websocket_bidi'
      const session = new Session(ws, host.world, bidi, steps, accepted)
      host.recorder.accept(operation)
      if (recording) host.recorder.end(recording, true)
      ws.on('message', (data, binary) => {
        const bytes = Array.isArray(data)
          ? Buffer.concat(data)
          : Buffer.isBuffer(data)
            ? data
            : Buffer.from(data)
        if (request) {
          request.frames?.push(bytes.toString('utf8'))
          request.bodyBytes += bytes.length
          host.recorder.changed(request)
        }
        accepted?.marked(bytes)
        if (!binary) session.receive(bytes)
      })
      ws.on('error', () => ws.terminate())
      ws.on('close', () => {
        accepted?.closed(session.ended)
        closed(!session.ended)
      })
    })
  })
  return sockets
}
