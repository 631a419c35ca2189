import { describe, expect, it } from 'vitest'
import { tokens } from '../../emulator/chat/reply.ts'
import { chat, CHAT_PATH, formFor, speech } from '../helpers/calls.ts'
import { booksMatchAfterAll, sharedGateway } from '../helpers/shared.ts'
import { postText, requestText, until, Wire } from '../helpers/wire.ts'
import { endedRow, rowsOf, upstreamQuiet, type Row } from './end-to-end.ts'
import { speak } from './sockets.ts'

const NATIVE = '/v1/text/chatcompletion_v2'
const ANTHROPIC = '/anthropic/v1/messages'
const RESPONSES = '/v1/responses'

/** Long enough for what is rounded not to matter. */
const WORDS = 20_000
const text = chat({
  stream: true,
  max_tokens: 500_000,
  thinking: { type: 'disabled' },
  input: 'Good morning',
})

const STREAMS = [
  ['chat.native', NATIVE],
  ['chat.openai', CHAT_PATH],
  ['chat.anthropic', ANTHROPIC],
  ['chat.responses', RESPONSES],
] as const

const WHOLE = [
  ['small JSON', 'chat.native', NATIVE, chat(), 'delay@200', {}],
  [
    'large JSON',
    'speech.sync',
    '/v1/t2a_v2',
    speech(),
    { delayMs: 200, huge: { what: 'audio', megabytes: 2 } },
    { characters: 10 },
  ],
  [
    'images',
    'image.create',
    '/v1/image_generation',
    { model: 'image-01', prompt: 'A lake' },
    'delay@200',
    { images: 1 },
  ],
] as const

type Get = ReturnType<typeof sharedGateway>

/** Calls, leaves when something holds of what has come, and gives the row. */
async function leave(
  get: Get,
  operation: string,
  request: string,
  holds: (wire: Wire) => boolean,
): Promise<Row> {
  const { gateway } = get()
  const before = (await rowsOf(gateway, operation)).length
  const wire = await Wire.open(gateway.url)
  wire.write(request)
  await until(() => holds(wire), 'the time to leave', 10_000)
  wire.socket.resetAndDestroy()
  await upstreamQuiet(gateway)
  await until(() => gateway.emulator.requests.length > 0, 'the call upstream')
  const row = await endedRow(gateway, operation)
  expect((await rowsOf(gateway, operation)).length).toBe(before + 1)
  return row
}

/** Tokens of the first words of the emulator's reply, as it counts them. */
function tokensOfWords(count: number): number {
  return tokens(Array.from({ length: count }, (_, at) => `word${at + 1}`).join(' '))
}

function outputOf(row: Row): number {
  return Number(Object.entries(row.usage ?? {}).find(([unit]) => unit === 'output_tokens')?.[1] ?? 0)
}

describe('with ON_CALLER_GONE=cancel', () => {
  const shared = sharedGateway()
  booksMatchAfterAll(() => [shared().gateway])

  it.each([
    // 2,000 frames are delivered, of which all but the first few bring four words each.
    ['chat.native', NATIVE, 8_000],
    ['chat.openai', CHAT_PATH, 8_000],
    ['chat.anthropic', ANTHROPIC, 7_988],
    ['chat.responses', RESPONSES, 7_984],
  ])('a caller who leaves a stream pays what was delivered: %s', async (operation, path, words) => {
    const { gateway, token } = shared()
    gateway.emulator.scenario({ match: { operation }, use: { words: WORDS, stall: 2_000 } })
    const row = await leave(shared, operation, postText(path, token, text), ({ bytes }) =>
      bytes.includes(`word${words}`, -1_000),
    )
    expect(row).toMatchObject({ outcome: 'caller_gone', estimated: true, state: 'settled', http_status: 200 })
    const delivered = tokensOfWords(words)
    expect(Math.abs(outputOf(row) - delivered) / delivered).toBeLessThan(0.02)
    expect(Number(row.charged)).toBeGreaterThan(0)
  })

  it('a caller who leaves a stream of speech pays its text', async () => {
    const { gateway, token } = shared()
    gateway.emulator.scenario({ match: {}, use: { stall: 1 } })
    const request = postText('/v1/t2a_v2', token, speech({ stream: true }))
    const row = await leave(shared, 'speech.sync', request, (wire) => wire.text.includes('"status":1'))
    expect(row).toMatchObject({
      outcome: 'caller_gone',
      usage: { characters: 12 },
      charged: '0.0012',
      estimated: true,
    })
  })

  it('a caller who leaves before anything has come pays nothing', async () => {
    const { gateway, token } = shared()
    gateway.emulator.scenario({ match: {}, use: 'stall-headers' })
    const row = await leave(shared, 'chat.openai', postText(CHAT_PATH, token, text), () =>
      gateway.emulator.requests.some(({ complete }) => complete),
    )
    expect(row).toMatchObject({ outcome: 'caller_gone', usage: {}, charged: '0', estimated: false })
  })
})

