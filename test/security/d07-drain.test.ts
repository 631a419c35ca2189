import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { chat, CHATS, messageOfError, post } from '../helpers/calls.ts'
import { requestLines, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { postText, requestText, until, UPGRADE, Wire } from '../helpers/wire.ts'

async function openSocket(
  gateway: TestGateway,
  token: string,
): Promise<{ socket: WebSocket; seen: string[] }> {
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/ws/v1/t2a_v2`, {
    headers: { authorization: `Bearer ${token}` },
  })
  const seen: string[] = []
  socket.on('message', (data: Buffer) => seen.push(data.toString()))
  await until(() => seen.length > 0, 'the first event')
  return { socket, seen }
}

describe('D7: a drain', () => {
  it('lets streams and WebSockets come to their end', async () => {
    await using gateway = await startGateway({ env: { DRAIN_TIMEOUT: '20s' } })
    const { token } = await gateway.token()
    using wire = await Wire.open(gateway.url)
    gateway.emulator.scenario({ match: { operation: 'chat.openai' }, use: 'chunk-delay@100' })
    wire.write(postText('/v1/chat/completions', token, chat({ stream: true })))
    await until(() => wire.text.includes('data: '), 'the first event')
    const { socket, seen } = await openSocket(gateway, token)
    let drained = false
    const drain = gateway.app.drain().then(() => (drained = true))
    const answer = await wire.answer()
    expect(answer.complete).toBe(true)
    expect(answer.body.toString()).toContain('[DONE]')
    expect(drained).toBe(false)
    socket.send(
      JSON.stringify({
        event: 'task_start',
        model: 'speech-2.8-hd',
        voice_setting: { voice_id: 'male-qn-qingse' },
      }),
    )
    await until(() => seen.some((text) => text.includes('task_started')), 'the task')
    socket.send(JSON.stringify({ event: 'task_finish' }))
    const code = await new Promise((resolve) => socket.once('close', resolve))
    expect(code).toBe(1000)
    await drain
    expect(requestLines(gateway).map(({ outcome }) => outcome)).toEqual(['ok', 'ok'])
  })

  it('takes no new work meanwhile, and says so', async () => {
    await using gateway = await startGateway({ env: { DRAIN_TIMEOUT: '20s' } })
    const { token } = await gateway.token()
    const { socket } = await openSocket(gateway, token)
    const drain = gateway.app.drain()
    const refused = await post(gateway.url, token, '/v1/chat/completions', chat())
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('5')
    const ready = await fetch(`${gateway.adminUrl}/readyz`)
    expect(ready.status).toBe(503)
    expect(gateway.emulator.accepted.get('chat.openai')).toBeUndefined()
    socket.close(1000)
    await drain
  })

  it.each(CHATS)('ends what is left after its deadline, with words (%s)', async (dialect, path) => {
    await using gateway = await startGateway({ env: { DRAIN_TIMEOUT: '300ms' } })
    const { token } = await gateway.token()
    using wire = await Wire.open(gateway.url)
    wire.write(postText(path, token, chat({ model: 'scenario:stall@1', stream: true })))
    await until(() => wire.text.includes('data: '), 'the first event')
    const { socket, seen } = await openSocket(gateway, token)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    const started = performance.now()
    await gateway.app.drain()
    expect(performance.now() - started).toBeLessThan(3_000)
    await wire.closed()
    const [answer] = wire.answers
    expect(answer?.complete).toBe(false)
    const last = answer?.body.toString().trimEnd().split('\n\n').at(-1) ?? ''
    const message = messageOfError(dialect, last.replace(/^(event: error\n)?data: /, ''))
    expect(message).toBe('The gateway had to stop before the answer was complete.')
    expect(await closed).toBe(1012)
    expect(seen.at(-1)).toContain('task_failed')
    expect(requestLines(gateway).map(({ outcome }) => outcome)).toEqual([
      'gateway_interrupted',
      'gateway_interrupted',
    ])
  })

  it('does not wait for a WebSocket client that never answers its close', async () => {
    await using gateway = await startGateway({ env: { DRAIN_TIMEOUT: '200ms' } })
    const { token } = await gateway.token()
    using wire = await Wire.open(gateway.url)
    wire.write(requestText('GET /ws/v1/t2a_v2', [`Authorization: Bearer ${token}`, ...UPGRADE]))
    await until(() => wire.text.includes('connected_success'), 'the first event')
    const started = performance.now()
    await gateway.app.drain()
    expect(performance.now() - started).toBeLessThan(6_000)
    expect(wire.text).toContain('task_failed')
  })
})
