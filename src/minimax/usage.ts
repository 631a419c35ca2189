import type { Value } from './meter-value.ts'
import type { Unit, Usage } from './units.ts'

/** No call of MiniMax counts as much of anything: what is beyond it is a mistake. */
export const MAX_COUNT = 1e9

const DIGITS = /^\d{1,10}$/
const DECIMAL = /^\d{1,10}(\.\d{1,12})?$/

/**
 * A whole number of something. Counts are integers in the schema and strings in the examples (image `success_count`).
 * @returns undefined when there is none; NaN when it is negative, a fraction, absurd, or not a number
 */
export function countOf(value: Value): number | undefined {
  if (value === undefined || value === null) return undefined
  const number = typeof value === 'string' && DIGITS.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= MAX_COUNT
    ? number
    : NaN
}

/** Seconds, to the millisecond. @returns as `countOf` */
export function secondsOf(value: Value): number | undefined {
  if (value === undefined || value === null) return undefined
  const number = typeof value === 'string' && DECIMAL.test(value) ? Number(value) : value
  return typeof number === 'number' && number >= 0 && number <= MAX_COUNT
    ? Math.round(number * 1000) / 1000
    : NaN
}

/** What an answer says about usage: a usage, nothing (absent or all zero), or something that cannot be. */
export type Told = Usage | 'nothing' | 'wrong'

/** @param counts NaN makes the whole of it wrong; zero and undefined are left out. @returns `{}` when all are zero */
export function usageOf(counts: Readonly<Partial<Record<Unit, number | undefined>>>): Usage | 'wrong' {
  const usage: Partial<Record<Unit, number>> = {}
  for (const unit in counts) {
    if (!isKey(counts, unit)) continue
    const count = counts[unit] ?? 0
    if (Number.isNaN(count)) return 'wrong'
    if (count > 0) usage[unit] = count
  }
  return usage
}

function isKey<T extends object>(record: T, key: PropertyKey): key is keyof T {
  return Object.hasOwn(record, key)
}

/** All tokens of a usage. */
export function tokensIn(usage: Usage): number {
  return promptTokensIn(usage) + (usage.output_tokens ?? 0)
}

/** The whole prompt of a usage, cached or not. */
export function promptTokensIn(usage: Usage): number {
  return (usage.input_tokens ?? 0) + (usage.cached_tokens ?? 0) + (usage.cache_write_tokens ?? 0)
}

/** The counts of a dialect, as they stand in its answer. */
export interface TokenCounts {
  readonly prompt: number | undefined
  readonly completion: number | undefined
  readonly total: number | undefined
  readonly cached: number | undefined
  readonly written?: number | undefined
  readonly searches?: number | undefined
}

/**
 * Tokens where the prompt INCLUDES what was cached: native, OpenAI and Responses (text-chat-openai: 473 = 170 + 303,
 * of which 157 cached). `total_tokens` counts only where a part is missing; where both are (chatcompletion, the
 * documented stream of chatcompletion_v2) it is split by the text that was delivered.
 * @param delivered tokens of the text that was delivered, estimated
 */
export function inclusiveTokens(counts: TokenCounts, delivered: number): Told {
  const { total, cached, written = 0, searches } = counts
  let { prompt, completion } = counts
  if (prompt === undefined && completion === undefined) {
    if (total === undefined) return 'nothing'
    completion = Math.min(total, delivered)
  }
  prompt ??= Math.max(0, (total ?? 0) - (completion ?? 0))
  completion ??= Math.max(0, (total ?? 0) - prompt)
  if (prompt + completion === 0) return 'nothing'
  const cachedPart = Math.min(cached ?? 0, prompt)
  const writtenPart = Math.min(written, prompt - cachedPart)
  return usageOf({
    input_tokens: prompt - cachedPart - writtenPart,
    cached_tokens: cachedPart,
    cache_write_tokens: writtenPart,
    output_tokens: completion,
    web_searches: searches,
  })
}

/** Tokens where the prompt EXCLUDES what was read from and written to the cache: Anthropic (text-chat-anthropic). */
export function exclusiveTokens(counts: TokenCounts): Told {
  const { prompt = 0, completion = 0, cached = 0, written = 0, searches } = counts
  if (prompt + completion + cached + written === 0) return 'nothing'
  return usageOf({
    input_tokens: prompt,
    cached_tokens: cached,
    cache_write_tokens: written,
    output_tokens: completion,
    web_searches: searches,
  })
}

/**
 * Tokens of so many bytes of UTF-8 text, where MiniMax did not say. Four bytes are one token: the rule of thumb of
 * published tokenisers for English (about four characters); a Chinese character of three bytes is then 0.75 tokens,
 * where tokenisers of its models need 0.6 to 0.7. So it errs a little upwards for Chinese and for neither in ASCII.
 */
export function tokensOfBytes(bytes: number): number {
  return Math.ceil(Math.max(0, bytes) / 4)
}
