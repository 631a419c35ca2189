import { beforeAll, afterAll, describe, expect, it } from 'vitest'
import { chat, CHAT_PATH, formFor, post, speech } from '../helpers/calls.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { endedRow, readAll, rowOf, rowsOf } from './end-to-end.ts'
import { speak } from './sockets.ts'

/** 400 tokens of JSON, half of which come from the cache. */
const messages = [{ role: 'user', content: 'a'.repeat(1_600 - 30) }]
const body = { messages, thinking: { type: 'disabled' }, max_tokens: 500 }
const TOKENS = { input_tokens: 200, cached_tokens: 200, output_tokens: 173 }
const lake = [{ type: 'text', text: 'A lake' }]

type Case = readonly [
  operation: string,
  path: string,
  body: object,
  usage: object,
  list: string,
  charged: string,
]

/** Prices of MiniMax in dollars (minimax-api.md section 4); the user pays 0.4 of them. */
const ANSWERS: readonly Case[] = [
  // 200 × 0.30 + 200 × 0.06 + 173 × 1.20 millionths
  [
    'chat.native',
    '/v1/text/chatcompletion_v2',
    { model: 'MiniMax-M3', ...body },
    TOKENS,
    '0.0002796',
    '0.00011184',
  ],
  ['chat.openai', CHAT_PATH, { model: 'MiniMax-M3', ...body }, TOKENS, '0.0002796', '0.00011184'],
  [
    'chat.anthropic',
    '/anthropic/v1/messages',
    { model: 'MiniMax-M3', ...body },
    TOKENS,
    '0.0002796',
    '0.00011184',
  ],
  [
    'chat.responses',
    '/v1/responses',
    { model: 'MiniMax-M3', input: messages },
    TOKENS,
    '0.0002796',
    '0.00011184',
  ],
  // 12 characters × 100 millionths, × 60 for turbo
  ['speech.sync', '/v1/t2a_v2', speech(), { characters: 12 }, '0.0012', '0.00048'],
  [
    'speech.sync',
    '/v1/t2a_v2',
    speech({ model: 'speech-2.8-turbo' }),
    { characters: 12 },
    '0.00072',
    '0.000288',
  ],
  ['speech.sync', '/v1/t2a_v2', speech({ text: '你好' }), { characters: 4 }, '0.0004', '0.00016'],
  // the preview: 12 characters × 60 millionths
  [
    'voice.design',
    '/v1/voice_design',
    { prompt: 'Calm', preview_text: 'Good morning' },
    { characters: 12 },
    '0.00072',
    '0.000288',
  ],
  [
    'image.create',
    '/v1/image_generation',
    { model: 'image-01', prompt: 'A lake', n: 3 },
    { images: 3 },
    '0.0105',
    '0.0042',
  ],
  [
    'music.create',
    '/v1/music_generation',
    { model: 'music-2.6', prompt: 'A lake', lyrics: 'La' },
    { songs: 1 },
    '0.15',
    '0.06',
  ],
  [
    'music.lyrics',
    '/v1/lyrics_generation',
    { mode: 'write_full_song', prompt: 'A lake' },
    { requests: 1 },
    '0.01',
    '0.004',
  ],
  [
    'music.cover_preprocess',
    '/v1/music_cover_preprocess',
    { model: 'music-cover', audio_url: 'https://example.com/a.mp3' },
    { requests: 1 },
    '0.01',
    '0.004',
  ],
  ['search.web', '/v1/coding_plan/search', { q: 'lakes' }, { requests: 1 }, '0.01', '0.004'],
  [
    'vision.describe',
    '/v1/coding_plan/vlm',
    { prompt: 'What is it?', image_url: 'data:image/png;base64,AA==' },
    { requests: 1 },
    '0.01',
    '0.004',
  ],
  [
    'chat.input_tokens',
    '/v1/responses/input_tokens',
    { model: 'MiniMax-M3', input: 'Good morning' },
    {},
    '0',
    '0',
  ],
]

/** What is charged at the end of a task. */
const TASKS: readonly Case[] = [
  [
    'video.create',
    '/v1/video_generation',
    { model: 'MiniMax-Hailuo-02', prompt: 'A lake' },
    { videos: 1 },
    '0.28',
    '0.112',
  ],
  [
    'video.create',
    '/v1/video_generation',
    { model: 'MiniMax-Hailuo-2.3', prompt: 'A lake', duration: 10, resolution: '768P' },
    { videos: 1 },
    '0.56',
    '0.224',
  ],
  [
    'video.template.create',
    '/v1/video_template_generation',
    { template_id: '1', text_inputs: [{ value: 'A lake' }] },
    { videos: 1 },
    '2',
    '0.8',
  ],
  [
    'video.v2.create',
    '/v2/video_generation',
    { model: 'MiniMax-H3', content: lake, resolution: '2K', duration: 6 },
    { video_seconds: 6 },
    '0.78',
    '0.312',
  ],
  [
    'speech.async.create',
    '/v1/t2a_async_v2',
    speech({ text: 'Good morning' }),
    { characters: 12 },
    '0.0012',
    '0.00048',
  ],
]

const QUERIES: Readonly<Record<string, string>> = {
  'video.create': '/v1/query/video_generation?task_id=',
  'video.template.create': '/v1/query/video_template_generation?task_id=',
  'video.v2.create': '/v2/query/video_generation/',
  'speech.async.create': '/v1/query/t2a_async_query_v2?task_id=',
}

