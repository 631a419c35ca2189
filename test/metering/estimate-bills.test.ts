import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tokensOf } from '../../emulator/chat/reply.ts'
import { billedCharacters } from '../../emulator/speech/speech.ts'
import { heardSeconds } from '../../emulator/speech/transcription.ts'
import type { Estimable } from '../../src/metering/estimate.ts'
import type { Usage } from '../../src/minimax/units.ts'
import { anEstimator, billOf, BILLED, callOf, type Terms } from './estimate-kit.ts'

/** A call, and a usage that it may come to by the emulator's rules. */
interface Outcome {
  readonly call: Estimable
  readonly usage: Usage
}

const terms: fc.Arbitrary<Terms> = fc.record({
  currency: fc.constantFrom('USD', 'CNY'),
  unknown: fc.constantFrom('refuse', 'ceiling'),
})
const multiplier = fc.constantFrom('1', '0.4', '3', '1.000000001', '0')
const tier = fc.constantFrom(undefined, 'standard', 'priority')
const text = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.constantFrom('上海和大海。'.repeat(30), '😀👩‍👩‍👧‍👦'.repeat(20), 'a1B2c3D4'.repeat(600), '1 2 3 '.repeat(50)),
)
const chatModel = fc.constantFrom(
  'MiniMax-M3',
  'MiniMax-M2.7',
  'MiniMax-M2.7-highspeed',
  'M2-her',
  'MiniMax-M1',
  'abab6.5s-chat',
  'MiniMax-M9',
)
const speechModel = fc.constantFrom('speech-2.8-hd', 'speech-2.6-turbo', 'speech-01')

/** Where a dialect says how much may be written, and what of the body is its prompt. */
const CHATS: Readonly<
  Record<string, { readonly max: string; readonly prompt: (said: string, system: string) => object }>
> = {
  'chat.native': { max: 'max_completion_tokens', prompt: asMessages },
  'chat.openai': { max: 'max_tokens', prompt: asMessages },
  'chat.anthropic': { max: 'max_tokens', prompt: (said, system) => ({ system, ...asMessages(said, '') }) },
  'chat.responses': {
    max: 'max_output_tokens',
    prompt: (said, system) => ({ input: said, instructions: system }),
  },
  'chat.legacy': { max: 'tokens_to_generate', prompt: asMessages },
  'chat.legacy_pro': {
    max: 'tokens_to_generate',
    prompt: (said, system) => ({
      messages: [{ sender_type: 'USER', text: said }],
      bot_setting: [{ content: system }],
    }),
  },
}

function asMessages(said: string, system: string): object {
  const first = system === '' ? [] : [{ role: 'system', content: system }]
  return { messages: [...first, { role: 'user', content: said }] }
}

