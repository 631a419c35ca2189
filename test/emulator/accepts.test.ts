import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { startEmulator } from '../../emulator/server.ts'
import { meterOf, requestFacts } from '../../src/minimax/meters.ts'
import { ask, at, AUTH, chat, emulated, form, get, post, speech } from './kit.ts'

const emulator = emulated()
const audio = { name: 'clip.mp3', bytes: new Uint8Array(48_000) }
const said = [{ type: 'text', text: 'A calm lake in the morning' }]

interface Case {
  readonly operation: string
  readonly path: string
  readonly body: unknown
  readonly model?: string
}

const CHAT = { max_tokens: 64 }
const LONG = { messages: [{ role: 'user', content: 'a long question '.repeat(40) }] }
const CACHED = { system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }] }
const M3 = chat('MiniMax-M3', CHAT)
const M27 = chat('MiniMax-M2.7', CHAT)
const COMPLETIONS = '/v1/chat/completions'
const NATIVE = '/v1/text/chatcompletion_v2'
const MESSAGES = '/anthropic/v1/messages'
const usageAsked = { stream: true, stream_options: { include_usage: true } }

const TOLD: readonly Case[] = [
  { operation: 'chat.openai', path: COMPLETIONS, body: M3 },
  { operation: 'chat.openai', path: COMPLETIONS, body: { ...M3, ...LONG } },
  { operation: 'chat.openai', path: COMPLETIONS, body: { ...M3, ...usageAsked } },
  { operation: 'chat.openai', path: COMPLETIONS, body: { ...M27, stream: true } },
  { operation: 'chat.openai', path: COMPLETIONS, body: { ...M3, model: 'bench-json' }, model: 'MiniMax-M3' },
  { operation: 'chat.native', path: NATIVE, body: { ...M3, ...LONG } },
  { operation: 'chat.native', path: NATIVE, body: { ...M27, stream: true } },
  { operation: 'chat.anthropic', path: MESSAGES, body: { ...M3, ...LONG, ...CACHED } },
  { operation: 'chat.anthropic', path: MESSAGES, body: { ...M3, ...LONG, stream: true } },
  {
    operation: 'chat.responses',
    path: '/v1/responses',
    body: { model: 'MiniMax-M3', input: 'Good morning' },
  },
  {
    operation: 'chat.responses',
    path: '/v1/responses',
    body: { model: 'MiniMax-M3', input: 'Good morning', stream: true },
  },
  { operation: 'chat.legacy', path: '/v1/text/chatcompletion', body: chat('abab5.5-chat') },
  { operation: 'chat.legacy_pro', path: '/v1/text/chatcompletion_pro', body: chat('abab5.5-chat') },
  { operation: 'embeddings.create', path: '/v1/embeddings', body: { model: 'embo-01', texts: ['a', 'b'] } },
  { operation: 'search.web', path: '/v1/coding_plan/search', body: { q: 'lakes' } },
  { operation: 'speech.sync', path: '/v1/t2a_v2', body: speech({ text: '你好, lake' }) },
  { operation: 'speech.sync', path: '/v1/t2a_v2', body: speech({ stream: true }) },
  { operation: 'speech.legacy_pro', path: '/v1/t2a_pro', body: speech() },
  {
    operation: 'voice.design',
    path: '/v1/voice_design',
    body: { prompt: 'calm', preview_text: 'Good morning' },
  },
  { operation: 'image.create', path: '/v1/image_generation', body: { model: 'image-01', prompt: 'x', n: 3 } },
  { operation: 'music.create', path: '/v1/music_generation', body: { model: 'music-2.5', prompt: 'x' } },
  {
    operation: 'music.create',
    path: '/v1/music_generation',
    body: { model: 'music-2.5', prompt: 'x', stream: true },
  },
  { operation: 'music.lyrics', path: '/v1/lyrics_generation', body: { mode: 'write_full_song' } },
  { operation: 'speech.async.create', path: '/v1/t2a_async_v2', body: speech() },
  {
    operation: 'video.create',
    path: '/v1/video_generation',
    body: { model: 'MiniMax-Hailuo-02', prompt: 'x' },
  },
]

test.each(TOLD)('the log bills for $operation what its answer says: $body', async (given) => {
  const { operation, path, body } = given
  const before = emulator().acceptLog().length
  const answer = Buffer.from(await (await post(`${emulator().url}${path}`, body)).arrayBuffer())
  const facts = requestFacts(operation, Buffer.from(JSON.stringify(body)))
  const meter = meterOf(operation, { facts })
  meter.push(answer)
  meter.end()
  const [entry, ...more] = emulator().acceptLog().slice(before)
  expect(more).toEqual([])
  expect(entry).toMatchObject({ operation, told: true, failure: null, usage: meter.reading.usage })
  expect(entry?.model).toBe(given.model ?? entry?.asked)
})

