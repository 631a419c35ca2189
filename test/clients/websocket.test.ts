import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket as Client, type ClientOptions } from 'ws'
import { clip, spokenMs } from '../../emulator/media/audio.ts'
import { at, textAt } from '../emulator/kit.ts'
import { MASTER_KEY, requestLines } from '../helpers/gateway.ts'
import { served } from './helper.ts'

const fixture = served()

const PATHS = ['/ws/v1/t2a_v2', '/ws/v1/t2a_v2_bidi'] as const
const TEXTS = ['One sentence.', 'And another one, a little longer.']
const START = {
  event: 'task_start',
  model: 'speech-2.8-hd',
  voice_setting: { voice_id: 'male-qn-qingse' },
  audio_setting: { format: 'wav', sample_rate: 16000 },
}

/** What the emulator makes of a text. */
function made(said: string): Buffer {
  return clip(START.audio_setting, spokenMs(said.length)).bytes
}

const clients: Client[] = []
afterEach(() => clients.splice(0).forEach((client) => client.terminate()))

function open(path: string, protocols: string[] = [], options: ClientOptions = {}): Client {
  const client = new Client(fixture().gateway.url.replace('http', 'ws') + path, protocols, options)
  // A refused handshake and a connection that a test cuts are errors to `ws`; the tests look at what came instead.
  client.on('error', () => undefined)
  clients.push(client)
  return client
}

function openWithHeader(path: string, token = fixture().token): Client {
  return open(path, [], { headers: { authorization: `Bearer ${token}` } })
}

/** Reads messages one by one, whoever the client is. */
async function* incoming(client: Client): AsyncGenerator {
  const messages: unknown[] = []
  let wake = Promise.withResolvers<undefined>()
  client.on('message', (data) => {
    messages.push(JSON.parse(Buffer.isBuffer(data) ? data.toString() : ''))
    wake.resolve(undefined)
  })
  client.on('close', () => wake.resolve(undefined))
  for (;;) {
    while (messages.length > 0) yield messages.shift()
    if (client.readyState === Client.CLOSED) return
    await wake.promise
    wake = Promise.withResolvers()
  }
}

/** Speaks the texts in one session. @returns what came back for each */
async function session(client: Client): Promise<Buffer[]> {
  const clips: Buffer[] = []
  let parts: Buffer[] = []
  const say = (message: unknown): void => client.send(JSON.stringify(message))
  for await (const message of incoming(client)) {
    const event = textAt(message, 'event')
    expect(at(message, 'base_resp.status_code')).toBe(0)
    if (event === 'connected_success') say(START)
    if (event === 'task_started') say({ event: 'task_continue', text: TEXTS[0] })
    if (event !== 'task_continued') continue
    parts.push(Buffer.from(textAt(message, 'data.audio'), 'hex'))
    if (at(message, 'is_final') !== true) continue
    clips.push(Buffer.concat(parts))
    parts = []
    const text = TEXTS[clips.length]
    say(text === undefined ? { event: 'task_finish' } : { event: 'task_continue', text })
  }
  return clips
}

/** The next message. */
async function next(client: Client): Promise<string> {
  const given: unknown[] = await once(client, 'message')
  return String(given[0])
}

/** The code and the reason with which a connection is closed. */
async function closing(client: Client): Promise<{ code: number; reason: string }> {
  const given: unknown[] = await once(client, 'close')
  return { code: Number(given[0]), reason: String(given[1]) }
}

/** The status and the body with which a handshake is refused. */
async function refused(client: Client): Promise<{ status: number | undefined; body: unknown }> {
  return new Promise((resolve, reject) => {
    client.on('open', () => reject(new Error('the connection was accepted')))
    client.on('unexpected-response', (_request, answer) => {
      answer.setEncoding('utf8')
      let body = ''
      answer.on('data', (chunk: string) => (body += chunk))
      answer.on('end', () => resolve({ status: answer.statusCode, body: JSON.parse(body) as unknown }))
    })
  })
}

