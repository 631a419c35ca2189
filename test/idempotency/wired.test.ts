import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { REFUSALS } from '../../src/errors.ts'
import { fingerprintOf } from '../../src/idempotency/keys.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { chat, CHAT_PATH, formFor, post, speech } from '../helpers/calls.ts'
import { sharedGateway } from '../helpers/shared.ts'
import { postText, sendRaw, until } from '../helpers/wire.ts'

/** Room for the megabyte of speech, which comes in hexadecimal: by default so much is not kept. */
const shared = sharedGateway({ env: { IDEMPOTENCY_MAX_ANSWER: '4194304' } })

const IMAGE = '/v1/image_generation'
const image = (more: Record<string, unknown> = {}) => ({ model: 'image-01', prompt: 'A lake', ...more })

interface Seen {
  readonly status: number
  readonly type: string | null
  readonly isReplay: boolean
  readonly requestId: string | null
  readonly body: Buffer
  /** Of a refusal. */
  readonly code: string | undefined
}

/** Not every dialect names the code: the message does. @returns the code of a refusal on account of the key */
function codeIn(body: Buffer): string | undefined {
  const text = body.subarray(0, 4096).toString()
  return Object.values(REFUSALS).find(
    ({ code, message }) => code.startsWith('idempotency_') && text.includes(message),
  )?.code
}

async function seen(answer: Response): Promise<Seen> {
  const body = Buffer.from(await answer.arrayBuffer())
  return {
    status: answer.status,
    type: answer.headers.get('content-type'),
    isReplay: answer.headers.get('idempotency-replayed') === 'true',
    requestId: answer.headers.get('x-request-id'),
    body,
    code: codeIn(body),
  }
}

let keys = 0
const newKey = () => `key-${++keys}`

async function send(
  key: string,
  path: string,
  body: unknown,
  more: { token?: string; signal?: AbortSignal } = {},
) {
  const { gateway, token } = shared()
  const { signal } = more
  const options = { headers: { 'idempotency-key': key }, ...(signal === undefined ? {} : { signal }) }
  return await seen(await post(gateway.url, more.token ?? token, path, body, options))
}

const accepted = (operation: string) => shared().gateway.emulator.accepted.get(operation) ?? 0

/** Asks again until the call with this key has ended. */
async function settled(key: string, path: string, body: unknown): Promise<Seen> {
  let answer = await send(key, path, body)
  while (answer.code === 'idempotency_running') answer = await send(key, path, body)
  return answer
}