describe('with ON_CALLER_GONE=drain', () => {
  const shared = sharedGateway({ env: { ON_CALLER_GONE: 'drain' } })
  booksMatchAfterAll(() => [shared().gateway])

  it.each(STREAMS)('a caller who leaves a stream pays what MiniMax reports: %s', async (operation, path) => {
    const { gateway, token } = shared()
    gateway.emulator.scenario({ match: { operation }, use: { words: 300, chunkDelayMs: 3 } })
    const row = await leave(shared, operation, postText(path, token, text), (wire) =>
      wire.text.includes('word9'),
    )
    expect(row).toMatchObject({ outcome: 'caller_gone', estimated: false, state: 'settled' })
    expect(gateway.emulator.requests.at(-1)?.aborted).toBe(false)
    // `word1` to `word300`: 2,291 bytes
    expect(outputOf(row)).toBe(573)
  })

  it('a caller who leaves a stream of speech pays what MiniMax reports', async () => {
    const { gateway, token } = shared()
    gateway.emulator.scenario({ match: {}, use: { chunkDelayMs: 50 } })
    const request = postText('/v1/t2a_v2', token, speech({ stream: true }))
    const row = await leave(shared, 'speech.sync', request, (wire) => wire.text.includes('"status":1'))
    expect(row).toMatchObject({
      outcome: 'caller_gone',
      usage: { characters: 12 },
      charged: '0.0012',
      estimated: false,
    })
  })
})

