import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startEmulator } from '../../emulator/server.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { CallbackRelay, type Wish } from '../../src/tenancy/callback-relay.ts'

interface Heard {
  readonly observed: [operation: string, account: string, body: string][]
  readonly results: string[]
  woken: number
}

let store: Store
let heard: Heard
beforeEach(async () => {
  store = await openSqliteStore({ path: ':memory:' })
  heard = { observed: [], results: [], woken: 0 }
})
afterEach(() => store.close())

function relayAt(publicUrl = 'https://gateway.example.com'): CallbackRelay {
  return new CallbackRelay({
    store: store.callbacks,
    publicUrl,
    clock: { now: () => 5000 },
    observe: (operation, account, body) => heard.observed.push([operation, account, body.toString()]),
    own: () => Promise.resolve(),
    wake: () => (heard.woken += 1),
    events: { received: (_, result) => heard.results.push(result) },
  })
}

const wish: Wish = {
  requestId: 'request1',
  userId: 'ada',
  tokenId: 'token1',
  url: 'https://hooks.example.com/x',
  operation: 'video.create',
  account: 'acme',
}

async function registered(operation = 'video.create') {
  const relay = relayAt()
  const { url, secretHash } = await relay.register({ ...wish, operation })
  const secret = url.slice('https://gateway.example.com/callbacks/'.length)
  const say = (body: string | Buffer) => relay.receive(secret, Buffer.from(body))
  return { relay, url, secret, secretHash, say }
}

const waiting = async () =>
  (await store.callbacks.due(Number.MAX_SAFE_INTEGER, 1000, 1000)).map(({ body }) => body.toString())
const state = (id: string, status = 'processing') => `{"task_id":"${id}","status":"${status}"}`

describe('the address that MiniMax is given', () => {
  it('cannot be guessed, and is stored as its hash alone', async () => {
    const { secret, secretHash } = await registered()
    expect(secret).toMatch(/^[\w-]{43}$/)
    expect(secretHash).toBe(createHash('sha256').update(secret).digest('hex'))
    const kept = await store.callbacks.get(secretHash)
    expect(kept).toEqual({ ...wish, secretHash, createdAt: 5000, taskId: null })
    expect((await registered()).secret).not.toBe(secret)
  })

  it.each(['', 'x', 'A'.repeat(43), 'A'.repeat(44), `${'A'.repeat(42)}/`, "' or 1=1 --"])(
    'is unlike %j, which is not found',
    async (secret) => {
      await registered()
      expect(await relayAt().receive(secret, Buffer.from('{"challenge":"x"}'))).toMatchObject({ status: 404 })
      expect(heard).toEqual({ observed: [], results: [], woken: 0 })
    },
  )

  it('is of no use when there was no task', async () => {
    const { relay, secretHash, say } = await registered()
    await relay.withdraw(secretHash)
    expect(await say(state('1'))).toMatchObject({ status: 404 })
  })
})

describe('a challenge', () => {
  it.each(['0b1', '', 'é"\\\u2028', '0'.repeat(99)])(
    '%j is repeated, and nobody else hears of it',
    async (challenge) => {
      const { say } = await registered()
      const { status, body } = await say(JSON.stringify({ challenge }))
      expect([status, JSON.parse(body)]).toEqual([200, { challenge }])
      expect([heard.observed, heard.woken, await waiting()]).toEqual([[], 0, []])
    },
  )

  it('may come again, and also when the task is known', async () => {
    const { relay, secretHash, say } = await registered()
    await say('{"challenge":"a"}')
    await relay.created(secretHash, '1')
    expect(await say('{"challenge":"b"}')).toEqual({ status: 200, body: '{"challenge":"b"}' })
  })
})

