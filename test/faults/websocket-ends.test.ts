import { describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { speech } from '../helpers/calls.ts'
import { firstLine, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { sharedGateway } from '../helpers/shared.ts'
import { requestText, until, UPGRADE, Wire } from '../helpers/wire.ts'

const shared = sharedGateway()

/** How each way of ending is seen at the other side, and in the log. */
interface Seen {
  readonly code: number
  readonly reason: string
}

interface SocketUpstream extends AsyncDisposable {
  readonly url: string
  readonly sockets: WebSocket[]
  readonly closed: Seen[]
}

async function startSockets(): Promise<SocketUpstream> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  const sockets: WebSocket[] = []
  const closed: Seen[] = []
  server.on('connection', (socket) => {
    sockets.push(socket)
    socket.on('close', (code, reason) => closed.push({ code, reason: reason.toString() }))
    socket.on('error', () => undefined)
  })
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    sockets,
    closed,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        for (const socket of server.clients) socket.terminate()
        server.close(() => resolve())
      }),
  }
}

async function connect(gateway: TestGateway): Promise<{ socket: WebSocket; closed: Seen[]; seen: string[] }> {
  const { token } = await gateway.token()
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/ws/v1/t2a_v2`, {
    headers: { authorization: `Bearer ${token}` },
  })
  const closed: Seen[] = []
  const seen: string[] = []
  socket.on('close', (code, reason) => closed.push({ code, reason: reason.toString() }))
  socket.on('message', (data: Buffer) => seen.push(data.toString()))
  await new Promise((resolve) => socket.once('open', resolve))
  return { socket, closed, seen }
}

describe('the end of a WebSocket', () => {
  it('that the client closes properly is no loss, and upstream gets its code', async () => {
    await using upstream = await startSockets()
    await using gateway = await startGateway({ upstreamUrl: upstream.url })
    const { socket } = await connect(gateway)
    socket.close(1000, 'bye')
    await until(() => upstream.closed.length === 1, 'the end upstream')
    expect(upstream.closed).toEqual([{ code: 1000, reason: 'bye' }])
    expect(await firstLine(gateway)).toMatchObject({ outcome: 'ok', status: 101 })
  })

  it('that the client just drops closes upstream at once', async () => {
    await using upstream = await startSockets()
    await using gateway = await startGateway({ upstreamUrl: upstream.url })
    const { socket } = await connect(gateway)
    const left = performance.now()
    socket.terminate()
    await until(() => upstream.closed.length === 1, 'the end upstream')
    expect(performance.now() - left).toBeLessThan(250)
    expect(await firstLine(gateway)).toMatchObject({ outcome: 'caller_gone' })
  })

  it('that upstream closes properly gets to the client with its code', async () => {
    await using upstream = await startSockets()
    await using gateway = await startGateway({ upstreamUrl: upstream.url })
    const { closed } = await connect(gateway)
    upstream.sockets[0]?.close(1000, 'done')
    await until(() => closed.length === 1, 'the end')
    expect(closed).toEqual([{ code: 1000, reason: 'done' }])
    expect(await firstLine(gateway)).toMatchObject({ outcome: 'ok' })
  })

  it('that upstream drops is no proper end for the client', async () => {
    await using upstream = await startSockets()
    await using gateway = await startGateway({ upstreamUrl: upstream.url })
    const { closed } = await connect(gateway)
    upstream.sockets[0]?.terminate()
    await until(() => closed.length === 1, 'the end')
    expect(closed[0]?.code).toBe(1011)
    expect(await firstLine(gateway)).toMatchObject({ outcome: 'provider_disconnected' })
  })

  it.each([1001, 1008, 1009, 1011, 1012, 1013])(
    'with which upstream reports an error of its own is none of success: %i',
    async (code) => {
      await using upstream = await startSockets()
      await using gateway = await startGateway({ upstreamUrl: upstream.url })
      const { closed } = await connect(gateway)
      upstream.sockets[0]?.close(code)
      await until(() => closed.length === 1, 'the end')
      expect(closed[0]?.code).toBe(code)
      expect((await firstLine(gateway)).outcome).toMatch(/^provider_/)
    },
  )

  it('comes when nobody says anything for too long', async () => {
    await using gateway = await startGateway({ env: { WEBSOCKET_IDLE_TIMEOUT: '300ms' } })
    const { closed, seen } = await connect(gateway)
    await until(() => closed.length === 1, 'the end')
    expect(seen.at(-1)).toContain('task_failed')
    expect(await firstLine(gateway)).toMatchObject({ outcome: 'caller_invalid' })
    await gateway.emulator.waitFor(({ closedAt }) => closedAt !== undefined)
  })

  it('comes when the token does: revoked, it closes within two seconds, with 4401', async () => {
    const { gateway } = shared()
    const { id, token } = await gateway.token()
    const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/ws/v1/t2a_v2`, [`mmg.token.${token}`])
    await new Promise((resolve) => socket.once('open', resolve))
    const closed = new Promise((resolve) => socket.once('close', resolve))
    const started = performance.now()
    await gateway.admin('DELETE', `/admin/v1/tokens/${id}`)
    expect(await closed).toBe(4401)
    expect(performance.now() - started).toBeLessThan(2_000)
    expect(await firstLine(gateway)).toMatchObject({ outcome: 'caller_unauthorized' })
  })
})

describe('a client of a WebSocket', () => {
  const frame = (first: number, payload: Buffer): Buffer =>
    Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), payload])

  it.each([
    [
      '131,000 fragments (GHSA-96hv-2xvq-fx4p)',
      Buffer.concat([
        frame(0x01, Buffer.from('{')),
        ...Array.from({ length: 131_000 }, () => frame(0x00, Buffer.from(' '))),
      ]),
    ],
    ['a frame without a mask', Buffer.from([0x81, 0x02, 0x7b, 0x7d])],
    ['a reserved bit', frame(0xc1, Buffer.from('{}'))],
    ['an opcode that is none', frame(0x83, Buffer.from('{}'))],
    ['a continuation of nothing', frame(0x80, Buffer.from('{}'))],
    ['a ping of more than 125 bytes', Buffer.from([0x89, 0xfe, 0x01, 0x00, 0, 0, 0, 0])],
    ['text that is not UTF-8', frame(0x81, Buffer.from([0xff, 0xfe]))],
    ['a message of 2 GB', Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0])],
    ['a message of 2^63 bytes', Buffer.from([0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
    ['bytes instead of text', frame(0x82, Buffer.from('{}'))],
    ['no JSON', frame(0x81, Buffer.from('hello'))],
    ['a field twice', frame(0x81, Buffer.from('{"event":"task_start","event":"task_finish"}'))],
    ['a model in another case', frame(0x81, Buffer.from('{"event":"task_start","Model":"x"}'))],
    ['no model', frame(0x81, Buffer.from('{"event":"task_start"}'))],
  ])('is sent away when it sends %s, and the process is unharmed', async (_name, bytes) => {
    const { gateway, token } = shared()
    using wire = await Wire.open(gateway.url)
    wire.write(requestText('GET /ws/v1/t2a_v2', [`Authorization: Bearer ${token}`, ...UPGRADE]))
    await until(() => wire.text.includes('connected_success'), 'the first event')
    wire.write(bytes)
    expect((await firstLine(gateway)).outcome).toMatch(/^caller_/)
    expect(gateway.emulator.requests[0]?.frames).toEqual([])
    const { socket, seen } = await connect(gateway)
    socket.send(JSON.stringify({ event: 'task_start', ...speech() }))
    await until(() => seen.some((text) => text.includes('task_started')), 'the task')
    socket.terminate()
  })
})