test('a transcript is billed by its seconds, and knows its marker from the form', async () => {
  const body = form({ model: 'asr-1.0', prompt: 'mark-form7' }, audio)
  await (await fetch(`${emulator().url}/v1/speech_to_text`, { method: 'POST', headers: AUTH, body })).text()
  const entry = emulator().acceptLog().at(-1)
  expect(entry).toMatchObject({ asked: 'asr-1.0', usage: { audio_seconds: 3 }, marker: 'mark-form7' })
})

test('a task bills once it has succeeded, and what became of it is told until it is forgotten', async () => {
  const video = { model: 'MiniMax-H3', content: said, duration: 6 }
  await ask(`${emulator().url}/v2/video_generation`, video)
  emulator().scenario({ match: { operation: 'video.v2.create' }, use: 'task-fail' })
  await ask(`${emulator().url}/v2/video_generation`, video)
  const ends = (): unknown[] =>
    emulator()
      .acceptLog()
      .slice(-2)
      .map(({ usage, task }) => [usage, task?.state])
  expect(ends()).toEqual([
    [{ video_seconds: 6 }, 'succeeded'],
    [{ video_seconds: 6 }, 'failed'],
  ])
  emulator().reset()
  expect(ends().map((end) => at(end, '1'))).toEqual(['forgotten', 'forgotten'])
})

test.each([
  ['base_resp@1026', { failure: { code: 1026, status: 200 }, usage: {} }],
  ['http@500,1000', { failure: { code: 1000, status: 500 }, usage: {} }],
  ['error-event@2,1000', { failure: { code: 1000, status: 200 }, told: false }],
  ['ending-a', { failure: null, told: false }],
  ['cut@40', { failure: null, sent: 'part' }],
])('scenario %s is logged as what it is', async (use, expected) => {
  emulator().scenario({ match: {}, use })
  const body = { ...M3, ...usageAsked }
  await (await post(`${emulator().url}${COMPLETIONS}`, body)).text().catch(() => '')
  await expect.poll(() => emulator().acceptLog().at(-1)).toMatchObject({ sent: 'whole', ...expected })
})

test('a wrong key is logged as a failure', async () => {
  const keyed = await startEmulator({ keys: ['good'], quiet: true })
  try {
    await ask(`${keyed.url}/v1/get_voice`, { voice_type: 'all' })
    expect(keyed.acceptLog()).toMatchObject([{ failure: { code: 2049 } }])
  } finally {
    await keyed.close()
  }
})

test('a WebSocket is one call that sums its texts', async () => {
  const socket = new WebSocket(`${emulator().url.replace('http', 'ws')}/ws/v1/t2a_v2`, { headers: AUTH })
  socket.once('open', () => {
    const { text: _text, ...setting } = speech()
    for (const frame of [
      { event: 'task_start', ...setting },
      { event: 'task_continue', text: 'mark-ws1' },
      { event: 'task_continue', text: '你好' },
      { event: 'task_finish' },
    ])
      socket.send(JSON.stringify(frame))
  })
  await new Promise((resolve) => socket.once('close', resolve))
  await expect
    .poll(() => emulator().acceptLog().at(-1))
    .toMatchObject({
      operation: 'speech.websocket',
      model: 'speech-2.8-hd',
      marker: 'mark-ws1',
      usage: { characters: 12 },
      sent: 'whole',
    })
})

test('a file holds every change, and the control path the whole log', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'accept-log-'))
  const file = join(dir, 'accepts.jsonl')
  const logging = await startEmulator({ record: false, acceptLog: file })
  try {
    await ask(`${logging.url}${COMPLETIONS}`, { ...M3, messages: [{ role: 'user', content: 'mark-9z' }] })
    await expect.poll(() => logging.acceptLog()).toMatchObject([{ marker: 'mark-9z', sent: 'whole' }])
    const lines = (await readFile(file, 'utf8')).trim().split('\n')
    expect(lines.map((line) => at(JSON.parse(line), 'sent'))).toEqual(['open', 'whole'])
    expect(await get(`${logging.url}/__emulator/accepts`)).toEqual({
      items: logging.acceptLog(),
      dropped: 0,
    })
  } finally {
    await logging.close()
    await rm(dir, { recursive: true })
  }
})
