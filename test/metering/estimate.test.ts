import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatMoney } from '../../src/lib/money.ts'
import { OPERATIONS } from '../../src/minimax/catalog.ts'
import { MOST } from '../../src/minimax/most-usage.ts'
import { mergePriceLists, openPriceList, SHIPPED_PRICES, type PriceList } from '../../src/minimax/prices.ts'
import type { Usage } from '../../src/minimax/units.ts'
import { anEstimator, AT, BILLED, callOf, worst } from './estimate-kit.ts'

/** The operator's own prices over the shipped ones. */
function mine(...usd: readonly object[]): PriceList {
  return mergePriceLists(SHIPPED_PRICES, openPriceList({ version: 'mine', currencies: { USD: usd } }))
}

const HI = [{ role: 'user', content: 'Hi' }]
/** 256 tokens around a prompt, and its bytes. */
const PROMPT = 256 + JSON.stringify(HI).length
const M3 = { model: 'MiniMax-M3', messages: HI }
const M27 = { model: 'MiniMax-M2.7', messages: HI, max_tokens: 1000 }
const SPEECH = {
  model: 'speech-2.8-hd',
  text: 'Hello, 世界',
  voice_setting: { voice_id: 'male-qn-qingse' },
}
const OWN = { voice_id: 'narrator01' }
const H3 = { model: 'MiniMax-H3', resolution: '768P', duration: 5 }
const PICTURE = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } }
const CLIP = { type: 'video_url', video_url: { url: 'mm_file://1' } }
const WEB_SEARCH = [{ type: 'web_search_20250305', name: 'web_search' }]

/** Operation, request, what it may use, what that costs in dollars. */
const CALLS: readonly (readonly [string, object | null, Usage, string])[] = [
  ['chat.native', M3, { input_tokens: PROMPT, output_tokens: 8192 }, '0.0099168'],
  ['chat.openai', { ...M3, max_tokens: 10 }, { input_tokens: PROMPT, output_tokens: 10 }, '0.0000984'],
  // The dearest of a prompt's tokens are those that go into the cache.
  ['chat.anthropic', M27, { input_tokens: PROMPT, output_tokens: 1000 }, '0.001308'],
  [
    'chat.anthropic',
    { ...M27, tools: WEB_SEARCH },
    {
      input_tokens: PROMPT + JSON.stringify(WEB_SEARCH).length + 40_960,
      output_tokens: 1000,
      web_searches: 5,
    },
    '0.0666875',
  ],
  [
    'chat.responses',
    { model: 'MiniMax-M3', input: 'Hi', max_output_tokens: 100 },
    { input_tokens: 260, output_tokens: 100 },
    '0.000198',
  ],
  [
    'chat.legacy',
    { model: 'abab6.5s-chat', messages: [], tokens_to_generate: 100 },
    { input_tokens: 258, output_tokens: 100 },
    '0.000051194',
  ],
  [
    'chat.legacy_pro',
    { model: 'abab5.5-chat', messages: [] },
    { input_tokens: 258, output_tokens: 8192 },
    '0.01810835',
  ],
  ['embeddings.create', { model: 'embo-01', texts: ['Hello'] }, { input_tokens: 9 }, '0.000000648'],
  ['search.web', { q: 'x' }, { requests: 1 }, '0.01'],
  ['vision.describe', { prompt: 'x' }, { requests: 1 }, '0.01'],

  ['speech.sync', SPEECH, { characters: 11 }, '0.0011'],
  ['speech.sync', { ...SPEECH, voice_setting: OWN }, { characters: 11, voices: 1 }, '3.0011'],
  ['speech.legacy_pro', { ...SPEECH, ...OWN }, { characters: 11, voices: 1 }, '3.0011'],
  ['speech.async.create', SPEECH, { characters: 11 }, '0.0011'],
  ['speech.async.create', { ...SPEECH, text: undefined, text_file_id: 7 }, { characters: 1_000_000 }, '100'],
  ['speech.websocket', null, { characters: 10_000 }, '1'],
  ['speech.websocket_bidi', null, { characters: 10_000 }, '1'],

  ['voice.clone', { voice_id: 'narrator01', file_id: 1 }, {}, '0'],
  [
    'voice.clone',
    { voice_id: 'narrator01', text: 'Hello', model: 'speech-2.8-turbo' },
    { characters: 5, voices: 1 },
    '1.5003',
  ],
  ['voice.design', { prompt: 'deep', preview_text: 'Hello' }, { characters: 5 }, '0.0003'],

  ['transcription.create', null, { audio_seconds: 500 }, '0.052777778'],

  ['video.create', { model: 'MiniMax-Hailuo-2.3' }, { videos: 1 }, '0.28'],
  ['video.create', { model: 'MiniMax-Hailuo-02', resolution: '512p', duration: 10 }, { videos: 1 }, '0.15'],
  ['video.template.create', { template_id: '1' }, { videos: 1 }, '2'],
  ['video.v2.create', H3, { video_seconds: 5 }, '0.4'],
  ['video.v2.create', { ...H3, resolution: '2K', duration: undefined }, { video_seconds: 15 }, '1.95'],
  ['video.v2.create', { ...H3, resolution: undefined }, { video_seconds: 5 }, '0.65'],
  [
    'video.v2.create',
    { ...H3, content: [...new Array<object>(7).fill(PICTURE), CLIP, CLIP] },
    { video_seconds: 5, input_images: 7, input_video_seconds: 15 },
    '1.68',
  ],
  [
    'video.v2.regenerate',
    { source_task_id: '1' },
    { video_seconds: 15, input_images: 9, input_video_seconds: 15 },
    '1.6',
  ],
  [
    'video.v2.regenerate',
    { model: 'MiniMax-H3', content: [CLIP] },
    { video_seconds: 15, input_video_seconds: 15 },
    '1.5',
  ],
  ['video.v2.context_ir', { content: [] }, { input_tokens: 8194, output_tokens: 8192 }, '0.0368658'],

  ['image.create', { model: 'image-01', n: 4 }, { images: 4 }, '0.014'],
  ['music.create', { model: 'music-2.6' }, { songs: 1 }, '0.15'],
  ['music.lyrics', {}, { requests: 1 }, '0.01'],
  ['music.cover_preprocess', {}, { requests: 1 }, '0.01'],
]

