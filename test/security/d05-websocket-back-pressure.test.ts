import { expect, it } from 'vitest'
import { WebSocketServer, type WebSocket } from 'ws'
import { startGatewayProcess, type GatewayProcess } from '../helpers/child.ts'
import { requestText, until, UPGRADE, Wire } from '../helpers/wire.ts'

const MIB = 1024 * 1024
/** Kernel buffers of two connections and the gateway's own; without back-pressure all of TOTAL is pushed. */
const MAY_BE_PUSHED = 24 * MIB
const MAY_GROW = 32 * MIB
const TOTAL = 200 * MIB

interface Flood extends AsyncDisposable {
  readonly url: string
  readonly sockets: WebSocket[]
}

/** An upstream that takes WebSockets and leaves what to send to the test. */
async function startFlood(): Promise<Flood> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  const sockets: WebSocket[] = []
  server.on('connection', (socket) => sockets.push(socket))
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    sockets,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        for (const socket of server.clients) socket.terminate()
        server.close(() => resolve())
      }),
  }
}

/** Waits until a number has not changed for a while. */
async function settled(read: () => number): Promise<number> {
  let last = read()
  let since = performance.now()
  await until(
    () => {
      const now = read()
      if (now !== last) since = performance.now()
      last = now
      return performance.now() - since > 700
    },
    'calm',
    15_000,
  )
  return last
}

/** Opens a WebSocket through the gateway, with nothing read or sent yet. */
async function session(gateway: GatewayProcess, token: string): Promise<Wire> {
  const wire = await Wire.open(gateway.url)
  wire.write(requestText('GET /ws/v1/t2a_v2', [`Authorization: Bearer ${token}`, ...UPGRADE]))
  await until(() => wire.text.includes('101 Switching'), 'the upgrade')
  return wire
}

/** With it the process collects its garbage when it is told to. */
const COLLECTS = {
  NODE_OPTIONS: "--expose-gc --import=data:text/javascript,process.on('SIGUSR2',()=>gc())",
}

/** What is held, without the garbage that is left of what has passed. */
async function growsLittle(gateway: GatewayProcess, before: number): Promise<void> {
  const grown = (): number => {
    if (gateway.pid === 0) throw new Error('there is no process to ask')
    process.kill(gateway.pid, 'SIGUSR2')
    return gateway.residentBytes() - before
  }
  await until(() => grown() < MAY_GROW, 'the memory of one session')
}

it('D5: a WebSocket client that never reads stops upstream instead of filling the memory', async () => {
  await using upstream = await startFlood()
  await using gateway = await startGatewayProcess(upstream.url, COLLECTS)
  const token = await gateway.token()
  using wire = await session(gateway, token)
  wire.socket.pause()
  const before = gateway.residentBytes()
  const message = Buffer.alloc(256 * 1024, '7')
  const [flood] = upstream.sockets
  let pushed = 0
  const push = (): void => {
    if (flood === undefined || pushed >= TOTAL) return
    // Its callback comes when the bytes are out of the process: only then is the next one sent.
    flood.send(message, { binary: false }, (error) => {
      if (error instanceof Error) return
      pushed += message.length
      push()
    })
  }
  push()
  const total = await settled(() => pushed)
  expect(total).toBeGreaterThan(0)
  expect(total).toBeLessThan(MAY_BE_PUSHED)
  await growsLittle(gateway, before)
  // And nothing is lost: once the client reads, upstream goes on.
  wire.socket.destroy()
  await until(() => flood?.readyState === 3, 'the end of the connection to upstream')
})

it('D5: an upstream that never reads stops the WebSocket client as well', async () => {
  await using upstream = await startFlood()
  await using gateway = await startGatewayProcess(upstream.url, COLLECTS)
  const token = await gateway.token()
  using wire = await session(gateway, token)
  upstream.sockets[0]?.pause()
  const before = gateway.residentBytes()
  const frame = textFrame(JSON.stringify({ event: 'task_continue', text: 'x'.repeat(512 * 1024) }))
  let pushed = 0
  const push = (): void => {
    if (pushed >= TOTAL || wire.socket.destroyed) return
    wire.socket.write(frame, (error) => {
      if (error instanceof Error) return
      pushed += frame.length
      push()
    })
  }
  push()
  const total = await settled(() => pushed)
  expect(total).toBeGreaterThan(0)
  expect(total).toBeLessThan(MAY_BE_PUSHED)
  await growsLittle(gateway, before)
})

/** A masked text frame (RFC 6455 section 5.2) with a mask of zeros. */
function textFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  const head = Buffer.alloc(14)
  head[0] = 0x81
  head[1] = 0x80 | 127
  head.writeBigUInt64BE(BigInt(payload.length), 2)
  return Buffer.concat([head, payload])
}
