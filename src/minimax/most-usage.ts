/**
 * The most that a call may use, going by its request alone: one row for each operation that is billed. Money and units
 * are held by it before the call is sent; docs/holds.md has the numbers in one table. Each number is a documented limit
 * of MiniMax where there is one, and says so where there is none.
 */
import type { CallFacts } from './meter-facts.ts'
import type { Usage } from './units.ts'
import { MAX_COUNT, usageOf } from './usage.ts'

/** What the request does not say. */
export interface Given {
  /** Tokens that one answer is taken to have at the most where the request names no maximum. */
  readonly outputTokens: number
  /** Bytes of the file that the call is about, or of the form that holds it; undefined: not known. */
  readonly bytes: number | undefined
  /** How many of the voices that are named may still owe their one-off fee. */
  readonly voices: number
}

/**
 * What a chat template and MiniMax's own words put around a prompt: with M3 the documented prompt of 170 tokens is a
 * question of about 12 (text-chat-openai).
 */
const TEMPLATE_TOKENS = 256
/** H3-Context-IR puts its instructions around the prompt: one sentence made a prompt of 5,664 tokens (video-generation-v2-query). */
const CONTEXT_TOKENS = 8192
/** The largest picture that M3 takes: 12,845,056 pixels, a token for 28 × 28 of them. Documented: "15k+" (text-chat-openai, `detail`). */
const IMAGE_TOKENS = 16_384
/** The largest video that M3 takes: 301,056,000 pixels over all frames, a token for 28 × 28 of two frames (M3's published processor). */
const VIDEO_TOKENS = 192_000
/** The longest context of any model: the "1M" of M3 (text-chat-openai). A longer prompt is refused, and costs nothing. */
const CONTEXT_WINDOW = 1_048_576
/** No model writes more: 524288 is the largest `max_completion_tokens` (text-chat-openai). */
const MOST_OUTPUT = 524_288

/** Nothing is published about how often the server searches within one call, nor about the length of what it finds. */
const WEB_SEARCHES = 5
const WEB_SEARCH_TOKENS = 8192

/** A text file is shorter than a million characters (speech-t2a-async-create, `text_file_id`). */
const FILE_CHARACTERS = 1_000_000
/** The longest text of one message of a WebSocket, and what is held for a session before any has come (speech-t2a-websocket). */
export const SESSION_CHARACTERS = 10_000

/** Audio is transcribed up to this length (speech-to-text). */
const MOST_AUDIO_SECONDS = 500
/** 6 kbit/s, the least bit rate of Opus; that of MP3 is 8. */
const LEAST_BYTES_PER_SECOND = 750

/** The longest video of the second API, and the longest that its reference videos may be together (video-generation-v2-create). */
const MOST_VIDEO_SECONDS = 15
const MOST_REFERENCE_SECONDS = 15
/** The most reference images that the first task of a regeneration may have had (video-generation-v2-create). */
const MOST_REFERENCE_IMAGES = 9

/** @returns `{}` where the call cannot cost anything */
export type Most = (facts: CallFacts, given: Given) => Usage

function counted(counts: Parameters<typeof usageOf>[0]): Usage {
  const usage = usageOf(counts)
  return usage === 'wrong' ? {} : usage
}

/**
 * Every token of a text is at least one byte of it in UTF-8: models split bytes, and never halve one. English has about
 * four bytes a token and Chinese five, so the bound is that much too high; only digits, rare scripts and noise reach it.
 */
function promptMost({ promptBytes, promptImages, promptVideos }: CallFacts, around: number): number {
  const parts = promptImages * IMAGE_TOKENS + promptVideos * VIDEO_TOKENS
  return Math.min(CONTEXT_WINDOW, around + promptBytes + parts)
}

function outputMost({ maxOutputTokens, choices }: CallFacts, { outputTokens }: Given): number {
  const one = maxOutputTokens === undefined ? outputTokens : Math.min(maxOutputTokens, MOST_OUTPUT)
  return Math.min(MAX_COUNT, one * choices)
}

const chat: Most = (facts, given) => {
  const searches = facts.searchesWeb ? WEB_SEARCHES : 0
  return counted({
    input_tokens: promptMost(facts, TEMPLATE_TOKENS + searches * WEB_SEARCH_TOKENS),
    output_tokens: outputMost(facts, given),
    web_searches: searches,
  })
}

/** Exactly what the request says: it is billed by it, or may only come out cheaper. */
const asAsked: Most = (facts) => facts.usage

const speech: Most = (facts, { voices }) => counted({ characters: facts.usage.characters, voices })

const speechTask: Most = (facts, { bytes, voices }) =>
  facts.isTextInFile
    ? counted({ characters: Math.min(FILE_CHARACTERS, bytes ?? FILE_CHARACTERS), voices })
    : counted({ characters: facts.usage.characters, voices })

const session: Most = (_, { voices }) => counted({ characters: SESSION_CHARACTERS, voices })

/** A clone costs nothing before its first use, and its preview is one. */
const clone: Most = ({ usage: { characters = 0 } }) => counted({ characters, voices: characters > 0 ? 1 : 0 })

const transcription: Most = (_, { bytes }) => {
  const seconds = bytes === undefined ? MOST_AUDIO_SECONDS : Math.ceil(bytes / LEAST_BYTES_PER_SECOND)
  return counted({ audio_seconds: Math.min(MOST_AUDIO_SECONDS, seconds) })
}

const video: Most = ({ duration = 0, promptImages, promptVideos }) =>
  counted({
    video_seconds: duration === 0 ? MOST_VIDEO_SECONDS : duration,
    input_images: promptImages,
    input_video_seconds: promptVideos === 0 ? 0 : MOST_REFERENCE_SECONDS,
  })

/** As long as its source, whose input is billed anew; where only the source's id is told, all that it may have had. */
const regeneration: Most = ({ duration = 0, promptBytes, promptImages }) =>
  counted({
    video_seconds: duration === 0 ? MOST_VIDEO_SECONDS : duration,
    input_images: promptBytes === 0 ? MOST_REFERENCE_IMAGES : promptImages,
    input_video_seconds: MOST_REFERENCE_SECONDS,
  })

const context: Most = (facts, { outputTokens }) =>
  counted({ input_tokens: promptMost(facts, CONTEXT_TOKENS), output_tokens: outputTokens })

/** By operation. One that is not here costs nothing. */
export const MOST: ReadonlyMap<string, Most> = new Map(
  Object.entries({
    'chat.native': chat,
    'chat.openai': chat,
    'chat.responses': chat,
    'chat.anthropic': chat,
    'chat.legacy': chat,
    'chat.legacy_pro': chat,
    'embeddings.create': (facts) => counted({ input_tokens: promptMost(facts, 0) }),
    'search.web': asAsked,
    'vision.describe': asAsked,

    'speech.sync': speech,
    'speech.legacy_pro': speech,
    'speech.async.create': speechTask,
    'speech.websocket': session,
    'speech.websocket_bidi': session,

    'voice.clone': clone,
    'voice.design': asAsked,

    'transcription.create': transcription,

    'video.create': asAsked,
    'video.template.create': asAsked,
    'video.v2.create': video,
    'video.v2.regenerate': regeneration,
    'video.v2.context_ir': context,

    'image.create': asAsked,
    'music.create': asAsked,
    'music.lyrics': asAsked,
    'music.cover_preprocess': asAsked,
  } satisfies Record<string, Most>),
)