describe('the worst case of a call', () => {
  it.each(CALLS)('%s with %j', (operation, body, usage, dollars) => {
    const { charged, usage: most } = worst(operation, body)
    expect(most).toEqual(usage)
    expect(formatMoney(charged)).toBe(dollars)
  })

  it('is known for every operation that is billed, and for no other', () => {
    expect([...MOST.keys()].sort()).toEqual([...BILLED].sort())
    expect([...new Set(CALLS.map(([operation]) => operation))].sort()).toEqual([...BILLED].sort())
  })

  it('is nothing for all others, whatever they say', () => {
    for (const { name } of OPERATIONS) {
      if (BILLED.includes(name)) continue
      expect(worst(name, { model: 'MiniMax-M3', messages: HI, text: 'x', n: 9 })).toEqual({
        charged: 0n,
        usage: {},
      })
    }
  })

  it('has as many tokens as the request, else the caller, else the settings allow', () => {
    const output = (body: object, maxOutputTokens: number | null): number | undefined =>
      worst('chat.openai', { ...M3, ...body }, { maxOutputTokens }).usage.output_tokens
    expect(output({ max_tokens: 10 }, 500)).toBe(10)
    expect(output({ max_tokens: 10, max_completion_tokens: 700 }, 500)).toBe(700)
    expect(output({}, 500)).toBe(500)
    expect(output({}, null)).toBe(8192)
    expect(output({ n: 3, max_tokens: 10 }, null)).toBe(30)
    expect(output({ max_tokens: 0 }, null)).toBe(8192)
    expect(output({ max_tokens: 1e9 }, null)).toBe(524_288)
    expect(output({ max_tokens: 1e9, n: 1e9 }, null)).toBe(1e9)
    // Another dialect's name is not read upstream, and so is no maximum.
    expect(output({ max_output_tokens: 1, tokens_to_generate: 1 }, null)).toBe(8192)
  })

  it('rises with the service tier as billing does, and does not count on a cheaper one', () => {
    const charged = (tier?: string, list?: PriceList): bigint =>
      worst('chat.openai', { ...M3, service_tier: tier }, {}, list === undefined ? {} : { list }).charged
    const rates = { input_tokens: { price: '1' }, output_tokens: { price: '1' } }
    const flex = mine({ models: ['MiniMax-M3'], modality: 'chat', rates, service_tiers: { flex: '0.5' } })
    expect(charged('priority') * 2n).toBe(charged() * 3n)
    expect(charged('standard')).toBe(charged())
    expect(charged('flex', flex)).toBe(charged(undefined, flex))
  })

  it('takes the tier of a long prompt, or a shorter tier where that is dearer', () => {
    const long = { ...M3, messages: [{ content: 'x '.repeat(300_000) }], max_tokens: 1 }
    const tokens = worst('chat.openai', long).usage.input_tokens ?? 0
    expect(tokens).toBeGreaterThan(600_000)
    expect(worst('chat.openai', long).charged).toBe(BigInt(tokens) * 600n + 2400n)
    const rates = { input_tokens: { price: '5' }, output_tokens: { price: '1' } }
    const cheaper = { above_input_tokens: 1000, rates: { input_tokens: { price: '0.001' } } }
    const list = mine({ models: ['MiniMax-M3'], modality: 'chat', rates, tiers: [cheaper] })
    expect(worst('chat.openai', long, {}, { list }).charged).toBeGreaterThanOrEqual(5000n * 10n ** 9n)
  })

  it('is the price at the moment when the call began', () => {
    const body = { voice_id: 'narrator01', text: 'Hello' }
    const voice = (at: number): string => formatMoney(worst('voice.clone', body, { at }).charged)
    expect([voice(Date.UTC(2026, 6, 31)), voice(Date.UTC(2026, 7, 1))]).toEqual(['3.0005', '1.5005'])
  })

  it('is multiplied for the caller, and nothing where the multiplier is none', () => {
    const charged = (multiplier: string): string =>
      formatMoney(worst('search.web', {}, { multiplier }).charged)
    expect(['2.5', '0', 'x', '-1'].map(charged)).toEqual(['0.025', '0', '0', '0'])
  })

  it('counts voices of the caller once each, and none that everybody has', () => {
    const voices = (body: object): number | undefined =>
      worst('speech.sync', { ...SPEECH, ...body }).usage.voices
    const timbre_weights = [OWN, { voice_id: 'male-qn-badao' }, { voice_id: 'other0001' }, 7, null]
    expect(voices({ timbre_weights, voice_setting: OWN })).toBe(2)
    expect(voices({ timbre_weights: 'none' })).toBeUndefined()
    expect(voices({ timbre_weights: [{ voice_id: 'male-qn-badao' }] })).toBeUndefined()
    expect(voices({ voice_setting: { voice_id: 'x'.repeat(300) } })).toBe(1)
  })

  it('of audio goes by its bytes where they are known', () => {
    const seconds = (bytes: number): number | undefined =>
      worst('transcription.create', null, { model: 'asr-1.0', bytes }).usage.audio_seconds
    expect([0, 1, 75_000, 50_000_000].map(seconds)).toEqual([undefined, 1, 100, 500])
    const file = callOf('speech.async.create', { model: 'speech-2.8-hd', text_file_id: 7 }, { bytes: 90 })
    expect(anEstimator().estimate(file).usage).toEqual({ characters: 90 })
  })
})

