import { billed } from '../answer.ts'
import { seconds, traceId } from '../ids.ts'
import { frame, json, sse, text } from '../json.ts'
import type { Answer, Call } from '../types.ts'
import { bench } from './bench.ts'
import { chunker, completion, toolCalls } from './completion.ts'
import { needMessages } from './openai.ts'
import { bill, compose, pieces } from './reply.ts'

/**
 * POST /v1/text/chatcompletion_v2. The stream's last frame is a whole chat.completion with message, usage and
 * base_resp; there is no [DONE] (platform docs: ChatCompletion v2).
 */
export function native(call: Call): Answer {
  const fixed = bench(call)
  if (fixed) return fixed
  const messages = needMessages(call.body)
  const reply = compose(call, [messages], messages, /^MiniMax-M[12]/.test(text(call.body.model)))
  const { model } = reply
  if (call.body.stream !== true) return billed(json(completion(reply, 'split')), bill(reply.usage), { model })
  const id = traceId()
  const created = seconds()
  const chunk = chunker(reply, id, created)
  const from = { role: 'assistant', name: 'MiniMax AI', audio_content: '' }
  const thinking = pieces(reply.thinking).map((piece) =>
    frame(chunk({ reasoning_content: piece, ...from }, undefined)),
  )
  const parts = pieces(reply.text)
  const content = parts.map((piece, i) => {
    const last = i === parts.length - 1 && reply.tool === null
    return frame(chunk({ content: piece, ...from }, undefined, last ? reply.finish : undefined))
  })
  const tools = reply.tool ? [frame(chunk({ ...from, ...toolCalls(reply) }, undefined, reply.finish))] : []
  const frames = [...thinking, ...content, ...tools, frame(completion(reply, 'split', id, created))]
  return billed(sse(frames), bill(reply.usage), { model })
}