/** A gateway whose user pays 0.4 of the list price. */
async function gatewayWith(
  env: Record<string, string> = {},
): Promise<{ gateway: TestGateway; token: string }> {
  const gateway = await startGateway({ env, checksBooks: true })
  const { token } = await gateway.token()
  await gateway.admin('PATCH', '/admin/v1/users/user-1', { multiplier: '0.4' })
  return { gateway, token }
}

describe('what a user with a multiplier of 0.4 pays', () => {
  let gateway: TestGateway
  let token: string
  beforeAll(async () => {
    ;({ gateway, token } = await gatewayWith())
  })
  afterAll(() => gateway.close())

  it.each(ANSWERS)(
    '%s %s %o: %o costs %s, of which %s',
    async (operation, path, asked, usage, list, charged) => {
      gateway.emulator.scenario({ match: { times: 1 }, use: 'words@100' })
      const answer = await post(gateway.url, token, path, asked)
      expect(answer.status).toBe(200)
      await answer.arrayBuffer()
      const row = await rowOf(gateway, answer)
      const money = { list_price: list, charged, currency: 'USD' }
      expect(row).toMatchObject({ operation, outcome: 'ok', ...money, estimated: false, state: 'settled' })
      expect(row.usage).toEqual(usage)
      // A long answer begins before its price is known.
      if (row.bytes_out !== undefined && Number(row.bytes_out) <= 64 * 1024)
        expect(answer.headers.get('x-gateway-charged')).toBe(charged)
    },
  )

  it.each(TASKS)(
    '%s %s %o: %o costs %s, of which %s',
    async (operation, path, asked, usage, list, charged) => {
      const answer = await post(gateway.url, token, path, asked)
      const id = /"task_id":"?(\d+)/.exec(await answer.text())?.[1] ?? ''
      expect(answer.headers.get('x-gateway-charged')).toBe('0')
      expect(await rowOf(gateway, answer)).toMatchObject({
        operation,
        usage: {},
        charged: '0',
        state: 'pending',
      })
      const headers = { authorization: `Bearer ${token}` }
      await (await fetch(`${gateway.url}${QUERIES[operation] ?? ''}${id}`, { headers })).text()
      const newest = async (): Promise<unknown> => (await rowsOf(gateway, operation))[0]
      await expect
        .poll(newest)
        .toMatchObject({ state: 'settled', list_price: list, charged, outcome: 'ok', usage })
    },
  )

  it('transcription: a second costs 0.38 / 3600', async () => {
    const headers = { authorization: `Bearer ${token}` }
    const form = formFor('asr-1.0', new Uint8Array(36_000 * 16))
    const answer = await fetch(`${gateway.url}/v1/speech_to_text`, { method: 'POST', headers, body: form })
    await answer.text()
    const money = { list_price: '0.0038', charged: '0.00152' }
    expect(await rowOf(gateway, answer)).toMatchObject({
      outcome: 'ok',
      usage: { audio_seconds: 36 },
      ...money,
    })
    expect(answer.headers.get('x-gateway-charged')).toBe('0.00152')
  })

  it.each(['/ws/v1/t2a_v2', '/ws/v1/t2a_v2_bidi'])('a WebSocket: the sum of its texts (%s)', async (path) => {
    const { code } = await speak({ url: gateway.url, token, path, texts: ['Good morning', 'Good night'] })
    expect(code).toBe(1000)
    const row = await endedRow(gateway, path.endsWith('bidi') ? 'speech.websocket_bidi' : 'speech.websocket')
    expect(row).toMatchObject({
      outcome: 'ok',
      usage: { characters: 22 },
      list_price: '0.0022',
      charged: '0.00088',
    })
  })

  it('a cloned voice: its fee at the first use', async () => {
    const headers = { authorization: `Bearer ${token}` }
    const upload = await fetch(`${gateway.url}/v1/files/upload`, {
      method: 'POST',
      headers,
      body: formFor(''),
    })
    const file = Number(/"file_id":(\d+)/.exec(await upload.text())?.[1])
    expect(await rowOf(gateway, upload)).toMatchObject({ usage: {}, charged: '0' })
    const made = await post(gateway.url, token, '/v1/voice_clone', { file_id: file, voice_id: 'MyVoice0001' })
    await made.text()
    expect(await rowOf(gateway, made)).toMatchObject({ outcome: 'ok', usage: {}, charged: '0' })
    const used = await post(
      gateway.url,
      token,
      '/v1/t2a_v2',
      speech({ voice_setting: { voice_id: 'MyVoice0001' } }),
    )
    await used.arrayBuffer()
    // Nothing in the call says whether the voice was cloned (1.50) or designed (3.00): the dearer way is priced.
    const usage = { characters: 12, voices: 1 }
    expect(await rowOf(gateway, used)).toMatchObject({ usage, list_price: '3.0012', charged: '1.20048' })
  })

  it.each([
    [CHAT_PATH, chat({ stream: true })],
    ['/v1/t2a_v2', speech({ stream: true })],
  ])('is not told on a stream: %s', async (path, asked) => {
    const answer = await post(gateway.url, token, path, asked)
    await readAll(answer)
    expect(answer.headers.get('x-gateway-charged')).toBeNull()
    expect(await rowOf(gateway, answer)).toMatchObject({ outcome: 'ok', estimated: false })
  })
})

describe('with CHARGED_HEADER=false', () => {
  it('no answer tells what it cost', async () => {
    const { gateway, token } = await gatewayWith({ CHARGED_HEADER: 'false' })
    await using closing = gateway
    const answer = await post(closing.url, token, CHAT_PATH, chat())
    expect(answer.headers.get('x-gateway-charged')).toBeNull()
    expect(Number((await rowOf(closing, answer)).charged)).toBeGreaterThan(0)
  })
})
