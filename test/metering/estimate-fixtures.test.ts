import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { meterOf, requestFacts } from '../../src/minimax/meters.ts'
import type { Usage } from '../../src/minimax/units.ts'
import { promptTokensIn } from '../../src/minimax/usage.ts'
import { BODIES } from '../minimax/meter-bodies.ts'
import { folder, there } from './estimate-folder.ts'
import { anEstimator, billOf, BILLED, callOf } from './estimate-kit.ts'

/** What was read of a body: as `meter-fixtures.test.ts` checks it. */
function usageIn(operation: string, file: string, request?: object): Usage {
  const facts = requestFacts(operation, request === undefined ? null : Buffer.from(JSON.stringify(request)))
  const meter = meterOf(operation, { facts })
  meter.push(readFileSync(join(folder, file)))
  meter.end()
  return meter.reading.usage ?? {}
}

const M3 = 'MiniMax-M3'
const QUESTION = { model: M3, messages: [{ role: 'user', content: '9.11 和 9.9 哪个更大？' }] }
const WEATHER = [{ role: 'user', content: '旧金山现在天气怎么样？' }]
const SCHEMA = {
  type: 'object',
  properties: {
    location: { type: 'string', description: 'The city and state/country, e.g. San Francisco, US' },
  },
  required: ['location'],
}
const about = { name: 'get_weather', description: 'Get the current weather for a given location.' }
const PICTURE = [
  { type: 'text', text: '这张图片的内容是什么？' },
  { type: 'image_url', image_url: { url: 'https://filecdn.minimax.chat/public/a.jpeg' } },
]

/** Bodies whose requests are documented beside them (text-chat-openai, text-chat-anthropic). */
const PAIRS: readonly (readonly [string, string, object])[] = [
  ['chat.openai', 'chat/openai.m3.thinking.docs.json', { ...QUESTION, max_completion_tokens: 500 }],
  [
    'chat.openai',
    'chat/openai.m3.tool_calls.docs.json',
    {
      model: M3,
      messages: WEATHER,
      tools: [{ type: 'function', function: { ...about, parameters: SCHEMA } }],
    },
  ],
  ['chat.anthropic', 'anthropic/messages.m3.docs.json', { ...QUESTION, max_tokens: 500 }],
  [
    'chat.anthropic',
    'anthropic/messages.m3.tool_use.docs.json',
    { model: M3, max_tokens: 500, messages: WEATHER, tools: [{ ...about, input_schema: SCHEMA }] },
  ],
  [
    'chat.anthropic',
    'anthropic/messages.m3.stream.docs.sse.txt',
    { model: M3, max_tokens: 500, messages: [{ role: 'user', content: PICTURE }] },
  ],
  [
    'video.v2.create',
    'video/v2.query.succeeded.docs.json',
    { model: 'MiniMax-H3', resolution: '2K', duration: 5 },
  ],
  [
    'video.v2.regenerate',
    'video/v2.query.regeneration.docs.json',
    { model: 'MiniMax-H3', source_task_id: '1' },
  ],
  [
    'video.v2.context_ir',
    'video/v2.query.context_ir.docs.json',
    {
      model: 'MiniMax-H3',
      content: [{ type: 'text', text: '史诗级太空歌剧院线预告：女舰长独自站在巨大观景窗前。' }],
    },
  ],
  ['transcription.create', 'stt/verbose_json.docs.json', { model: 'asr-1.0' }],
  ['music.create', 'music/music_generation.hex.docs.json', { model: 'music-2.6' }],
]

/** A request that allows what a body documents, where the one behind it is not known. */
function requestFor(model: string | null, usage: Usage): object {
  const { output_tokens = 1, characters = 0, images = 1 } = usage
  const prompt = 'word'.repeat(promptTokensIn(usage))
  const limits = {
    max_tokens: output_tokens,
    max_output_tokens: output_tokens,
    tokens_to_generate: output_tokens,
  }
  const said = 'x'.repeat(characters)
  return {
    model: model ?? undefined,
    messages: [prompt],
    ...limits,
    n: images,
    text: said,
    preview_text: said,
  }
}

/** A model of the operation, where the answer names none. */
const MODELS: Readonly<Record<string, string>> = {
  speech: 'speech-2.8-hd',
  image: 'image-01',
  music: 'music-2.6',
  transcription: 'asr-1.0',
}

describe.skipIf(!there)('what is held', () => {
  it.each(PAIRS)('for %s covers what %s says, of its documented request', (operation, file, request) => {
    const reader = file.startsWith('video/v2.query') ? 'video.v2.query' : operation
    const usage = usageIn(reader, file)
    expect(Object.keys(usage)).not.toEqual([])
    const call = callOf(operation, request)
    const { charged, usage: most } = anEstimator().estimate(call)
    expect(charged).toBeGreaterThanOrEqual(billOf(call, usage))
    expect(most.input_tokens ?? 0).toBeGreaterThanOrEqual(promptTokensIn(usage))
  })

  it.each(BODIES.filter(({ operation, usage }) => BILLED.includes(operation) && usage !== null))(
    'for $operation covers what $file says',
    ({ operation, file, model, request }) => {
      const usage = usageIn(operation, file, request)
      const [family = ''] = operation.split('.')
      const call = callOf(operation, request ?? requestFor(model ?? MODELS[family] ?? null, usage))
      const { charged } = anEstimator().estimate(call)
      expect(charged).toBeGreaterThanOrEqual(billOf(call, usage))
      if (model !== 'MiniMax-M3.1') expect(charged).toBeGreaterThan(0n)
    },
  )
})
