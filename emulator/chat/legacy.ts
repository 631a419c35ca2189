import { billed, type Usage } from '../answer.ts'
import { invalid } from '../errors.ts'
import { seconds, traceId } from '../ids.ts'
import { FINE, frame, json, list, sse, SUCCESS, text } from '../json.ts'
import type { Answer, Call } from '../types.ts'
import { needMessages } from './openai.ts'
import { compose, pieces, tokens, type Reply } from './reply.ts'

/** These two surfaces tell the total alone, of which the text is the output; they know no cache. */
function totalOf({ usage, text: said }: Reply): Usage {
  const output = tokens(said)
  return { input_tokens: usage.prompt + usage.completion - output, output_tokens: output }
}

const SENSITIVE = { input_sensitive: false, output_sensitive: false }

/** POST /v1/text/chatcompletion (oldest chat): reply, choices[].text or delta, usage.total_tokens. */
export function chat(call: Call): Answer {
  const messages = needMessages(call.body)
  const reply = compose(call, [messages], messages, false)
  const created = seconds()
  const usage = { total_tokens: reply.usage.prompt + reply.usage.completion }
  const head = { created, model: reply.model }
  const choices = [{ finish_reason: 'stop', text: reply.text, index: 0 }]
  const end = { ...head, reply: reply.text, choices, usage, ...SENSITIVE, id: traceId(), base_resp: FINE }
  const { model } = reply
  if (call.body.stream !== true) return billed(json(end), totalOf(reply), { model })
  const frames = pieces(reply.text).map((delta) =>
    frame({ ...head, reply: '', choices: [{ delta, index: 0 }] }),
  )
  const all = [...frames, frame({ ...end, choices: [{ delta: '', finish_reason: 'stop', index: 0 }] })]
  const written = call.body.use_standard_sse === true ? all : all.map((one) => one.replace('\n\n', '\n'))
  return billed(sse(written), totalOf(reply), { model })
}

/** POST /v1/text/chatcompletion_pro: bot_setting and sender_type; stream usage in the last frame only. */
export function chatPro(call: Call): Answer {
  const messages = needMessages(call.body)
  const name = 'MM智能助理'
  const reply = compose(call, [messages, call.body.bot_setting], messages, false)
  const head = { created: seconds(), model: reply.model }
  const message = (said: string) => ({ sender_type: 'BOT', sender_name: name, text: said })
  const end = {
    ...head,
    reply: reply.text,
    choices: [{ finish_reason: 'stop', messages: [message(reply.text)] }],
    usage: { total_tokens: reply.usage.prompt + reply.usage.completion },
    ...SENSITIVE,
    id: traceId(),
    base_resp: FINE,
  }
  const { model } = reply
  if (call.body.stream !== true) return billed(json(end), totalOf(reply), { model })
  const frames = pieces(reply.text).map((piece) =>
    frame({ ...head, reply: '', choices: [{ messages: [message(piece)] }], output_sensitive: false }),
  )
  return billed(sse([...frames, frame(end)]), totalOf(reply), { model })
}

/** POST /v1/embeddings: embo-01, 1536 numbers per text. */
export function embeddings(call: Call): Answer {
  const texts = list(call.body.texts).map((value) => text(value))
  if (texts.length === 0) throw invalid('texts is required')
  if (text(call.body.model) === '') throw invalid('model is required')
  const vectors = texts.map((of) => {
    const start = Array.from(of).reduce((sum, char) => (sum * 31 + (char.codePointAt(0) ?? 0)) % 10007, 7)
    return Array.from({ length: 1536 }, (_, i) => Math.round(Math.sin(start + i) * 1e6) / 1e6)
  })
  const total_tokens = texts.reduce((sum, of) => sum + tokens(of), 0)
  return billed(json({ vectors, total_tokens, base_resp: SUCCESS }), { input_tokens: total_tokens })
}