describe('speech over a WebSocket', () => {
  const channels: [string, (path: string, token: string) => Client][] = [
    ['in the Authorization header', (path, token) => openWithHeader(path, token)],
    ['in x-api-key', (path, token) => open(path, [], { headers: { 'x-api-key': token } })],
    ['as a subprotocol', (path, token) => open(path, [`mmg.token.${token}`])],
    ['as a subprotocol beside another', (path, token) => open(path, ['speech', `mmg.token.${token}`])],
    ['as ?token=', (path, token) => open(`${path}?token=${token}`)],
    ['as ?Authorization=Bearer', (path, token) => open(`${path}?Authorization=Bearer%20${token}`)],
  ]

  it.each(PATHS.flatMap((path) => channels.map(([name, connect]) => ({ path, name, connect }))))(
    'is a whole session on $path with the token $name',
    async ({ path, connect }) => {
      const { gateway, token } = fixture()
      const client = connect(path, token)
      const closed = closing(client)
      expect(await session(client)).toEqual(TEXTS.map(made))
      expect(await closed).toMatchObject({ code: 1000 })
      const [upstream] = gateway.emulator.requests
      expect(upstream?.path).toBe(path)
      expect(upstream?.headers.authorization).toBe(`Bearer ${MASTER_KEY}`)
      expect(JSON.stringify(upstream?.rawHeaders)).not.toContain(token)
      expect(requestLines(gateway).at(-1)).toMatchObject({ outcome: 'ok', status: 101, model: START.model })
    },
  )

  it.each([[[]], [['speech']]])('works in browsers, beside the protocols %j', async (others) => {
    const { gateway, token } = fixture()
    const address = gateway.url.replace('http', 'ws') + PATHS[0]
    const socket = new WebSocket(address, [...others, `mmg.token.${token}`])
    const events: string[] = []
    const closed = new Promise<number>((resolve) =>
      socket.addEventListener('close', ({ code }) => resolve(code)),
    )
    socket.addEventListener('message', ({ data }) => {
      events.push(textAt(JSON.parse(String(data)), 'event'))
      if (events.length === 1) socket.send(JSON.stringify(START))
      if (events.length === 2) socket.send(JSON.stringify({ event: 'task_finish' }))
    })
    expect(await closed).toBe(1000)
    expect(events).toEqual(['connected_success', 'task_started', 'task_finished'])
    expect(socket.protocol).toBe(others[0] ?? `mmg.token.${token}`)
  })

  it.each([
    ['no token', () => open(PATHS[0]), 401],
    ['a token that does not exist', () => openWithHeader(PATHS[0], 'nothing'), 401],
    ['two different tokens', () => open(`${PATHS[0]}?token=a`, ['mmg.token.b']), 400],
  ])('is refused before the handshake with %s', async (_name, connect, status) => {
    const answer = await refused(connect())
    expect(answer.status).toBe(status)
    expect(at(answer.body, 'base_resp.status_code')).toBe(status === 401 ? 1004 : 2013)
    expect(fixture().gateway.emulator.requests).toEqual([])
  })
})

describe('a WebSocket is closed', () => {
  async function started(client: Client): Promise<void> {
    await next(client)
    client.send(JSON.stringify(START))
    await next(client)
  }

  it('with 1008, after task_failed, for a model that the token may not use', async () => {
    const client = openWithHeader(PATHS[0], await fixture().tokenWith({ models: ['speech-2.8-turbo'] }))
    const closed = closing(client)
    await next(client)
    client.send(JSON.stringify(START))
    expect(JSON.parse(await next(client))).toMatchObject({
      event: 'task_failed',
      base_resp: { status_code: 2061 },
    })
    expect(await closed).toEqual({ code: 1008, reason: 'The token may not use this model.' })
  })

  it('with 1003 for a binary message', async () => {
    const client = openWithHeader(PATHS[0])
    const closed = closing(client)
    await started(client)
    client.send(Buffer.from([1, 2, 3]))
    expect((await closed).code).toBe(1003)
  })

  it.each([
    ['1013', 1013],
    ['1006', 1011],
  ])('when MiniMax closes it with %s, with %i', async (code, expected) => {
    fixture().gateway.emulator.scenario({ match: {}, use: `ws-close@2,${code}` })
    const client = openWithHeader(PATHS[0])
    const closed = closing(client)
    await started(client)
    client.send(JSON.stringify({ event: 'task_continue', text: 'Never spoken.' }))
    expect((await closed).code).toBe(expected)
  })

  it('within two seconds when its token is revoked, and upstream with it', async () => {
    const { gateway } = fixture()
    const { id, token } = await gateway.token()
    const client = openWithHeader(PATHS[1], token)
    const closed = closing(client)
    await started(client)
    const before = performance.now()
    await gateway.admin('DELETE', `/admin/v1/tokens/${id}`)
    expect(await closed).toEqual({ code: 4401, reason: 'The token has been revoked.' })
    expect(performance.now() - before).toBeLessThan(2000)
    await gateway.emulator.waitFor((request) => request.closedAt !== undefined)
    expect(requestLines(gateway).at(-1)).toMatchObject({ outcome: 'caller_unauthorized' })
  })

  it("without a word about the operator's account when MiniMax refuses the key", async () => {
    fixture().gateway.emulator.scenario({ match: {}, use: 'base_resp@1008' })
    const client = openWithHeader(PATHS[0])
    const closed = closing(client)
    await next(client)
    client.send(JSON.stringify(START))
    const data = await next(client)
    expect(textAt(JSON.parse(data), 'event')).toBe('task_failed')
    expect(data).not.toMatch(/balance|1008/)
    await closed
  })
})
