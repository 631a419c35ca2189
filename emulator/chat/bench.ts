import { fields, FINE, frame, text } from '../json.ts'
import { frames, mp3 } from '../media/mp3.ts'
import type { Answer, Call } from '../types.ts'

const usage = { total_tokens: 30, total_characters: 0, prompt_tokens: 20, completion_tokens: 10 }
const head = { id: '06be0000000000000000000000000000', created: 1780000000, model: 'MiniMax-M3' }
const anthropicUsage = {
  input_tokens: 20,
  output_tokens: 10,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
}

const BILL = { usage: { input_tokens: 20, output_tokens: 10 }, model: head.model }

const JSON_BODY = Buffer.from(
  JSON.stringify({
    ...head,
    choices: [
      {
        finish_reason: 'stop',
        index: 0,
        message: { content: 'Hello!', role: 'assistant', name: 'MiniMax AI' },
      },
    ],
    object: 'chat.completion',
    usage,
    base_resp: FINE,
  }),
)
const ANTHROPIC_BODY = Buffer.from(
  JSON.stringify({
    id: head.id,
    type: 'message',
    role: 'assistant',
    model: head.model,
    content: [{ text: 'Hello!', type: 'text' }],
    usage: anthropicUsage,
    stop_reason: 'end_turn',
  }),
)

/** Joins frames into ten writes. */
function writes(all: string[]): Buffer[] {
  const each = Math.ceil(all.length / 10)
  return Array.from({ length: 10 }, (_, i) => Buffer.from(all.slice(i * each, (i + 1) * each).join('')))
}

function chunk(choices: unknown[], counted: unknown): string {
  return frame({ ...head, choices, object: 'chat.completion.chunk', usage: counted })
}

/** @param usages the chunk of usage, or none */
function openaiStream(usages: string[]): Buffer[] {
  return writes([
    ...Array.from({ length: 199 }, (_, i) =>
      chunk([{ index: 0, delta: { content: `word${i} `, role: 'assistant' } }], null),
    ),
    chunk([{ finish_reason: 'stop', index: 0, delta: { content: '.', role: 'assistant' } }], null),
    ...usages,
    'data: [DONE]\n\n',
  ])
}

const OPENAI_STREAM = openaiStream([])
const OPENAI_STREAM_WITH_USAGE = openaiStream([chunk([], usage)])

const ANTHROPIC_STREAM = writes([
  frame({ type: 'message_start', message: { ...head, content: [], usage: anthropicUsage } }, 'message_start'),
  frame(
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    'content_block_start',
  ),
  ...Array.from({ length: 200 }, (_, i) =>
    frame(
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: `word${i} ` } },
      'content_block_delta',
    ),
  ),
  frame({ type: 'content_block_stop', index: 0 }, 'content_block_stop'),
  frame(
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: anthropicUsage },
    'message_delta',
  ),
  frame({ type: 'message_stop' }, 'message_stop'),
])

let audio: Buffer | undefined

/** 1 MB of hex audio in the answer of t2a_v2, made once. */
function audioBody(): Buffer {
  if (audio) return audio
  const clip = mp3(1000, 32000, 128000, 1)
  const bytes = frames(clip, Math.ceil(524288 / clip.frame.length))
  const extra_info = {
    audio_length: 32760,
    audio_sample_rate: 32000,
    audio_size: bytes.length,
    usage_characters: 1000,
  }
  const base_resp = { status_code: 0, status_msg: 'success' }
  audio = Buffer.from(
    JSON.stringify({ data: { audio: bytes.toString('hex'), status: 2 }, extra_info, base_resp }),
  )
  return audio
}

/**
 * Answers that cost next to nothing, for a benchmark: models `bench-json`, `bench-sse-200`, `bench-audio-1mb`
 * (or the scenarios of these names). undefined for every other call.
 */
export function bench(call: Call): Answer | undefined {
  const model = text(call.body.model)
  const kind = call.steps.bench ?? (model.startsWith('bench-') ? model.split('-')[1] : undefined)
  if (kind === undefined) return undefined
  const anthropic = call.operation.dialect === 'anthropic'
  if (kind === 'audio')
    return { status: 200, type: 'application/json', body: audioBody(), usage: { characters: 1000 } }
  if (kind === 'sse') {
    const asked = fields(call.body.stream_options).include_usage === true
    const openai = asked ? OPENAI_STREAM_WITH_USAGE : OPENAI_STREAM
    const body = anthropic ? ANTHROPIC_STREAM : openai
    return { status: 200, type: 'text/event-stream', body, stream: true, ...BILL, told: anthropic || asked }
  }
  return { status: 200, type: 'application/json', body: anthropic ? ANTHROPIC_BODY : JSON_BODY, ...BILL }
}
