import { at } from '../helpers/calls.ts'

/** A usage as an answer said it; undefined when it said none. */
export type Said = Readonly<Record<string, number>> | undefined

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

function some(usage: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(usage).filter(([, quantity]) => quantity > 0))
}

/** The JSON documents of an answer: its whole, or the data of its events. */
function documents(body: string): unknown[] {
  if (!/^(data|event):/m.test(body)) return [JSON.parse(body)]
  return body
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line): unknown => JSON.parse(line.slice(6)))
}

/** The last document in which something stands at a path. */
function last(body: string, path: string): unknown {
  const found = documents(body).findLast(
    (document) => typeof at(document, path) === 'object' && at(document, path) !== null,
  )
  return at(found, path)
}

/** Chat on the OpenAI and native surfaces: the prompt includes what was cached. */
export function completionUsage(body: string): Said {
  const usage = last(body, 'usage')
  if (at(usage, 'prompt_tokens') === undefined) return undefined
  const cached = count(at(usage, 'prompt_tokens_details.cached_tokens'))
  return some({
    input_tokens: count(at(usage, 'prompt_tokens')) - cached,
    cached_tokens: cached,
    output_tokens: count(at(usage, 'completion_tokens')),
  })
}

export function responsesUsage(body: string): Said {
  const usage = last(body, 'response.usage') ?? last(body, 'usage')
  const cached = count(at(usage, 'input_tokens_details.cached_tokens'))
  return some({
    input_tokens: count(at(usage, 'input_tokens')) - cached,
    cached_tokens: cached,
    output_tokens: count(at(usage, 'output_tokens')),
  })
}

/** The prompt excludes what was cached; the usage at the end replaces that at the start. */
export function messagesUsage(body: string): Said {
  const usage = last(body, 'usage')
  return some({
    input_tokens: count(at(usage, 'input_tokens')),
    cached_tokens: count(at(usage, 'cache_read_input_tokens')),
    cache_write_tokens: count(at(usage, 'cache_creation_input_tokens')),
    output_tokens: count(at(usage, 'output_tokens')),
  })
}

export function speechUsage(body: string): Said {
  return some({ characters: count(at(last(body, 'extra_info'), 'usage_characters')) })
}

export function imageUsage(body: string): Said {
  return { images: Number(at(JSON.parse(body), 'metadata.success_count')) }
}

export function transcriptionUsage(body: string): Said {
  return { audio_seconds: count(at(JSON.parse(body), 'duration')) }
}

/** For what costs nothing, or nothing yet. */
export function noUsage(): Said {
  return {}
}
