import { Type } from 'typebox'
import { formatDuration, parseDuration } from '../lib/durations.ts'
import {
  voiceNameProblem,
  cidrProblem,
  originProblem,
  planMultiplierOf,
  planMultipliersProblem,
} from './checks.ts'
import { modelLimitOf, modelLimitsProblem, type ModelLimit } from './model-limits.ts'
import { Secret } from './secret.ts'
import { keyProblem, parseUpstreamKeys, upstreamKeysProblem } from './upstream-keys.ts'

/** What each setting says about itself, beside its type. Values are written as in the environment. */
export interface About {
  description: string
  default?: string
  examples: [string, ...string[]]
}

/** The longest wait that a timer of the runtime holds (2^31 - 1 ms is 24.8 days). */
const LONGEST = '24d'

const VISIBLE_ASCII = '^[\\x21-\\x7e]+$'

const said = (problem: (text: string) => string | undefined) => (text: string) => problem(text) ?? ''

/** One line of text; `pattern` and `expects` (what a right value is, in words) go together. */
export function text(about: About, rule: { pattern?: string; expects?: string } = {}) {
  return Type.String({ kind: 'text', expects: 'a text', minLength: 1, ...rule, ...about })
}

/** A text with a check of its own, which answers with what is wrong. */
export function checked(kind: 'text' | 'url', about: About, problem: (text: string) => string | undefined) {
  const base = Type.String({ kind, expects: 'a text', minLength: 1, ...about })
  return Type.Refine(base, (value) => problem(value) === undefined, said(problem))
}

/** One of a few words. */
export function choice<const Words extends string[]>(words: readonly [...Words], about: About) {
  return Type.Enum(words, { kind: 'choice', expects: `one of ${words.join(', ')}`, ...about })
}

/** A whole number within bounds. */
export function integer(minimum: number, maximum: number, about: About) {
  const expects = `a whole number from ${minimum} to ${maximum}`
  return Type.Integer({ kind: 'integer', expects, minimum, maximum, ...about })
}

/** `true` or `false`. */
export function flag(about: About) {
  return Type.Boolean({ kind: 'boolean', expects: 'true or false', ...about })
}

/** A duration; milliseconds once read. `maximum` is for those that no timer waits for. */
export function duration(minimum: string, about: About, maximum = LONGEST) {
  const least = parseDuration(minimum)
  const most = parseDuration(maximum)
  const expects = `a duration from ${formatDuration(least)} to ${formatDuration(most)}, such as 30s, 15m or 24h`
  const base = Type.String({ kind: 'duration', expects, ...about })
  const within = (value: string) => {
    try {
      const milliseconds = parseDuration(value)
      return milliseconds >= least && milliseconds <= most
    } catch {
      return false
    }
  }
  return Type.Codec(Type.Refine(base, within, () => ''))
    .Decode(parseDuration)
    .Encode(formatDuration)
}

/** A text that is never shown, which `problem` may look at more closely; `Secret` once read. */
export function secret(
  minLength: number,
  about: About,
  problem: (text: string) => string | undefined = () => undefined,
) {
  const expects = `a secret of at least ${minLength} visible ASCII characters without spaces`
  const base = Type.String({ kind: 'secret', expects, minLength, pattern: VISIBLE_ASCII, ...about })
  return Type.Codec(Type.Refine(base, (value) => problem(value) === undefined, said(problem)))
    .Decode((value) => new Secret(value))
    .Encode((value) => value.reveal())
}

/** One upstream key; the rules are those of a header value. */
export function apiKey(about: About) {
  const base = Type.String({ kind: 'secret', expects: 'a key', ...about })
  return Type.Codec(Type.Refine(base, (value) => keyProblem(value) === undefined, said(keyProblem)))
    .Decode((value) => new Secret(value))
    .Encode((value) => value.reveal())
}

/** Upstream keys with their names, their accounts where several keys share one, and their weights: `name=key,name@account*3=key`. */
export function upstreamKeys(about: About) {
  const base = Type.String({ kind: 'keys', expects: 'name=key, several separated by commas', ...about })
  const refined = Type.Refine(
    base,
    (value) => upstreamKeysProblem(value) === undefined,
    said(upstreamKeysProblem),
  )
  return Type.Codec(refined)
    .Decode((value) => parseUpstreamKeys(value))
    .Encode((keys) =>
      keys.map(({ name, account, weight, key }) => `${name}@${account}*${weight}=${key.reveal()}`).join(','),
    )
}

/** Multipliers by plan, as `free=0.4,pro=1`; an object of decimal texts by plan once read. */
export function planMultipliers(about: About) {
  const expects = 'name=multiplier, several separated by commas'
  const base = Type.Array(Type.String(), { kind: 'list', expects, ...about })
  const refined = Type.Refine(
    base,
    (items) => planMultipliersProblem(items) === undefined,
    (items) => planMultipliersProblem(items) ?? '',
  )
  return Type.Codec(refined)
    .Decode((items): Readonly<Record<string, string>> =>
      Object.freeze(Object.fromEntries(items.map(planMultiplierOf))),
    )
    .Encode((plans) => Object.entries(plans).map(([plan, multiplier]) => `${plan}=${multiplier}`))
}

/** Limits by model, as `model=requests/tokens`; an object by model once read. */
export function modelLimits(about: About) {
  const expects = 'model=requests/tokens, several separated by commas'
  const base = Type.Array(Type.String(), { kind: 'list', expects, ...about })
  const refined = Type.Refine(
    base,
    (items) => modelLimitsProblem(items) === undefined,
    (items) => modelLimitsProblem(items) ?? '',
  )
  return Type.Codec(refined)
    .Decode((items): Readonly<Record<string, ModelLimit>> =>
      Object.freeze(Object.fromEntries(items.map(modelLimitOf).filter((found) => found !== undefined))),
    )
    .Encode((limits) =>
      Object.entries(limits).map(
        ([model, { requestsPerMinute, tokensPerMinute }]) =>
          `${model}=${requestsPerMinute}/${tokensPerMinute}`,
      ),
    )
}

function list(kind: 'list' | 'cidrs', about: About, problem: (item: string) => string | undefined) {
  const firstProblem = (items: string[]) => items.map(problem).find((found) => found !== undefined)
  const base = Type.Array(Type.String(), { kind, expects: 'a list separated by commas', ...about })
  return Type.Refine(
    base,
    (items) => firstProblem(items) === undefined,
    (items) => firstProblem(items) ?? '',
  )
}

/** Exact web origins, separated by commas. */
export function origins(about: About) {
  return list('list', about, originProblem)
}

/** Names, separated by commas, with a check of their own. */
export function names(about: About, problem: (item: string) => string | undefined) {
  return list('list', about, problem)
}

/** Names of voices, separated by commas. */
export function voiceNames(about: About) {
  return list('list', about, voiceNameProblem)
}

/** Networks in CIDR form, separated by commas. */
export function cidrs(about: About) {
  return list('cidrs', about, cidrProblem)
}

/** How a setting is written, for the loader and the documentation. */
export const Described = Type.Object({
  kind: Type.Enum([
    'text',
    'url',
    'choice',
    'integer',
    'boolean',
    'duration',
    'secret',
    'keys',
    'list',
    'cidrs',
    'json',
  ]),
  expects: Type.String(),
  description: Type.String({ minLength: 1 }),
  default: Type.Optional(Type.String()),
  examples: Type.Array(Type.String(), { minItems: 1 }),
})
