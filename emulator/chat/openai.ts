import { billed } from '../answer.ts'
import { invalid } from '../errors.ts'
import { seconds, traceId } from '../ids.ts'
import { fields, FINE, frame, json, list, sse, text } from '../json.ts'
import type { Ending } from '../scenarios.ts'
import type { Answer, Call, Fields } from '../types.ts'
import { bench } from './bench.ts'
import { chunker, completion, contentOf, NO_USAGE, toolCalls, usageOf, type Reasoning } from './completion.ts'
import { bill, compose, pieces, type Reply } from './reply.ts'

/** Which ending a model's stream has; the first row that fits. `b` is replaced by `a` unless include_usage was asked. */
const ENDINGS: { models: RegExp; ending: Ending }[] = [
  { models: /^MiniMax-M2\.7/, ending: 'c' },
  { models: /./, ending: 'b' },
]

/** Refuses a chat body without messages (recorded: Anthropic surface, code 2013). */
export function needMessages(body: Fields): unknown[] {
  const messages = list(body.messages)
  if (messages.length === 0) throw invalid('messages must not be empty')
  return messages
}

/** Thinking is on unless M3 was told not to; M2 cannot be told (platform docs: OpenAI-compatible chat). */
function thinks(body: Fields): boolean {
  const model = text(body.model)
  if (/^(MiniMax-M2|MiniMax-M1|MiniMax-M3\.1)/.test(model)) return true
  return model.startsWith('MiniMax-M3') && fields(body.thinking).type !== 'disabled'
}

/** POST /v1/chat/completions: JSON, or chunks with one of the four endings and `data: [DONE]`. */
export function openai(call: Call): Answer {
  const fixed = bench(call)
  if (fixed) return fixed
  const { body } = call
  const messages = needMessages(body)
  if (body.n !== undefined && body.n !== 1) throw invalid('n must be 1')
  const reply = compose(call, [messages], messages, thinks(body))
  const reasoning: Reasoning = body.reasoning_split === true ? 'split' : 'inline'
  const { model } = reply
  if (body.stream !== true) return billed(json(completion(reply, reasoning)), bill(reply.usage), { model })
  const include = fields(body.stream_options).include_usage === true
  const usual = ENDINGS.find((row) => row.models.test(reply.model))?.ending ?? 'a'
  const ending = call.steps.ending ?? (usual === 'b' && !include ? 'a' : usual)
  const told = ending !== 'a'
  return billed(sse(openaiFrames(reply, reasoning, ending)), bill(reply.usage), { model, told })
}

function openaiFrames(reply: Reply, reasoning: Reasoning, ending: Ending): string[] {
  const id = traceId()
  const created = seconds()
  const chunk = chunker(reply, id, created)
  const held = ending === 'c' ? NO_USAGE : null
  const from = { role: 'assistant', name: 'MiniMax AI' }
  const out: string[] = []
  if (reasoning === 'split' && reply.thinking !== '') {
    for (const piece of pieces(reply.thinking)) {
      out.push(frame(chunk({ role: '', reasoning_content: piece }, held)))
    }
  }
  const parts = pieces(contentOf(reply, reasoning))
  const calls = toolCalls(reply)
  parts.forEach((content, i) => {
    const last = i === parts.length - 1 && reply.tool === null && (ending === 'a' || ending === 'b')
    out.push(frame(chunk({ content, ...from, audio_content: '' }, held, last ? reply.finish : undefined)))
  })
  if (reply.tool) {
    out.push(
      frame(chunk({ ...from, ...calls }, held, ending === 'a' || ending === 'b' ? reply.finish : undefined)),
    )
  } else if (parts.length === 0 && (ending === 'a' || ending === 'b')) {
    out.push(frame(chunk({ content: '', ...from }, held, reply.finish)))
  }
  if (ending === 'b') out.push(frame(chunk(null, usageOf(reply))))
  if (ending === 'c') out.push(frame(completion(reply, reasoning, id, created)))
  if (ending === 'd') {
    const { total_tokens: _total, ...usage } = usageOf(reply)
    const choices = [{ finish_reason: reply.finish, index: 0, delta: {}, output_sensitive_int: 0 }]
    out.push(frame({ id, choices, model: reply.model, base_resp: FINE, usage }))
  }
  out.push('data: [DONE]\n\n')
  return out
}
