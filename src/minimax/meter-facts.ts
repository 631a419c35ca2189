import { Extractor } from './meter-extract.ts'
import type { Found } from './meter-found.ts'
import { promptOf, promptSize, type PromptSize } from './meter-prompt.ts'
import { shapeOf } from './meter-shape.ts'
import type { Value } from './meter-value.ts'
import type { Usage } from './units.ts'
import { billedCharacters } from './characters.ts'
import { speechRequest, type SpeechRequest } from './meter-speech-request.ts'
import { countOf, usageOf } from './usage.ts'

/** What the request of a call says about its cost. Kept until the call is settled: numbers and short texts only. */
export interface CallFacts extends SpeechRequest {
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
  /** Of the prompt as compact JSON; of its files only those that belong to no image or video. */
  readonly promptBytes: number
  /** Images and videos within the prompt, inline or by reference. */
  readonly promptImages: number
  readonly promptVideos: number
  /** The largest that the dialect reads; a maximum of zero is none. */
  readonly maxOutputTokens: number | undefined
  /** Answers that are asked for: `n`. */
  readonly choices: number
  /** Whether the server may search the web for the answer. */
  readonly searchesWeb: boolean
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
  maxLegacy: 'value tokens_to_generate',
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
  format: 'span response_format',
  constraints: 'span reply_constraints',
  samples: 'span sample_messages',
  functions: 'span functions',
})

type Name = keyof typeof request.slots

/** Operations that take a prompt to count it: they generate nothing and cost nothing. */
export const COUNTING: ReadonlySet<string> = new Set(['chat.input_tokens', 'chat.count_tokens'])

const slotsOf = (...names: readonly Name[]): readonly number[] => names.map((name) => request.slots[name])

/** Where a prompt stands, in all chat dialects, in embeddings, and in the second video API. */
const PROMPT = slotsOf(
  'messages',
  'system',
  'tools',
  'instructions',
  'input',
  'bot',
  'texts',
  'content',
  'format',
  'constraints',
  'samples',
  'functions',
)

/** The parts of a prompt in which images and videos may stand (text-chat-openai, -anthropic, responses-create, video v2). */
const MEDIA = new Set(slotsOf('messages', 'input', 'content'))

/** Where a chat request says how much may be written; in other dialects than its own MiniMax does not read a name. */
const MAXIMA: Readonly<Record<string, readonly number[]>> = {
  'chat.native': slotsOf('max', 'maxCompletion'),
  'chat.openai': slotsOf('max', 'maxCompletion'),
  'chat.anthropic': slotsOf('max'),
  'chat.responses': slotsOf('maxOutput'),
  'chat.legacy': slotsOf('maxLegacy', 'max'),
  'chat.legacy_pro': slotsOf('maxLegacy', 'max'),
}

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
  promptBytes: 0,
  promptImages: 0,
  promptVideos: 0,
  maxOutputTokens: undefined,
  choices: 1,
  searchesWeb: false,
  voices: [],
  isTextInFile: false,
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
  const model = textOf(value('model'))
  const { sizes, searchesWeb } = measured(body, found)
  const prompt = promptOf(sizes)
  const duration = known(value('duration')) ?? (operation === 'video.create' ? DEFAULT_SECONDS : undefined)
  const characters = charactersAt(body, found, operation === 'voice.design' ? slots.preview : slots.text)
  const images = operation === 'image.create' ? imagesAsked(value('count')) : prompt.images
  const speech = operation.startsWith('speech.') ? speechRequest(body) : NOTHING
  return {
    operation,
    model,
    stream: value('stream') === true,
    usage: sold(operation, { promptTokens: prompt.tokens, duration }, characters, images),
    promptTokens: prompt.tokens,
    promptBytes: prompt.bytes,
    promptImages: prompt.images,
    promptVideos: prompt.videos,
    maxOutputTokens: largest(MAXIMA[operation], found),
    choices: Math.max(1, known(value('count')) ?? 1),
    searchesWeb,
    voices: speech.voices,
    isTextInFile: speech.isTextInFile,
    serviceTier: textOf(value('tier')),
    resolution: resolutionOf(operation, model, value('resolution')),
    duration,
    templateId: textOf(value('template')),
  }
}

/** What a call of an operation will use, going by its request. */
function sold(
  operation: string,
  facts: Pick<CallFacts, 'promptTokens' | 'duration'>,
  characters: number,
  images: number,
): Usage {
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

/** The sizes of all that a prompt is made of; and whether the server's search stands among its tools: elsewhere it is only said. */
function measured(
  body: Buffer,
  found: Found,
): { readonly sizes: readonly PromptSize[]; readonly searchesWeb: boolean } {
  const sizes: PromptSize[] = []
  let searchesWeb = false
  for (const slot of PROMPT) {
    const to = found.more[slot] ?? 0
    if (to === 0) continue
    const size = promptSize(body, found.number(slot), to, !MEDIA.has(slot))
    if (slot === request.slots.tools) searchesWeb = size.searches > 0
    sizes.push(size)
  }
  return { sizes, searchesWeb }
}

/** @returns undefined where none is more than zero */
function largest(slots: readonly number[] | undefined, { values }: Found): number | undefined {
  let most = 0
  for (const slot of slots ?? []) most = Math.max(most, known(values[slot]) ?? 0)
  return most > 0 ? most : undefined
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
