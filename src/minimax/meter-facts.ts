import { Extractor } from './meter-extract.ts'
import type { Found } from './meter-found.ts'
import { promptSize, promptTokens, type PromptSize } from './meter-prompt.ts'
import { shapeOf } from './meter-shape.ts'
import type { Value } from './meter-value.ts'
import type { Usage } from './units.ts'
import { billedCharacters } from './characters.ts'
import { countOf, usageOf } from './usage.ts'

/** What the request of a call says about its cost. Kept until the call is settled: numbers and short texts only. */
export interface CallFacts {
  readonly operation: string
  readonly model: string | undefined
  readonly stream: boolean
  /**
   * The usage as far as the request alone tells: exactly what is billed where MiniMax does not report it, and a first
   * estimate elsewhere (for chat, of the prompt; for a clip of the second video API, of its seconds).
   */
  readonly usage: Usage
  /** Of the whole prompt, estimated; see `promptTokens`. */
  readonly promptTokens: number
  readonly maxOutputTokens: number | undefined
  readonly serviceTier: string | undefined
  /** In capitals, as `768P`; what MiniMax makes where the request of the first video API is silent. */
  readonly resolution: string | undefined
  /** Seconds of the video that is asked for. */
  readonly duration: number | undefined
  readonly templateId: string | undefined
}

const request = shapeOf({
  model: 'value model',
  stream: 'value stream',
  tier: 'value service_tier',
  maxCompletion: 'value max_completion_tokens',
  max: 'value max_tokens',
  maxOutput: 'value max_output_tokens',
  count: 'value n',
  resolution: 'value resolution',
  duration: 'value duration',
  template: 'value template_id',
  text: 'span text',
  preview: 'span preview_text',
  messages: 'span messages',
  system: 'span system',
  tools: 'span tools',
  instructions: 'span instructions',
  input: 'span input',
  bot: 'span bot_setting',
  texts: 'span texts',
  content: 'span content',
})

type Name = keyof typeof request.slots

/** Operations that take a prompt to count it: they generate nothing and cost nothing. */
export const COUNTING: ReadonlySet<string> = new Set(['chat.input_tokens', 'chat.count_tokens'])

/** Where a prompt stands, in all chat dialects, in embeddings, and in the second video API. */
const PROMPT: readonly Name[] = [
  'messages',
  'system',
  'tools',
  'instructions',
  'input',
  'bot',
  'texts',
  'content',
]

/** An image call makes one image unless it asks for up to nine (image-generation-t2i). */
const MOST_IMAGES = 9
/** What MiniMax makes when a request of the first video API does not say (video-generation-t2v, -i2v). */
const DEFAULT_SECONDS = 6
const DEFAULT_RESOLUTION = { hailuo: '768P', older: '720P' }

const NOTHING: CallFacts = {
  operation: '',
  model: undefined,
  stream: false,
  usage: {},
  promptTokens: 0,
  maxOutputTokens: undefined,
  serviceTier: undefined,
  resolution: undefined,
  duration: undefined,
  templateId: undefined,
}

/**
 * Reads the facts of a request out of its body, of which nothing is kept. Inline files are skipped, not decoded.
 * @param body a JSON body that was checked, whole; null where there is none (GET, forms, WebSockets)
 */
export function requestFacts(operation: string, body: Buffer | null): CallFacts {
  if (body === null) return { ...NOTHING, operation, usage: sold(operation, NOTHING, 0, 1) }
  const json = new Extractor(request)
  json.push(body, 0, body.length)
  const { found } = json
  const { slots } = request
  const value = (name: Name): Value => found.values[slots[name]]
  const sizes = PROMPT.map((name) => sizeAt(body, found, slots[name]))
  const model = textOf(value('model'))
  const asked = {
    ...NOTHING,
    operation,
    model,
    stream: value('stream') === true,
    promptTokens: promptTokens(sizes),
    maxOutputTokens: known(value('maxCompletion')) ?? known(value('max')) ?? known(value('maxOutput')),
    serviceTier: textOf(value('tier')),
    resolution: resolutionOf(operation, model, value('resolution')),
    duration: known(value('duration')) ?? (operation === 'video.create' ? DEFAULT_SECONDS : undefined),
    templateId: textOf(value('template')),
  }
  const characters = charactersAt(body, found, operation === 'voice.design' ? slots.preview : slots.text)
  const count = operation === 'image.create' ? imagesAsked(value('count')) : inputImages(sizes)
  return { ...asked, usage: sold(operation, asked, characters, count) }
}

/** What a call of an operation will use, going by its request. */
function sold(operation: string, facts: CallFacts, characters: number, images: number): Usage {
  switch (operation) {
    case 'image.create':
      return { images }
    case 'music.create':
      return { songs: 1 }
    case 'music.lyrics':
    case 'music.cover_preprocess':
    case 'search.web':
    case 'vision.describe':
      return { requests: 1 }
    case 'video.create':
    case 'video.template.create':
      return { videos: 1 }
    case 'video.v2.create':
    case 'video.v2.regenerate':
      return usage({ video_seconds: facts.duration, input_images: images })
  }
  if (COUNTING.has(operation)) return {}
  const [family] = operation.split('.')
  if (family === 'speech' || family === 'voice') return usage({ characters })
  if (family === 'chat' || family === 'embeddings' || operation === 'video.v2.context_ir')
    return usage({ input_tokens: facts.promptTokens })
  return {}
}

function usage(counts: Parameters<typeof usageOf>[0]): Usage {
  const made = usageOf(counts)
  return made === 'wrong' ? {} : made
}

function sizeAt(body: Buffer, found: Found, slot: number): PromptSize {
  return promptSize(body, found.number(slot), found.more[slot] ?? 0)
}

function inputImages(sizes: readonly PromptSize[]): number {
  return sizes.reduce((sum, size) => sum + size.images, 0)
}

function imagesAsked(value: Value): number {
  const count = known(value) ?? 1
  return Math.min(Math.max(count, 1), MOST_IMAGES)
}

function charactersAt(body: Buffer, found: Found, slot: number): number {
  const from = found.number(slot)
  const to = found.more[slot] ?? 0
  if (to === 0) return 0
  try {
    const text: unknown = JSON.parse(body.toString('utf8', from, to))
    return typeof text === 'string' ? billedCharacters(text) : 0
  } catch {
    return 0
  }
}

function textOf(value: Value): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function known(value: Value): number | undefined {
  const count = countOf(value)
  return count === undefined || Number.isNaN(count) ? undefined : count
}

function resolutionOf(operation: string, model: string | undefined, value: Value): string | undefined {
  const asked = textOf(value)
  if (asked !== undefined) return asked.slice(0, 16).toUpperCase()
  if (operation !== 'video.create') return undefined
  return model?.startsWith('MiniMax-Hailuo') === false ? DEFAULT_RESOLUTION.older : DEFAULT_RESOLUTION.hailuo
}
