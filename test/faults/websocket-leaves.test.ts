import { createServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { firstLine, requestLines, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { requestText, until, UPGRADE, Wire } from '../helpers/wire.ts'
import { limitedUser, metricOf } from '../limits/limited.ts'
import { endedRow } from '../metering/end-to-end.ts'

/** A user whose calls hold something. */
function limited(gateway: TestGateway): Promise<string> {
  return limitedUser(gateway, { id: 'limited', limits: { concurrency: 100 } })
}

async function handshake(gateway: TestGateway, token: string): Promise<Wire> {
  const wire = await Wire.open(gateway.url)
  wire.write(requestText('GET /ws/v1/t2a_v2', [`Authorization: Bearer ${token}`, ...UPGRADE]))
  return wire
}

interface SilentUpstream extends AsyncDisposable {
  readonly url: string
  /** How many handshakes it got, and how many of their connections have ended. */
  readonly seen: { handshakes: number; ends: number }
}

/** An upstream that never answers a handshake. */
async function startSilent(): Promise<SilentUpstream> {
  const seen = { handshakes: 0, ends: 0 }
  const server = createServer()
  server.on('upgrade', (_request, socket) => {
    seen.handshakes++
    // A reset is an end as well.
    socket.on('error', () => undefined)
    socket.on('end', () => socket.end())
    socket.on('close', () => seen.ends++)
    socket.resume()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

const POLL = { timeout: 5_000 }

const WAYS = [
  ['FIN', (wire: Wire) => void wire.socket.end()],
  ['RST', (wire: Wire) => void wire.socket.resetAndDestroy()],
] as const

describe.each(WAYS)('a client that leaves by %s', (_name, leave) => {
  it('while upstream answers the handshake leaves nothing behind', async () => {
    await using upstream = await startSilent()
    await using gateway = await startGateway({ upstreamUrl: upstream.url })
    const token = await limited(gateway)
    using wire = await handshake(gateway, token)
    await until(() => upstream.seen.handshakes === 1, 'the handshake upstream')
    leave(wire)
    expect(await firstLine(gateway)).toMatchObject({ outcome: 'caller_gone' })
    expect(await endedRow(gateway, 'speech.websocket')).toMatchObject({ state: 'settled', charged: '0' })
    await until(() => upstream.seen.ends === 1, 'the end of the connection to upstream')
    expect(await metricOf(gateway, 'holds')).toBe(0)
    await wire.closed()
  })

  it('while it waits for its turn gives its place to the next one', async () => {
    await using gateway = await startGateway({
      env: { UPSTREAM_CONCURRENCY: '1', UPSTREAM_QUEUE_TIME: '1m' },
    })
    const token = await limited(gateway)
    using first = await handshake(gateway, token)
    await until(() => first.text.includes('connected_success'), 'the first session')
    using second = await handshake(gateway, token)
    await expect.poll(() => metricOf(gateway, 'holds'), POLL).toBe(2)
    leave(second)
    expect(await firstLine(gateway)).toMatchObject({ outcome: 'caller_gone' })
    await expect.poll(() => metricOf(gateway, 'holds'), POLL).toBe(1)
    first.socket.destroy()
    using third = await handshake(gateway, token)
    await until(() => third.text.includes('connected_success'), 'the third session')
    expect(gateway.emulator.requests).toHaveLength(2)
    await second.closed()
  })

  it('right behind its handshake leaves nothing behind', async () => {
    await using gateway = await startGateway()
    const token = await limited(gateway)
    for (let count = 0; count < 20; count++) {
      const wire = await Wire.open(gateway.url)
      wire.write(requestText('GET /ws/v1/t2a_v2', [`Authorization: Bearer ${token}`, ...UPGRADE]))
      leave(wire)
    }
    using last = await handshake(gateway, token)
    await until(() => last.text.includes('connected_success'), 'the session')
    await expect.poll(() => metricOf(gateway, 'holds'), POLL).toBe(1)
    for (const { outcome } of requestLines(gateway)) expect(outcome).toBe('caller_gone')
  })
})

describe('after the end of a task', () => {
  it('nothing goes upstream any more, and both connections are closed as they should be', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    const got: string[] = []
    const codes: number[] = []
    // Upstream never closes by itself here.
    server.on('connection', (socket) => {
      socket.on('message', (data: Buffer) => {
        got.push(data.toString())
        socket.send('{"event":"task_finished","base_resp":{"status_code":0}}')
      })
      socket.on('close', (code) => codes.push(code))
    })
    await new Promise((resolve) => server.once('listening', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    try {
      await using gateway = await startGateway({ upstreamUrl: `http://127.0.0.1:${port}` })
      const { token } = await gateway.token()
      const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/ws/v1/t2a_v2`, {
        headers: { authorization: `Bearer ${token}` },
      })
      const closed = new Promise((resolve) => socket.on('close', resolve))
      await new Promise((resolve) => socket.once('open', resolve))
      socket.on('message', () => {
        for (let count = 0; count < 10; count++)
          socket.send(JSON.stringify({ event: 'task_continue', text: 'for nothing' }))
      })
      const finish = JSON.stringify({ event: 'task_finish' })
      socket.send(finish)
      expect(await closed).toBe(1000)
      expect(got).toEqual([finish])
      await until(() => codes.length === 1, 'the end upstream')
      expect(codes).toEqual([1000])
      expect(await firstLine(gateway)).toMatchObject({ outcome: 'ok' })
    } finally {
      for (const socket of server.clients) socket.terminate()
      server.close()
    }
  })
})