describe('the worst case of a session of speech', () => {
  it('is the longest text before there is one, and then all that were sent', () => {
    const hold = (...of: readonly [string, number, number?]): string =>
      formatMoney(anEstimator().sessionHold(of[0], AT, '1', of[1], of[2]).charged)
    expect(hold('speech-2.8-turbo', 0)).toBe('0.6')
    expect(hold('speech-2.8-turbo', 5000)).toBe('0.3')
    expect(hold('speech-2.8-turbo', 5000, 1)).toBe('3.3')
    expect(hold('', 0)).toBe('1')
    expect(hold('', 0, 1)).toBe('4')
  })
})

describe('a call without a price', () => {
  const NEW = { model: 'MiniMax-M9', messages: HI, max_tokens: 1_000 }

  it('holds the dearest price where it is billed by that, and nothing where it will be refused', () => {
    expect(worst('chat.openai', NEW).charged).toBe(0n)
    // USD 14.286 for a million tokens is the dearest of all.
    const dear = BigInt(PROMPT + 1000) * 14_286n
    expect(worst('chat.openai', NEW, {}, { unknown: 'ceiling' }).charged).toBe(dear)
  })

  it('holds the dearest price where its model is named later', () => {
    expect(worst('transcription.create', null).charged).toBeGreaterThan(0n)
    expect(worst('transcription.create', null, { model: 'asr-9' }).charged).toBe(0n)
  })

  it('holds the rest where only searching has none', () => {
    const her = { model: 'M2-her', messages: HI, max_tokens: 100, tools: WEB_SEARCH }
    const { charged, usage } = worst('chat.anthropic', her)
    expect(charged).toBe(BigInt(usage.input_tokens ?? 0) * 300n + 120_000n)
    expect(worst('chat.anthropic', her, {}, { unknown: 'ceiling' }).charged).toBeGreaterThan(charged)
  })

  it('never makes it throw', () => {
    const extreme = { price: '999999999' }
    const list = mine({
      models: ['dear'],
      modality: 'chat',
      rates: { input_tokens: extreme, output_tokens: extreme },
    })
    fc.assert(
      fc.property(
        fc.constantFrom(...BILLED),
        fc.constantFrom('', 'dear', 'MiniMax-M3', 'MiniMax-M3.1', '__proto__', 'x'.repeat(500)),
        fc.dictionary(
          fc.constantFrom(
            'n',
            'max_tokens',
            'duration',
            'resolution',
            'text',
            'messages',
            'timbre_weights',
            'voice_setting',
          ),
          fc.jsonValue(),
        ),
        fc.constantFrom('refuse', 'ceiling'),
        fc.constantFrom('1', '1000000', 'x', ''),
        (operation, model, body, unknown, multiplier) => {
          const { charged } = worst(operation, body, { model, multiplier }, { unknown, list })
          expect(charged).toBeGreaterThanOrEqual(0n)
          expect(charged).toBeLessThanOrEqual(2n ** 63n - 1n)
        },
      ),
      { numRuns: 500 },
    )
  })
})
