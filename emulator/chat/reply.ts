import { fields, isFields, list, number, text, write } from '../json.ts'
import { Refusal, invalid } from '../errors.ts'
import type { Usage as Bill } from '../answer.ts'
import type { Call, Fields } from '../types.ts'

/** Tokens of a text: one per four UTF-8 bytes, rounded up. The one rule from which every usage here follows. */
export function tokens(of: string): number {
  return Math.ceil(Buffer.byteLength(of) / 4)
}

/** Tokens of JSON values: of their compact JSON text, each value for itself; undefined counts nothing. */
export function tokensOf(...values: unknown[]): number {
  return values.reduce<number>(
    (sum, value) => sum + (value === undefined ? 0 : tokens(JSON.stringify(value))),
    0,
  )
}

/**
 * Usage of a chat call. Rules, so that a test can recompute them:
 * prompt = tokensOf(messages) (+ system, instructions or tools when present);
 * cached = half of the prompt (rounded down) when it has 64 tokens or more, else 0;
 * written (Anthropic, only when the body says cache_control) = a quarter of it;
 * reasoning = tokens(thinking text); completion = tokens(thinking) + tokens(reply) + tokensOf(tool arguments).
 */
export interface Usage {
  prompt: number
  cached: number
  written: number
  completion: number
  reasoning: number
}

/**
 * What the platform bills for it.
 * @param hasWritten whether the surface tells what was written to the cache
 */
export function bill({ prompt, cached, written, completion }: Usage, hasWritten = false): Bill {
  const apart = hasWritten ? written : 0
  return {
    input_tokens: prompt - cached - apart,
    cached_tokens: cached,
    cache_write_tokens: apart,
    output_tokens: completion,
  }
}

/** What the emulated model says. */
export interface Reply {
  text: string
  thinking: string
  tool: { id: string; name: string; arguments: Fields } | null
  finish: 'stop' | 'length' | 'tool_calls'
  usage: Usage
  model: string
}

/** The last thing a user said, in any of the message shapes. */
export function lastWords(messages: unknown): string {
  if (typeof messages === 'string') return messages
  for (const message of list(messages).toReversed()) {
    const { role, sender_type, content, text: plain } = fields(message)
    if (role !== undefined && role !== 'user') continue
    if (sender_type !== undefined && sender_type !== 'USER') continue
    if (typeof plain === 'string') return plain
    if (typeof content === 'string') return content
    const words = list(content).map((part) => text(fields(part).text))
    if (words.some((word) => word !== '')) return words.join(' ').trim()
  }
  return ''
}

/** Model names the platform knows; everything else is refused as it would be. */
const KNOWN = /^(MiniMax-|abab|M2-her|minimax-|scenario:|bench-)/

/** The model that answers: scenario names are answered by M3, foreign names only on the Anthropic surface, by M2.7. */
export function answering(model: string, foreign: boolean): string {
  if (model === '') throw invalid('model is required')
  if (/^(scenario:|bench-)/.test(model)) return 'MiniMax-M3'
  if (KNOWN.test(model)) return model
  if (foreign) return 'MiniMax-M2.7'
  throw invalid(`unknown model '${model}'`)
}

function sample(schema: Fields): unknown {
  if (Array.isArray(schema.enum)) return list(schema.enum)[0]
  if (schema.type === 'number' || schema.type === 'integer') return 1
  if (schema.type === 'boolean') return true
  if (schema.type === 'array') return []
  if (schema.type === 'object') return {}
  return 'Berlin'
}

/** A tool call, when the last words name one of the tools offered or ask for "a tool". */
function toolCall(body: Fields, said: string): Reply['tool'] {
  const choice = isFields(body.tool_choice) ? body.tool_choice.type : body.tool_choice
  if (choice === 'none') return null
  for (const tool of list(body.tools)) {
    const spec = isFields(fields(tool).function) ? fields(fields(tool).function) : fields(tool)
    const name = text(spec.name)
    const schema = fields(spec.parameters ?? spec.input_schema)
    if (name === '' || !(said.includes(name) || /\btool\b/i.test(said))) continue
    const required = list(schema.required).map((key) => text(key))
    const given = Object.fromEntries(
      required.map((key) => [key, sample(fields(fields(schema.properties)[key]))]),
    )
    return { id: 'call_function_emulator00001_1', name, arguments: given }
  }
  return null
}

function shorten(words: string, maxTokens: number): string {
  let out = words.slice(0, maxTokens * 4)
  while (tokens(out) > maxTokens) out = out.slice(0, -1)
  return out
}

/**
 * Composes the reply of a chat call: echo-like, the same for the same request.
 * `input` is what the prompt tokens are counted over, `thinks` whether this model and surface think for this request.
 */
export function compose(
  call: Call,
  input: unknown[],
  messages: unknown,
  thinks: boolean,
  foreign = false,
): Reply {
  const { body, steps } = call
  const model = answering(text(body.model), foreign)
  if (model.startsWith('MiniMax-M3.1') && fields(body.thinking).type === 'disabled') {
    throw new Refusal(2013, `model "${model}" requires adaptive thinking`)
  }
  const said = lastWords(messages)
  const prompt = tokensOf(...input, body.tools)
  const tool = toolCall(body, said)
  const thinking = thinks ? 'The user wrote to me. I repeat it in a friendly way.' : ''
  let reply = `Hello! You said: ${said.length > 120 ? `${said.slice(0, 120)}…` : said}`
  if (tool) reply = `I look that up with ${tool.name}.`
  if (steps.words !== undefined)
    reply = Array.from({ length: steps.words }, (_, i) => `word${i + 1}`).join(' ')
  const reasoning = tokens(thinking)
  const limit = number(body.max_completion_tokens ?? body.max_tokens ?? body.max_output_tokens, Infinity)
  let finish: Reply['finish'] = tool ? 'tool_calls' : 'stop'
  if (!tool && tokens(reply) > limit - reasoning) {
    reply = shorten(reply, Math.max(0, limit - reasoning))
    finish = 'length'
  }
  const cached = prompt >= 64 ? Math.floor(prompt / 2) : 0
  const written = cached > 0 && write(body).includes('"cache_control"') ? Math.floor(prompt / 4) : 0
  const completion = reasoning + tokens(reply) + (tool ? tokensOf(tool.arguments) : 0)
  return {
    text: reply,
    thinking,
    tool,
    finish,
    usage: { prompt, cached, written, completion, reasoning },
    model,
  }
}

/** The reply in the pieces in which it is streamed: a few words each, two pieces at least when there are two words. */
export function pieces(of: string): string[] {
  const words = of.match(/\S+\s*|\s+/g) ?? []
  const each = Math.max(1, Math.min(4, Math.ceil(words.length / 3)))
  const out: string[] = []
  for (let i = 0; i < words.length; i += each) out.push(words.slice(i, i + each).join(''))
  return out
}
