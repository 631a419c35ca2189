import type { ReportedFailure } from './dialects.ts'
import { COUNTING, type CallFacts } from './meter-facts.ts'
import type { Usage } from './units.ts'
import { promptTokensIn, usageOf } from './usage.ts'

/** What went to the caller, for an estimate when an answer was cut. */
export interface Delivered {
  /** Of text, decoded. For a WebSocket, billed characters of the texts that were spoken or wait to be. */
  readonly characters: number
  /** Of text, decoded; of audio, the audio itself. */
  readonly bytes: number
  /** Frames of a stream, or one for a document. */
  readonly frames: number
  /** Tokens of the text, estimated; see `tokensOfBytes`. */
  readonly tokens: number
}

/** What a meter has read so far. */
export interface Reading {
  /** The last usage that was not zero; null: none yet. */
  readonly usage: Usage | null
  /** The model that answered: it is billed, not the one that was asked for. */
  readonly model: string | null
  /** The service tier that the answer names. */
  readonly serviceTier: string | null
  /** The resolution that a video task names. */
  readonly resolution: string | null
  readonly failure: ReportedFailure | undefined
  /** The final usage was seen: it is what MiniMax bills. */
  readonly isComplete: boolean
  /** False once something came that could not be read, or a usage that cannot be. */
  readonly isReadable: boolean
  /** The answer itself said that it ends, or its document is whole: what has not come will not come. */
  readonly hasEnded: boolean
  readonly delivered: Delivered
}

/**
 * The usage of a call, reported or else estimated.
 *
 * - A final usage counts as it is. A call that failed costs nothing without one.
 * - Chat: the prompt as a preliminary usage says it, else estimated from the request; and the text that was delivered.
 *   What came from the cache is not known then, so all of the prompt counts as input.
 * - Speech bills the text of the request, whatever was heard of it; music bills a song: both once audio was delivered.
 * - An answer that ended by itself, said nothing and delivered nothing costs nothing.
 */
export function estimate(reading: Reading, facts: CallFacts): Usage {
  const { usage, delivered } = reading
  if (usage !== null && reading.isComplete) return usage
  if (reading.failure !== undefined || COUNTING.has(facts.operation)) return {}
  const [family] = facts.operation.split('.')
  const isSilent = delivered.bytes === 0 && usage === null
  if (family === 'chat') return reading.hasEnded && isSilent ? {} : estimatedTokens(reading, facts)
  if (family === 'speech') return estimatedSpeech(reading, facts)
  if (family === 'music' && facts.operation === 'music.create') return isSilent ? {} : facts.usage
  return usage ?? facts.usage
}

function estimatedTokens({ usage, delivered }: Reading, facts: CallFacts): Usage {
  const output = Math.max(delivered.tokens, usage?.output_tokens ?? 0)
  const prompt = usage === null ? 0 : promptTokensIn(usage)
  // message_start sometimes misses most of the prompt (recorded: 2,731 of 11,038 tokens).
  if (usage === null || prompt * 2 < facts.promptTokens) return counted(facts.promptTokens, 0, 0, output)
  // message_start sometimes books all of it as read from the cache (text-chat-anthropic, stream of M3).
  const isAllCached = (usage.input_tokens ?? 0) === 0 && (usage.cached_tokens ?? 0) > 0
  if (isAllCached) return counted(prompt, 0, 0, output)
  return counted(usage.input_tokens ?? 0, usage.cached_tokens ?? 0, usage.cache_write_tokens ?? 0, output)
}

function counted(input: number, cached: number, written: number, output: number): Usage {
  const usage = usageOf({
    input_tokens: input,
    cached_tokens: cached,
    cache_write_tokens: written,
    output_tokens: output,
  })
  return usage === 'wrong' ? {} : usage
}

function estimatedSpeech({ usage, delivered }: Reading, facts: CallFacts): Usage {
  const characters = Math.max(usage?.characters ?? 0, delivered.characters)
  if (characters > 0) return { ...usage, characters }
  return delivered.bytes > 0 || facts.operation === 'speech.async.create' ? facts.usage : {}
}
