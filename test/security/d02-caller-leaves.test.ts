import type { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { chat, post, speech } from '../helpers/calls.ts'
import { requestLines, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { sharedGateway } from '../helpers/shared.ts'
import { startRawUpstream } from '../helpers/upstream.ts'
import { postText, requestText, until, UPGRADE, Wire } from '../helpers/wire.ts'

const shared = sharedGateway()

/** What DESIGN allows between the caller's end and upstream's. */
const AT_ONCE_MS = 250

const STREAMS = [
  ['chat.native', '/v1/text/chatcompletion_v2', chat({ stream: true })],
  ['chat.openai', '/v1/chat/completions', chat({ stream: true })],
  ['chat.responses', '/v1/responses', { model: 'MiniMax-M3', input: 'Good morning', stream: true }],
  ['chat.anthropic', '/anthropic/v1/messages', chat({ stream: true })],
  ['speech.sync', '/v1/t2a_v2', speech({ stream: true })],
] as const

const WHOLE = [
  ['chat.native', '/v1/text/chatcompletion_v2', chat()],
  ['chat.anthropic', '/anthropic/v1/messages', chat()],
  ['speech.sync', '/v1/t2a_v2', speech()],
  ['image.create', '/v1/image_generation', { model: 'image-01', prompt: 'A lake' }],
  ['video.create', '/v1/video_generation', { model: 'MiniMax-Hailuo-02', prompt: 'A lake' }],
] as const

async function finished(gateway: TestGateway, operation: string): Promise<Record<string, unknown>> {
  const find = (): Record<string, unknown> | undefined =>
    requestLines(gateway).find((line) => line.operation === operation)
  await until(() => find() !== undefined, `the end of ${operation}`)
  return find() ?? {}
}

describe('D2: a caller who leaves before the answer has begun', () => {
  it.each(STREAMS)('closes upstream at once in a stream of %s', async (operation, path, body) => {
    const { gateway, token } = shared()
    gateway.emulator.scenario({ match: { operation }, use: 'stall-headers' })
    const wire = await Wire.open(gateway.url)
    wire.write(postText(path, token, body))
    await gateway.emulator.waitFor(({ complete }) => complete)
    const left = performance.now()
    wire.socket.destroy()
    const request = await gateway.emulator.waitFor(({ closedAt }) => closedAt !== undefined)
    expect(performance.now() - left).toBeLessThan(AT_ONCE_MS)
    expect(request.aborted).toBe(true)
    expect(await finished(gateway, operation)).toMatchObject({ outcome: 'caller_gone', status: 0 })
  })

  it.each(WHOLE)('lets %s be made and reads it to the end', async (operation, path, body) => {
    const { gateway, token } = shared()
    gateway.emulator.scenario({ match: { operation }, use: 'delay@400' })
    const wire = await Wire.open(gateway.url)
    wire.write(postText(path, token, body))
    await gateway.emulator.waitFor(({ complete }) => complete)
    wire.socket.destroy()
    const request = await gateway.emulator.waitFor(({ closedAt }) => closedAt !== undefined)
    expect(request.aborted).toBe(false)
    expect(await finished(gateway, operation)).toMatchObject({ outcome: 'caller_gone', bytesOut: 0 })
  })

  it('closes upstream at once when all that was asked for is a look-up', async () => {
    const { gateway, token } = shared()
    gateway.emulator.scenario({ match: {}, use: 'stall-headers' })
    const wire = await Wire.open(gateway.url)
    wire.write(requestText('GET /v1/models', [`Authorization: Bearer ${token}`]))
    await gateway.emulator.waitFor(({ complete }) => complete)
    const left = performance.now()
    wire.socket.destroy()
    await gateway.emulator.waitFor(({ aborted }) => aborted)
    expect(performance.now() - left).toBeLessThan(AT_ONCE_MS)
  })

  it('closes upstream at once when a WebSocket is not accepted there yet', async () => {
    const sockets: Socket[] = []
    await using upstream = await startRawUpstream((socket) => void sockets.push(socket))
    await using gateway = await startGateway({
      upstreamUrl: upstream.url,
      env: { UPSTREAM_CONNECT_TIMEOUT: '2s' },
    })
    const { token } = await gateway.token()
    const wire = await Wire.open(gateway.url)
    wire.write(requestText('GET /ws/v1/t2a_v2', [`Authorization: Bearer ${token}`, ...UPGRADE]))
    await until(() => sockets.length === 1, 'the connection to upstream')
    const [socket] = sockets
    socket?.resume()
    const left = performance.now()
    wire.socket.destroy()
    await until(() => socket?.closed === true, 'the end of the connection to upstream')
    expect(performance.now() - left).toBeLessThan(AT_ONCE_MS)
  })

  it('takes nothing with it: the next caller is served', async () => {
    const { gateway, token } = shared()
    gateway.emulator.scenario({ match: { times: 20 }, use: 'stall-headers' })
    const wires = await Promise.all(Array.from({ length: 20 }, () => Wire.open(gateway.url)))
    for (const wire of wires) wire.write(postText('/v1/chat/completions', token, chat({ stream: true })))
    await until(() => gateway.emulator.requests.filter(({ complete }) => complete).length === 20)
    for (const wire of wires) wire.socket.destroy()
    await until(() => requestLines(gateway).length === 20)
    expect((await post(gateway.url, token, '/v1/chat/completions', chat())).status).toBe(200)
  })
})
