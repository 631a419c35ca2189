import { createHash } from 'node:crypto'
import { billed } from '../answer.ts'
import { invalid } from '../errors.ts'
import { traceId } from '../ids.ts'
import { fields, frame, json, sse, text } from '../json.ts'
import type { Answer, Call, Fields } from '../types.ts'
import { bench } from './bench.ts'
import { needMessages } from './openai.ts'
import { answering, bill, compose, pieces, tokensOf, type Reply } from './reply.ts'

const REASONS = { stop: 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' }

/** Usage of the Anthropic surface: input_tokens excludes what was read from or written to the cache. */
export function anthropicUsage(reply: Reply): Fields {
  const { prompt, cached, written, completion } = reply.usage
  return {
    input_tokens: prompt - cached - written,
    output_tokens: completion,
    cache_creation_input_tokens: written,
    cache_read_input_tokens: cached,
  }
}

/** Thinking is off by default here; M2 always thinks (platform docs: Anthropic-compatible chat). */
function thinks(body: Fields): boolean {
  const kind = text(fields(body.thinking).type)
  return /^MiniMax-(M2|M3\.1)/.test(text(body.model)) || kind === 'adaptive' || kind === 'enabled'
}

/** POST /anthropic/v1/messages. */
export function messages(call: Call): Answer {
  const fixed = bench(call)
  if (fixed) return fixed
  const { body } = call
  const said = needMessages(body)
  if (body.max_tokens === undefined) throw invalid('max_tokens is required')
  const reply = compose(call, [said, body.system], said, thinks(body), true)
  const signature = createHash('sha256').update(reply.thinking).digest('hex')
  const { model } = reply
  if (body.stream === true) {
    const isEmpty = call.steps.degenerate === true
    return billed(sse(stream(reply, signature, isEmpty)), isEmpty ? {} : bill(reply.usage, true), { model })
  }
  const content: Fields[] = []
  if (reply.thinking !== '') content.push({ thinking: reply.thinking, signature, type: 'thinking' })
  content.push({ text: reply.text, type: 'text' })
  if (reply.tool) {
    content.push({ type: 'tool_use', id: reply.tool.id, name: reply.tool.name, input: reply.tool.arguments })
  }
  const whole = {
    id: traceId(),
    type: 'message',
    role: 'assistant',
    model,
    content,
    usage: anthropicUsage(reply),
    stop_reason: REASONS[reply.finish],
  }
  return billed(json(whole), bill(reply.usage, true), { model })
}

function event(type: string, rest: Fields = {}): string {
  return frame({ type, ...rest }, type)
}

/** message_start books the whole prompt as cache_read (recorded, M3); message_delta.usage replaces it. */
function stream(reply: Reply, signature: string, degenerate: boolean): string[] {
  const { prompt } = reply.usage
  const started = {
    id: traceId(),
    type: 'message',
    role: 'assistant',
    content: [],
    model: reply.model,
    stop_reason: null,
    stop_sequence: null,
    usage: degenerate
      ? { input_tokens: 0, output_tokens: 0 }
      : {
          input_tokens: 0,
          output_tokens: 0,
          cache_creation_input_tokens: 0,
          cache_read_input_tokens: prompt,
        },
    service_tier: 'standard',
  }
  const out = [event('message_start', { message: started }), event('ping')]
  if (degenerate) return [...out, event('message_stop')]
  let index = 0
  const block = (content_block: Fields, deltas: Fields[]): void => {
    out.push(event('content_block_start', { index, content_block }))
    for (const delta of deltas) out.push(event('content_block_delta', { index, delta }))
    out.push(event('content_block_stop', { index }))
    index += 1
  }
  if (reply.thinking !== '') {
    const deltas: Fields[] = pieces(reply.thinking).map((thinking) => ({ type: 'thinking_delta', thinking }))
    block({ type: 'thinking', thinking: '' }, [...deltas, { type: 'signature_delta', signature }])
  }
  const deltas = pieces(reply.text).map((part) => ({ type: 'text_delta', text: part }))
  block({ type: 'text', text: '' }, deltas)
  if (reply.tool) {
    const { id, name, arguments: input } = reply.tool
    block({ type: 'tool_use', id, name, input: {} }, [
      { type: 'input_json_delta', partial_json: '' },
      { type: 'input_json_delta', partial_json: JSON.stringify(input) },
    ])
  }
  const delta = { stop_reason: REASONS[reply.finish] }
  return [...out, event('message_delta', { delta, usage: anthropicUsage(reply) }), event('message_stop')]
}

/** POST /anthropic/v1/messages/count_tokens: the same count that a real call would report as its whole prompt. */
export function countTokens(call: Call): Answer {
  const { body } = call
  const said = needMessages(body)
  answering(text(body.model), true)
  return json({ input_tokens: tokensOf(said, body.system, body.tools) })
}