describe('requests with an Idempotency-Key', () => {
  it('that come twice at the same time are carried out once: 1,000 pairs', { timeout: 120_000 }, async () => {
    const pair = async () => {
      const key = newKey()
      const both = await Promise.all([send(key, IMAGE, image()), send(key, IMAGE, image())])
      const whole = both.filter(({ status }) => status === 200)
      expect(whole.length).toBeGreaterThan(0)
      for (const { status, code } of both)
        if (status !== 200) expect([status, code]).toEqual([409, 'idempotency_running'])
      expect(whole.filter(({ isReplay }) => !isReplay)).toHaveLength(1)
      expect(new Set(whole.map(({ body }) => body.toString('latin1')))).toHaveLength(1)
    }
    for (let round = 0; round < 25; round++) await Promise.all(Array.from({ length: 40 }, pair))
    expect(accepted('image.create')).toBe(1000)
  })

  it.each([
    ['chat', 'chat.openai', CHAT_PATH, chat()],
    ['an image', 'image.create', IMAGE, image({ response_format: 'base64' })],
    ['a megabyte of speech', 'speech.sync', '/v1/t2a_v2', speech({ model: 'scenario:huge-audio:1' })],
    ['a song', 'music.create', '/v1/music_generation', { model: 'music-2.5', prompt: 'Calm', lyrics: 'La' }],
    ['a video', 'video.create', '/v1/video_generation', { model: 'MiniMax-Hailuo-02', prompt: 'A lake' }],
    ['a refusal of the content', 'image.create', IMAGE, image({ model: 'scenario:base_resp:1026' })],
    ['a refusal by status', 'chat.openai', CHAT_PATH, chat({ model: 'scenario:http:400,2013' })],
    ['what upstream failed at', 'image.create', IMAGE, image({ model: 'scenario:base_resp:1000' })],
  ])('get the same answer again: %s', async (_, operation, path, body) => {
    const key = newKey()
    const first = await send(key, path, body)
    const second = await send(key, path, body)
    expect(first.isReplay).toBe(false)
    expect(second).toMatchObject({ status: first.status, type: first.type, isReplay: true })
    expect(second.body.equals(first.body)).toBe(true)
    expect(second.requestId).not.toBe(first.requestId)
    expect(accepted(operation)).toBe(1)
  })

  it('are charged once', async () => {
    const { gateway } = shared()
    const { token } = await gateway.token({}, 'charged')
    const key = newKey()
    for (let at = 0; at < 3; at++) await send(key, IMAGE, image(), { token })
    const rows = await gateway.admin('GET', '/admin/v1/requests?user=charged')
    expect(rows.items).toHaveLength(1)
  })

  it('make one task and one object', async () => {
    const { gateway } = shared()
    const key = newKey()
    const first = await send(key, '/v1/t2a_async_v2', speech())
    const second = await send(key, '/v1/t2a_async_v2', speech())
    expect(second.isReplay).toBe(true)
    expect(second.body.equals(first.body)).toBe(true)
    const objects = await gateway.admin('GET', '/admin/v1/objects?user=user-1&kind=speech_task')
    expect(objects.items).toHaveLength(1)
  })

  it('never show the key to upstream', async () => {
    await send('a-key-of-their-own', IMAGE, image())
    const { requests } = shared().gateway.emulator
    expect(requests).toHaveLength(1)
    expect(JSON.stringify(requests.map(({ rawHeaders }) => rawHeaders))).not.toContain('a-key-of-their-own')
  })

  it('with another body are refused, and the same key of another user or operation is another', async () => {
    const { gateway } = shared()
    const { token } = await gateway.token({}, 'another')
    const key = newKey()
    expect(await send(key, IMAGE, image())).toMatchObject({ status: 200, isReplay: false })
    expect(await send(key, IMAGE, image({ n: 2 }))).toMatchObject({
      status: 422,
      code: 'idempotency_mismatch',
    })
    expect(await send(key, IMAGE, image(), { token })).toMatchObject({ status: 200, isReplay: false })
    expect(await send(key, CHAT_PATH, chat())).toMatchObject({ status: 200, isReplay: false })
    expect(accepted('image.create')).toBe(2)
  })

  it('that were streams are not carried out again', async () => {
    const key = newKey()
    const body = chat({ stream: true })
    expect(await send(key, CHAT_PATH, body)).toMatchObject({ status: 200, isReplay: false })
    expect(await send(key, CHAT_PATH, body)).toMatchObject({ status: 409, code: 'idempotency_unrepeatable' })
    expect(accepted('chat.openai')).toBe(1)
  })

  it.each([
    ['asks for what is another’s', '/v1/voice_clone', { file_id: 987654321, voice_id: 'MyVoice0001' }, 404],
    ['is not taken on by upstream', IMAGE, image({ model: 'scenario:base_resp:1002' }), 200],
    ['finds the account empty', IMAGE, image({ model: 'scenario:base_resp:1008' }), 503],
  ])('keep their key free when the call %s', async (_, path, body, status) => {
    const key = newKey()
    expect((await send(key, path, body)).status).toBe(status)
    const second = await send(key, path, body)
    expect(second).toMatchObject({ status, isReplay: false, code: undefined })
  })

  it('whose outcome is not known are not sent again', async () => {
    const key = newKey()
    const body = image({ model: 'scenario:reset-body' })
    expect((await send(key, IMAGE, body)).status).toBe(502)
    expect(await send(key, IMAGE, body)).toMatchObject({ status: 409, code: 'idempotency_unknown' })
    expect(accepted('image.create')).toBe(1)
  })

  it('get the answer that came after their caller had left', async () => {
    const key = newKey()
    const body = speech({ model: 'scenario:delay:300' })
    const abort = new AbortController()
    const first = send(key, '/v1/t2a_v2', body, { signal: abort.signal })
    await shared().gateway.emulator.waitFor(
      ({ operation, complete }) => operation === 'speech.sync' && complete,
    )
    abort.abort()
    await expect(first).rejects.toThrow()
    const again = await settled(key, '/v1/t2a_v2', body)
    expect(again).toMatchObject({ status: 200, isReplay: true })
    expect(JSON.parse(again.body.toString())).toMatchObject({ base_resp: { status_code: 0 } })
    expect(accepted('speech.sync')).toBe(1)
  })

  it('get all of a large answer that came after their caller had left', async () => {
    const key = newKey()
    const body = speech({ model: 'scenario:huge-audio:1' })
    const whole = await send(newKey(), '/v1/t2a_v2', body)
    const { gateway, token } = shared()
    const abort = new AbortController()
    const headers = { 'idempotency-key': key }
    const first = await post(gateway.url, token, '/v1/t2a_v2', body, { headers, signal: abort.signal })
    abort.abort()
    await expect(first.arrayBuffer()).rejects.toThrow()
    const again = await settled(key, '/v1/t2a_v2', body)
    expect(again).toMatchObject({ status: 200, isReplay: true })
    expect(again.body.length).toBe(whole.body.length)
    expect(accepted('speech.sync')).toBe(2)
  })

  it('whose process died are refused', async () => {
    const { gateway } = shared()
    const key = newKey()
    const body = JSON.stringify(image())
    const store = await openSqliteStore({ path: join(gateway.dataDir, 'gateway.db') })
    const bodyHash = fingerprintOf({
      method: 'POST',
      url: IMAGE,
      body: Buffer.from(body),
      contentLength: undefined,
    })
    const at = Date.now()
    const userSince = (await store.users.get('user-1'))?.createdAt ?? 0
    await store.idempotency.claim(
      { userId: 'user-1', userSince, operation: 'image.create', key },
      { bodyHash, requestId: 'r0', ownerId: 'dead', at, expiresAt: at + 60_000 },
    )
    await store.close()
    expect(await send(key, IMAGE, body)).toMatchObject({ status: 409, code: 'idempotency_unknown' })
    expect(accepted('image.create')).toBe(0)
  })

  it('are new when their key has expired', async () => {
    const { gateway } = shared()
    const key = newKey()
    await send(key, IMAGE, image())
    const database = new DatabaseSync(join(gateway.dataDir, 'gateway.db'), { timeout: 5000 })
    database.exec('update idempotency_keys set expires_at = 1')
    database.close()
    expect(await send(key, IMAGE, image())).toMatchObject({ status: 200, isReplay: false })
    expect(accepted('image.create')).toBe(2)
  })

  it('may be forms: of equal length they are the same', async () => {
    const { gateway, token } = shared()
    const key = newKey()
    const upload = async (file: string) =>
      await seen(
        await fetch(`${gateway.url}/v1/files/upload`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}`, 'idempotency-key': key },
          body: formFor('asr-1.0', file),
        }),
      )
    const first = await upload('RIFF....WAVE')
    expect(first).toMatchObject({ status: 200, isReplay: false })
    const second = await upload('RIFF....WAVE')
    expect(second).toMatchObject({ status: 200, isReplay: true })
    expect(second.body.equals(first.body)).toBe(true)
    expect(await upload('RIFF....WAVE and more')).toMatchObject({ status: 422 })
    expect(accepted('files.upload')).toBe(1)
  })

  it.each([
    ['too long', [`idempotency-key: ${'k'.repeat(256)}`], 'visible characters'],
    ['empty', ['idempotency-key: '], 'visible characters'],
    ['repeated', ['idempotency-key: a', 'Idempotency-Key: b'], 'more than once'],
  ])('are refused when the key is %s', async (_, headers, message) => {
    const { gateway, token } = shared()
    const answer = await sendRaw(gateway.url, postText(IMAGE, token, image(), headers))
    expect(answer.status).toBe(400)
    expect(answer.body.toString()).toContain(message)
    expect(accepted('image.create')).toBe(0)
  })

  it('that only read are read again', async () => {
    const { gateway, token } = shared()
    const headers = { authorization: `Bearer ${token}`, 'idempotency-key': newKey() }
    for (let at = 0; at < 2; at++) {
      const answer = await fetch(`${gateway.url}/v1/models`, { headers })
      expect(answer.headers.get('idempotency-replayed')).toBeNull()
      await answer.arrayBuffer()
    }
    await until(() => accepted('models.list') === 2, 'two look-ups')
  })
})
