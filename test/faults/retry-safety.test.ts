import { createServer, type Server } from 'node:http'
import { describe, expect, it } from 'vitest'
import { chat, CHATS, post, speech } from '../helpers/calls.ts'
import { MASTER_KEY, requestLines, startGateway } from '../helpers/gateway.ts'
import { startRawUpstream, startUpstream } from '../helpers/upstream.ts'

const TWO_KEYS = { MINIMAX_API_KEY: '', MINIMAX_API_KEYS: `first=${MASTER_KEY},second=${MASTER_KEY}-second` }

const RESETS = [
  'reset-request',
  'reset-body',
  'reset-headers',
  'reset@1',
  'reset@100',
  'cut@1',
  'cut@100',
  'garbage',
  'extra-bytes',
]

const GENERATIONS = [
  ['/v1/text/chatcompletion_v2', chat()],
  ['/anthropic/v1/messages', chat({ stream: true })],
  ['/v1/t2a_v2', speech()],
  ['/v1/image_generation', { model: 'image-01', prompt: 'A lake' }],
  ['/v1/video_generation', { model: 'MiniMax-Hailuo-02', prompt: 'A lake' }],
] as const

describe('a generation', () => {
  it.each(RESETS)('is never sent twice, with one key or two, upon %s', async (fault) => {
    for (const env of [{}, TWO_KEYS]) {
      // Its books are not compared: a reset of the emulator forgets the tasks that it took on.
      await using gateway = await startGateway({ env })
      const { token } = await gateway.token()
      for (const [path, body] of GENERATIONS) {
        // A connection that was used before is the one on which libraries try again.
        await post(gateway.url, token, path, body).then((answer) => answer.arrayBuffer())
        gateway.emulator.reset()
        gateway.emulator.scenario({ match: {}, use: fault })
        await post(gateway.url, token, path, body)
          .then((answer) => answer.arrayBuffer())
          .catch(() => undefined)
        expect(gateway.emulator.requests, path).toHaveLength(1)
        gateway.emulator.reset()
      }
      expect(requestLines(gateway).every(({ attempts }) => attempts === undefined)).toBe(true)
    }
  })

  it('is never sent twice on a connection that upstream has just closed', async () => {
    let received = 0
    await using upstream = await startRawUpstream((socket) =>
      socket.on('data', (chunk) => {
        if (!chunk.toString('latin1').startsWith('POST ')) return
        received++
        const body = '{"choices":[]}'
        if (received === 1)
          socket.write(
            `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
          )
        else socket.resetAndDestroy()
      }),
    )
    await using gateway = await startGateway({ upstreamUrl: upstream.url, env: TWO_KEYS })
    const { token } = await gateway.token()
    expect((await post(gateway.url, token, '/v1/chat/completions', chat())).status).toBe(200)
    expect((await post(gateway.url, token, '/v1/chat/completions', chat())).status).toBe(502)
    expect(received).toBe(2)
  })
})

describe('a code that MiniMax documents as not accepted', () => {
  it.each([1002, 1039, 1041, 2045])('%i is tried once more with another key', async (code) => {
    for (const [dialect, path] of CHATS) {
      await using gateway = await startGateway({ env: TWO_KEYS, checksBooks: true })
      const { token } = await gateway.token()
      const use = dialect === 'native' ? `base_resp@${code}` : `http@429,${code}`
      gateway.emulator.scenario({ match: { times: 1 }, use })
      const answer = await post(gateway.url, token, path, chat())
      expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining('Good morning')])
      const keys = gateway.emulator.requests.map(({ headers }) => headers.authorization)
      expect(keys).toHaveLength(2)
      expect(new Set(keys)).toEqual(new Set([`Bearer ${MASTER_KEY}`, `Bearer ${MASTER_KEY}-second`]))
      const [first, second] = gateway.emulator.requests.map(({ body }) => body?.toString())
      expect(second).toBe(first)
      expect(requestLines(gateway)[0]).toMatchObject({ attempts: 2, outcome: 'ok' })
    }
  })

  it.each([1002, 1039, 1041, 2045])(
    '%i is passed on when the other key fails alike, and with one key at once',
    async (code) => {
      for (const [env, sent] of [
        [TWO_KEYS, 2],
        [{}, 1],
      ] as const) {
        // With two keys upstream takes one call on twice, and refuses it twice: that is one row.
        await using gateway = await startGateway({ env, checksBooks: sent === 1 })
        const { token } = await gateway.token()
        gateway.emulator.scenario({ match: {}, use: `base_resp@${code}` })
        const answer = await post(gateway.url, token, '/v1/text/chatcompletion_v2', chat())
        expect(await answer.text()).toContain(`"status_code":${code}`)
        expect(gateway.emulator.requests).toHaveLength(sent)
        expect(requestLines(gateway)[0]).toMatchObject({
          outcome: 'provider_rate_limited',
          providerCode: code,
        })
      }
    },
  )

  it.each([1000, 1001, 1008, 1013, 1024, 1026, 1033, 2013, 2049, 2056])(
    '%i is none, and is not tried again',
    async (code) => {
      await using gateway = await startGateway({ env: TWO_KEYS, checksBooks: true })
      const { token } = await gateway.token()
      gateway.emulator.scenario({ match: {}, use: `base_resp@${code}` })
      await (await post(gateway.url, token, '/v1/text/chatcompletion_v2', chat())).arrayBuffer()
      expect(gateway.emulator.requests).toHaveLength(1)
    },
  )

  it('is told by its code alone: HTTP 429 without one may have been accepted', async () => {
    let hits = 0
    await using upstream = await startUpstream((_request, response) => {
      hits++
      response.writeHead(429, { 'content-type': 'application/json' }).end('{"error":{"message":"slow down"}}')
    })
    await using gateway = await startGateway({ upstreamUrl: upstream.url, env: TWO_KEYS })
    const { token } = await gateway.token()
    expect((await post(gateway.url, token, '/v1/chat/completions', chat())).status).toBe(429)
    expect(hits).toBe(1)
  })
})

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

describe('a connection that could not be opened', () => {
  it('is tried once more at most, and the caller hears in our words', async () => {
    const server = createServer()
    const port = await listen(server, 0)
    await close(server)
    await using gateway = await startGateway({ upstreamUrl: `http://127.0.0.1:${port}` })
    const { token } = await gateway.token()
    const answer = await post(gateway.url, token, '/v1/chat/completions', chat())
    const text = await answer.text()
    expect([answer.status, text]).toEqual([
      502,
      expect.stringContaining('The provider could not be reached.'),
    ])
    expect(text).not.toMatch(/ECONN|127\.0\.0\.1|connect/)
    expect(Number(requestLines(gateway)[0]?.attempts ?? 1)).toBeLessThanOrEqual(2)
  })

  it('is no obstacle for the next caller, when upstream is back', async () => {
    let hits = 0
    const answering = (): Server =>
      createServer((request, response) => {
        request.resume()
        request.on('end', () => {
          hits++
          response.writeHead(200, { 'content-type': 'application/json' }).end('{"choices":[]}')
        })
      })
    const before = answering()
    const port = await listen(before, 0)
    await using gateway = await startGateway({ upstreamUrl: `http://127.0.0.1:${port}` })
    const { token } = await gateway.token()
    const status = async (): Promise<number> =>
      (await post(gateway.url, token, '/v1/chat/completions', chat())).status
    expect(await status()).toBe(200)
    await close(before)
    expect(await status()).toBe(502)
    const after = answering()
    await listen(after, port)
    expect(await status()).toBe(200)
    expect(hits).toBe(2)
    await close(after)
  })

  it('keeps no slot: a hundred refused calls leave nothing behind', async () => {
    await using gateway = await startGateway({
      upstreamUrl: 'http://127.0.0.1:9',
      env: { UPSTREAM_CONNECTIONS: '4' },
    })
    const { token } = await gateway.token()
    const statuses = await Promise.all(
      Array.from(
        { length: 100 },
        async () => (await post(gateway.url, token, '/v1/chat/completions', chat())).status,
      ),
    )
    expect(new Set(statuses)).toEqual(new Set([502]))
    const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
    expect(metrics).toMatch(/minimax_gateway_inflight\{operation="chat.openai"\} 0/)
  })
})