function chat(operation: string): fc.Arbitrary<Outcome> {
  const { max = 'max_tokens', prompt = asMessages } = CHATS[operation] ?? {}
  return fc
    .record({
      model: chatModel,
      said: text,
      system: text,
      most: fc.option(fc.integer({ min: 1, max: 200_000 })),
      n: fc.constantFrom(undefined, 1, 3),
      tier,
      multiplier,
      limit: fc.option(fc.integer({ min: 1, max: 100_000 })),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
      cached: fc.double({ min: 0, max: 1, noNaN: true }),
      written: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .map(
      ({
        model,
        said,
        system,
        most,
        n,
        tier: service_tier,
        multiplier: of,
        limit,
        part,
        cached,
        written,
      }) => {
        const parts = prompt(said, system)
        const body = { model, ...parts, [max]: most ?? undefined, n, service_tier }
        const all = tokensOf(...Object.values<unknown>({ ...parts }))
        const read = Math.floor(all * cached)
        const write = operation === 'chat.anthropic' ? Math.floor((all - read) * written) : 0
        const usage = {
          input_tokens: all - read - write,
          cached_tokens: read,
          cache_write_tokens: write,
          output_tokens: Math.floor((most ?? limit ?? 8192) * (n ?? 1) * part),
        }
        return { call: callOf(operation, body, { multiplier: of, maxOutputTokens: limit }), usage }
      },
    )
}

const speech = (operation: string): fc.Arbitrary<Outcome> =>
  fc
    .record({
      model: speechModel,
      text,
      multiplier,
      voices: fc.array(fc.constantFrom('mine00001', 'mine00002', 'Wise_Woman')),
      uses: fc.nat(),
    })
    .map(({ model, text: spoken, multiplier: of, voices, uses }) => {
      const timbre_weights = voices.map((voice_id) => ({ voice_id, weight: 1 }))
      const owned = new Set(voices.filter((name) => name.startsWith('mine'))).size
      const usage = { characters: billedCharacters(spoken), voices: uses % (owned + 1) }
      return { call: callOf(operation, { model, text: spoken, timbre_weights }, { multiplier: of }), usage }
    })

const session = (operation: string): fc.Arbitrary<Outcome> =>
  fc
    .record({ model: fc.constantFrom('', 'speech-2.8-turbo'), characters: fc.nat({ max: 10_000 }) })
    .map(({ model, characters }) => ({
      call: callOf(operation, null, { model }),
      usage: { characters },
    }))

const media = fc.array(fc.constantFrom('image_url', 'text', 'audio_url'), { maxLength: 12 })
const video2 = (operation: string): fc.Arbitrary<Outcome> =>
  fc
    .record({
      model: fc.constantFrom('MiniMax-H3', 'MiniMax-H3-Max'),
      resolution: fc.constantFrom('768P', '2K', '480P', undefined),
      duration: fc.option(fc.integer({ min: 4, max: 15 }), { nil: undefined }),
      media,
      videos: fc.nat({ max: 3 }),
      multiplier,
    })
    .map(({ media: types, videos, multiplier: of, ...asked }) => {
      const content = [...types, ...new Array<string>(videos).fill('video_url')].map((type) => ({
        type,
        [type]: { url: 'https://x.y/z' },
      }))
      const seconds = { video_seconds: asked.duration ?? 5, input_video_seconds: videos * 5 }
      const usage =
        operation === 'video.v2.context_ir'
          ? { input_tokens: tokensOf(content), output_tokens: 42 }
          : { ...seconds, input_images: types.filter((type) => type === 'image_url').length }
      return { call: callOf(operation, { ...asked, content }, { multiplier: of }), usage }
    })

/** A call that uses exactly what it asks for, or less. */
const plain = (operation: string, body: fc.Arbitrary<object>, usage: Usage): fc.Arbitrary<Outcome> =>
  fc
    .record({ body, multiplier })
    .map((made) => ({ call: callOf(operation, made.body, { multiplier: made.multiplier }), usage }))

const CASES: Readonly<Record<string, fc.Arbitrary<Outcome>>> = {
  ...Object.fromEntries(Object.keys(CHATS).map((operation) => [operation, chat(operation)])),
  'embeddings.create': fc.array(text, { minLength: 1, maxLength: 5 }).map((texts) => ({
    call: callOf('embeddings.create', { model: 'embo-01', texts }),
    usage: { input_tokens: texts.reduce((sum, one) => sum + Math.ceil(Buffer.byteLength(one) / 4), 0) },
  })),
  'search.web': plain('search.web', fc.constant({ q: 'x' }), { requests: 1 }),
  'vision.describe': plain('vision.describe', fc.constant({ prompt: 'x' }), { requests: 1 }),
  'speech.sync': speech('speech.sync'),
  'speech.legacy_pro': speech('speech.legacy_pro'),
  'speech.async.create': speech('speech.async.create'),
  'speech.websocket': session('speech.websocket'),
  'speech.websocket_bidi': session('speech.websocket_bidi'),
  'voice.clone': fc
    .record({ model: speechModel, text, fee: fc.boolean() })
    .map(({ model, text: spoken, fee }) => {
      const characters = billedCharacters(spoken)
      const call = callOf('voice.clone', { voice_id: 'mine00001', model, text: spoken })
      return { call, usage: { characters, voices: fee && characters > 0 ? 1 : 0 } }
    }),
  'voice.design': text.map((preview_text) => ({
    call: callOf('voice.design', { prompt: 'x', preview_text }),
    usage: { characters: billedCharacters(preview_text) },
  })),
  'transcription.create': fc
    .record({ bytes: fc.nat({ max: 8_000_000 }), isKnown: fc.boolean() })
    .map(({ bytes, isKnown }) => ({
      call: callOf('transcription.create', null, {
        model: 'asr-1.0',
        bytes: isKnown ? bytes + 300 : undefined,
      }),
      usage: { audio_seconds: heardSeconds(bytes) },
    })),
  'video.create': fc
    .record({
      model: fc.constantFrom(
        'MiniMax-Hailuo-2.3',
        'MiniMax-Hailuo-2.3-Fast',
        'MiniMax-Hailuo-02',
        'T2V-01',
        'S2V-01',
      ),
      resolution: fc.constantFrom(undefined, '512P', '768p', '1080P'),
      duration: fc.constantFrom(undefined, 6, 10),
    })
    .map((body) => ({ call: callOf('video.create', body), usage: { videos: 1 } })),
  'video.template.create': plain('video.template.create', fc.constant({ template_id: '1' }), { videos: 1 }),
  'video.v2.create': video2('video.v2.create'),
  'video.v2.regenerate': video2('video.v2.regenerate'),
  'video.v2.context_ir': video2('video.v2.context_ir'),
  'image.create': fc
    .record({ n: fc.integer({ min: 1, max: 9 }), made: fc.nat({ max: 9 }) })
    .map(({ n, made }) => ({
      call: callOf('image.create', { model: 'image-01', n }),
      usage: { images: Math.min(n, made) },
    })),
  'music.create': plain(
    'music.create',
    fc.record({ model: fc.constantFrom('music-3.0', 'music-2.0', 'music-2.6-free') }),
    { songs: 1 },
  ),
  'music.lyrics': plain('music.lyrics', fc.constant({}), { requests: 1 }),
  'music.cover_preprocess': plain('music.cover_preprocess', fc.constant({}), { requests: 1 }),
}

describe('what is held', () => {
  it.each(BILLED)('for %s is never less than the bill of what it then uses', (operation) => {
    const outcome = CASES[operation]
    if (outcome === undefined) throw new Error(`${operation} has no case`)
    fc.assert(
      fc.property(outcome, terms, ({ call, usage }, term) => {
        const worst = anEstimator(term).estimate(call)
        // The second video API tells the resolution that it made where the request does not.
        const facts = { ...call.facts, resolution: call.facts.resolution ?? '768P' }
        expect(worst.charged).toBeGreaterThanOrEqual(billOf(call, usage, term, { facts }))
        const { cached_tokens = 0, cache_write_tokens = 0, input_tokens = 0, ...others } = usage
        const used: Usage = { ...others, input_tokens: input_tokens + cached_tokens + cache_write_tokens }
        for (const [unit, quantity] of Object.entries(used)) {
          expect(new Map(Object.entries(worst.usage)).get(unit) ?? 0, unit).toBeGreaterThanOrEqual(quantity)
        }
      }),
      { numRuns: 300 },
    )
  })

  it.each<[string, (size: number) => Estimable]>([
    [
      'the most that may be written',
      (size) => callOf('chat.openai', { model: 'MiniMax-M3', messages: [], max_tokens: size + 1 }),
    ],
    [
      'the length of a prompt',
      (size) => callOf('chat.native', { model: 'MiniMax-M1', messages: ['x'.repeat(size)] }),
    ],
    [
      'the length of a text',
      (size) => callOf('speech.sync', { model: 'speech-01', text: '好'.repeat(size) }),
    ],
    ['n of a chat', (size) => callOf('chat.openai', { model: 'MiniMax-M3', messages: [], n: size })],
    ['n of images', (size) => callOf('image.create', { model: 'image-01', n: size })],
    ['bytes of audio', (bytes) => callOf('transcription.create', null, { model: 'asr-1.0', bytes })],
    [
      'seconds of video',
      (size) => callOf('video.v2.create', { model: 'MiniMax-H3', resolution: '2K', duration: size + 1 }),
    ],
  ])('does not shrink with %s', (_, call) => {
    const size = fc.nat({ max: 3000 })
    fc.assert(
      fc.property(size, size, (a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)].map(
          (of) => anEstimator().estimate(call(of)).charged,
        )
        expect(more).toBeGreaterThanOrEqual(less ?? 0n)
      }),
    )
  })
})