describe.each(['cancel', 'drain'])('whatever ON_CALLER_GONE is (%s)', (policy) => {
  const shared = sharedGateway({ env: { ON_CALLER_GONE: policy } })
  booksMatchAfterAll(() => [shared().gateway])

  it.each(WHOLE)(
    'who leaves an answer that is no stream pays for it: %s',
    async (_name, operation, path, body, use, usage) => {
      const { gateway, token } = shared()
      gateway.emulator.scenario({ match: { operation }, use })
      const row = await leave(shared, operation, postText(path, token, body), () =>
        gateway.emulator.requests.some(({ complete }) => complete),
      )
      expect(row).toMatchObject({ outcome: 'caller_gone', usage, estimated: false, state: 'settled' })
      expect(Number(row.charged)).toBeGreaterThan(0)
    },
  )

  it('who leaves a large answer in its middle pays for it', async () => {
    const { gateway, token } = shared()
    gateway.emulator.scenario({ match: {}, use: { huge: { what: 'audio', megabytes: 8 }, chunkDelayMs: 20 } })
    const request = postText('/v1/t2a_v2', token, speech())
    const row = await leave(shared, 'speech.sync', request, (wire) => wire.bytes.length > 1024 * 1024)
    expect(row).toMatchObject({
      outcome: 'caller_gone',
      usage: { characters: 10 },
      charged: '0.001',
      estimated: false,
    })
  })

  it('who leaves the creation of a task has made it', async () => {
    const { gateway, token } = shared()
    gateway.emulator.scenario({ match: { operation: 'video.create' }, use: 'delay@200' })
    const request = postText('/v1/video_generation', token, { model: 'MiniMax-Hailuo-02', prompt: 'A lake' })
    const row = await leave(shared, 'video.create', request, () =>
      gateway.emulator.requests.some(({ complete }) => complete),
    )
    expect(row).toMatchObject({ outcome: 'caller_gone', state: 'pending', charged: '0' })
    const [task] = gateway.emulator
      .acceptLog()
      .flatMap((one) => (one.task === null ? [] : [one.task]))
      .slice(-1)
    const headers = { authorization: `Bearer ${token}` }
    await (
      await fetch(`${gateway.url}/v1/query/video_generation?task_id=${task?.id ?? ''}`, { headers })
    ).text()
    const newest = async (): Promise<unknown> => (await rowsOf(gateway, 'video.create'))[0]
    await expect.poll(newest).toMatchObject({ state: 'settled', usage: { videos: 1 }, charged: '0.28' })
  })

  it('who leaves an upload pays nothing when it was not sent in full', async () => {
    const { token } = shared()
    const boundary = 'b0undary'
    const field = (name: string): string =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n`
    const part = `${field('model')}asr-1.0\r\n${field('file"; filename="a.wav')}${'x'.repeat(400_000)}`
    const request = requestText(
      'POST /v1/speech_to_text',
      [
        `Authorization: Bearer ${token}`,
        `Content-Type: multipart/form-data; boundary=${boundary}`,
        'Content-Length: 1000000',
      ],
      part,
    )
    const { gateway } = shared()
    const row = await leave(
      shared,
      'transcription.create',
      request,
      () => gateway.emulator.requests.length > 0,
    )
    expect(row).toMatchObject({ outcome: 'caller_gone', usage: {}, charged: '0', estimated: false })
  })

  it('who leaves after the upload pays for the answer', async () => {
    const { gateway, token } = shared()
    gateway.emulator.scenario({ match: {}, use: 'delay@300' })
    const leaving = new AbortController()
    const headers = { authorization: `Bearer ${token}` }
    const init = {
      method: 'POST',
      headers,
      body: formFor('asr-1.0', new Uint8Array(32_000)),
      signal: leaving.signal,
    }
    const gone = expect(fetch(`${gateway.url}/v1/speech_to_text`, init)).rejects.toThrow('abort')
    await gateway.emulator.waitFor(({ complete }) => complete)
    leaving.abort()
    await gone
    await upstreamQuiet(gateway)
    const row = await endedRow(gateway, 'transcription.create')
    expect(row).toMatchObject({ outcome: 'caller_gone', usage: { audio_seconds: 2 }, estimated: false })
    expect(Number(row.charged)).toBeGreaterThan(0)
  })

  it('who leaves a WebSocket pays the texts that were spoken', async () => {
    const { gateway, token } = shared()
    const texts = ['Good morning', 'Good night']
    // connected, started, three frames of the first text
    await speak({ url: gateway.url, token, texts, leaveAfter: 5 })
    const row = await endedRow(gateway, 'speech.websocket')
    expect(row).toMatchObject({
      outcome: 'caller_gone',
      usage: { characters: 12 },
      charged: '0.0012',
      state: 'settled',
    })
  })

  it('who leaves when all was sent has had it', async () => {
    const { gateway, token } = shared()
    for (const [operation, path] of STREAMS) {
      const request = postText(path, token, chat({ stream: true, input: 'Good morning' }))
      const row = await leave(shared, operation, request, (wire) =>
        wire.answers.some(({ complete }) => complete),
      )
      expect(row, operation).toMatchObject({ outcome: 'ok', estimated: false })
      gateway.emulator.reset()
    }
  })
})