describe('a body about the task', () => {
  it.each([
    ['video.create', 'video.query', '{"task_id":"0123","status":"success","file_id":"9"}'],
    ['video.create', 'video.query', '{"task_id":123456789012345678901,"status":"success"}'],
    ['video.template.create', 'video.template.query', '{"task_id":"1","status":"Success","video_url":"x"}'],
    ['video.v2.create', 'video.v2.query', '{"task":{"id":"1","status":"succeeded"}}'],
    ['video.v2.create', 'video.v2.query', '{"task_id":"1","status":"succeeded"}'],
  ])('of %s is observed as %s and waits for the user, byte for byte: %s', async (operation, query, body) => {
    const { say } = await registered(operation)
    expect(await say(body)).toMatchObject({ status: 200 })
    expect(heard).toEqual({ observed: [[query, 'acme', body]], results: ['queued'], woken: 1 })
    expect(await waiting()).toEqual([body])
  })

  it('is passed on once, however often it comes', async () => {
    const { say } = await registered()
    const bodies = [state('1'), state('1'), state('1', 'success'), state('1'), state('1', 'success')]
    for (const body of bodies) expect(await say(body)).toMatchObject({ status: 200 })
    expect(heard.results).toEqual(['queued', 'repeated', 'queued', 'repeated', 'repeated'])
    expect((await waiting()).sort()).toEqual([state('1'), state('1', 'success')])
    expect(heard.woken).toBe(2)
  })

  it('of another task is neither observed nor passed on', async () => {
    const { relay, secretHash, say } = await registered()
    expect(await relay.created(secretHash, '0123')).toBe(true)
    for (const id of ['123', '0124', '00123']) expect(await say(state(id))).toMatchObject({ status: 404 })
    expect([heard.observed, heard.results, await waiting()]).toEqual([
      [],
      ['foreign', 'foreign', 'foreign'],
      [],
    ])
    expect(await say(state('0123'))).toMatchObject({ status: 200 })
  })

  it('may come before the answer that names the task: then it names it itself', async () => {
    const { relay, secretHash, say } = await registered()
    await say(state('1'))
    expect(await say(state('2'))).toMatchObject({ status: 404 })
    expect(await relay.created(secretHash, '1')).toBe(true)
    expect(await relay.created(secretHash, '2')).toBe(false)
  })

  it.each([
    '',
    '{',
    'null',
    '[]',
    '{}',
    '{"task_id":null}',
    '{"task_id":""}',
    '{"challenge":5}',
    '{"status":"success"}',
  ])('that names none is refused: %j', async (body) => {
    const { say } = await registered()
    expect(await say(body)).toMatchObject({ status: 400 })
    expect([heard.observed, heard.results, await waiting()]).toEqual([[], ['unreadable'], []])
  })

  it('is at most 256 KiB long', async () => {
    const { say } = await registered()
    const padded = (length: number) => `{"task_id":"1","x":"${'x'.repeat(length - 22)}"}`
    expect(await say(padded(256 * 1024 + 1))).toMatchObject({ status: 413 })
    expect(await say(padded(256 * 1024))).toMatchObject({ status: 200 })
  })

  it('settles the task also when the user has too many waiting', async () => {
    const { say } = await registered()
    for (let at = 0; at < 101; at++)
      expect(await say(`{"task_id":"1","status":"processing","at":${at}}`)).toMatchObject({ status: 200 })
    expect(heard.results.filter((result) => result === 'full')).toHaveLength(1)
    expect([heard.observed.length, heard.woken]).toEqual([101, 100])
  })
})

describe('what the emulator says', () => {
  it.each([
    ['video.create', '/v1/video_generation', { model: 'MiniMax-Hailuo-02', prompt: 'a cat' }],
    [
      'video.template.create',
      '/v1/video_template_generation',
      { template_id: '1', text_inputs: [{ value: 'x' }] },
    ],
    [
      'video.v2.create',
      '/v2/video_generation',
      { model: 'MiniMax-H3', content: [{ type: 'text', text: 'a cat' }] },
    ],
  ])('about %s is understood: challenge, then the end', async (operation, path, request) => {
    let ended = (): void => undefined
    const end = new Promise<void>((resolve) => (ended = resolve))
    const server = createServer((req, res) => {
      const chunks: Buffer[] = []
      req.on('data', (chunk: Buffer) => chunks.push(chunk))
      req.on('end', () => {
        const body = Buffer.concat(chunks)
        void relay.receive((req.url ?? '').replace('/callbacks/', ''), body).then((answer) => {
          res.writeHead(answer.status).end(answer.body)
          if (/"status":"succe/i.test(body.toString())) ended()
        })
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const relay = relayAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    const emulator = await startEmulator({ callbacks: true, taskDelayMs: 20 })
    try {
      const { url, secretHash } = await relay.register({ ...wish, operation })
      const answer = await fetch(`${emulator.url}${path}`, {
        method: 'POST',
        headers: { authorization: 'Bearer test-key', 'content-type': 'application/json' },
        body: JSON.stringify({ ...request, callback_url: url }),
      })
      const { task_id: id } = (await answer.json()) as { task_id: string }
      expect(await relay.created(secretHash, id)).toBe(true)
      await end
      expect(heard.results[0]).toBe('challenge')
      expect(heard.results.slice(1).every((result) => result === 'queued')).toBe(true)
      expect(heard.observed.at(-1)?.[2]).toContain(id)
    } finally {
      await emulator.close()
      server.close()
    }
  })
})
