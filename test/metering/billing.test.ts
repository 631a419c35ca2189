import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/errors.ts'
import { formatMoney } from '../../src/lib/money.ts'
import { Billing, type Billed, type BillingOptions } from '../../src/metering/billing.ts'
import { PRICE_LOOKUPS } from '../../src/metrics/labels.ts'
import { OPERATIONS } from '../../src/minimax/catalog.ts'
import { METERS, requestFacts } from '../../src/minimax/meters.ts'
import { MODELS } from '../../src/minimax/models.ts'
import {
  mergePriceLists,
  openPriceList,
  SHIPPED_PRICES,
  type Currency,
  type PriceList,
} from '../../src/minimax/prices.ts'
import { UNITS, type Usage } from '../../src/minimax/units.ts'

const AT = Date.UTC(2026, 9, 1)
const M = 1_000_000

function aBilling(options: Partial<BillingOptions> = {}, list: PriceList = SHIPPED_PRICES) {
  const lookups: string[] = []
  const billing = new Billing({
    prices: { list, listAt: () => list },
    currency: 'USD',
    unknown: 'refuse',
    multiplier: '1',
    planMultipliers: {},
    onLookup: (status) => lookups.push(status),
    ...options,
  })
  return { billing, lookups }
}

function call(over: Partial<Billed>): Billed {
  return {
    operation: 'chat.openai',
    model: 'MiniMax-M2.7',
    askedModel: 'MiniMax-M2.7',
    at: AT,
    usage: {},
    facts: undefined,
    estimated: false,
    multiplier: '1',
    ...over,
  }
}

/** The outcome of a bill in short: how it was priced, at list, and what is charged. */
function billed(over: Partial<Billed>, options: Partial<BillingOptions> = {}, list?: PriceList) {
  const { bill, status } = aBilling(options, list).billing.bill(call(over))
  return [status, formatMoney(bill.list), formatMoney(bill.charged)]
}

function codeOf(run: () => void): string {
  try {
    run()
    return 'passes'
  } catch (error) {
    if (error instanceof GatewayError) return error.code
    throw error
  }
}

/** The operator's own prices over the shipped ones. */
function mine(...usd: readonly object[]): PriceList {
  return mergePriceLists(SHIPPED_PRICES, openPriceList({ version: 'mine', currencies: { USD: usd } }))
}

/** Which models an operation is called with, as the platform names them. */
const MODELS_OF: Readonly<Record<string, (model: string) => boolean>> = {
  chat: (model) => /^(MiniMax-(M|Text)|M2-her|abab)/.test(model),
  embeddings: (model) => model === 'embo-01',
  speech: (model) => model.startsWith('speech-'),
  transcription: (model) => model === 'asr-1.0',
  video: (model) => /^(MiniMax-H|[TIS]2V-)/.test(model),
  image: (model) => model.startsWith('image-'),
  music: (model) => model.startsWith('music-'),
}

describe('every call of the catalog has a price', () => {
  const billedByUse = OPERATIONS.filter(({ name }) =>
    ['answer', 'request', 'task'].includes(METERS[name]?.billing ?? ''),
  )

  it.each<[Currency, string[]]>([
    ['USD', []],
    // MiniMax publishes no price of templates in CNY.
    ['CNY', ['video.template.create']],
  ])('in %s, but for what is not sold by use', (currency, unsold) => {
    const { billing } = aBilling({ currency })
    const refused = billedByUse.flatMap(({ name, model: rule }) => {
      const [family = ''] = name.split('.')
      const models = [...MODELS].filter((model) => MODELS_OF[family]?.(model) === true)
      expect(rule !== 'required' || models.length > 0, name).toBe(true)
      const asked = rule === 'none' ? [''] : rule === 'required' ? models : ['', ...models]
      return asked
        .filter((model) => codeOf(() => billing.check({ operation: name, model, at: AT })) !== 'passes')
        .map((model) => (model === '' ? name : model))
    })
    expect([...new Set(refused)].sort()).toEqual(['MiniMax-M3.1', ...unsold].sort())
  })

  it('and what costs nothing needs none', () => {
    const { billing, lookups } = aBilling()
    for (const { name } of OPERATIONS) {
      if (billedByUse.some((operation) => operation.name === name)) continue
      expect(
        codeOf(() => billing.check({ operation: name, model: 'unheard-of', at: AT })),
        name,
      ).toBe('passes')
    }
    expect(lookups).toEqual([])
  })
})

describe('before a call is sent', () => {
  it.each<[string, string, string | undefined, string]>([
    ['a model that nobody knows', 'chat.openai', 'gpt-5', 'price_unknown'],
    ['a model in another case', 'chat.openai', 'minimax-m2.7', 'price_unknown'],
    ['a part of a name', 'chat.openai', 'MiniMax-M', 'price_unknown'],
    ['a name of a megabyte', 'chat.openai', 'M'.repeat(M), 'price_unknown'],
    ['what is sold by plan only', 'chat.anthropic', 'MiniMax-M3.1', 'price_unknown'],
    ['no model where one is needed', 'chat.openai', undefined, 'price_unknown'],
    ['another name of a model', 'chat.openai', 'MiniMax-M2.5-lightning', 'passes'],
    ['no model where the operation has a price', 'voice.clone', undefined, 'passes'],
    ['no model where MiniMax picks one', 'video.v2.context_ir', '', 'passes'],
    ['a form, whose model is yet to come', 'transcription.create', undefined, 'passes'],
    ['a form of an unknown model', 'transcription.create', 'asr-9', 'price_unknown'],
    ['a WebSocket, whose model is yet to come', 'speech.websocket', '', 'passes'],
    ['a WebSocket of an unknown model', 'speech.websocket_bidi', 'speech-99', 'price_unknown'],
    ['an operation that is not in the catalog', 'chat.unheard', 'x', 'passes'],
  ])('%s', (_, operation, model, expected) => {
    const { billing, lookups } = aBilling()
    expect(codeOf(() => billing.check({ operation, model, at: AT }))).toBe(expected)
    expect(lookups).toEqual(expected === 'passes' ? [] : ['unknown'])
    const lenient = aBilling({ unknown: 'ceiling' })
    expect(codeOf(() => lenient.billing.check({ operation, model, at: AT }))).toBe('passes')
  })

  it.each([
    ['MiniMax-Hailuo-2.3', '1080P', 6, 'passes'],
    ['MiniMax-Hailuo-2.3', '1080P', 10, 'price_unknown'],
    ['MiniMax-Hailuo-2.3', '4K', 6, 'price_unknown'],
    ['T2V-01', '720P', 6, 'passes'],
  ])('a video of %s in %s of %d seconds', (model, resolution, duration, expected) => {
    const { billing } = aBilling()
    const body = Buffer.from(JSON.stringify({ model, resolution, duration, prompt: 'x' }))
    const facts = requestFacts('video.create', body)
    const check = () => billing.check({ operation: 'video.create', model, at: AT, facts })
    expect(codeOf(check)).toBe(expected)
  })

  it('a refusal tells nothing of the account', () => {
    const { billing } = aBilling()
    const check = () => billing.check({ operation: 'chat.openai', model: 'x', at: AT })
    expect(check).toThrow(/no price for this call/)
  })
})

describe('a bill', () => {
  const usage: Usage = { input_tokens: M }

  it('holds all that the books want', () => {
    const result = aBilling().billing.bill(call({ usage, multiplier: '0.4', estimated: true }))
    expect(result).toEqual({
      status: 'listed',
      bill: {
        usage,
        list: 300_000_000n,
        charged: 120_000_000n,
        currency: 'USD',
        multiplier: '0.4',
        priceVersion: SHIPPED_PRICES.version,
        estimated: true,
      },
    })
  })

  it.each<[string, Partial<Billed>, 'refuse' | 'ceiling', string[]]>([
    ['the model that answered', { model: 'MiniMax-M2.7-highspeed' }, 'refuse', ['listed', '0.6', '0.6']],
    ['another name of a model', { model: 'MiniMax-M2.1-lightning' }, 'refuse', ['alias', '0.6', '0.6']],
    ['what was asked for, where the answer is silent', { model: '' }, 'refuse', ['listed', '0.3', '0.3']],
    ['what was asked for, where the other has no price', { model: 'M9' }, 'refuse', ['asked', '0.3', '0.3']],
    ['nothing', { model: 'M9', askedModel: 'M8' }, 'refuse', ['unpriced', '0', '0']],
    ['the ceiling', { model: 'M9', askedModel: 'M8' }, 'ceiling', ['ceiling', '14.286', '14.286']],
    [
      'the ceiling, where a unit has no price',
      { model: 'M2-her', askedModel: 'M2-her', usage: { web_searches: 1 } },
      'ceiling',
      ['ceiling', '0.01', '0.01'],
    ],
    [
      'nothing, where a unit has no price at all',
      { usage: { songs: 1, input_tokens: M } },
      'ceiling',
      ['unpriced', '0', '0'],
    ],
  ])('is by %s', (_, over, unknown, expected) => {
    expect(billed({ usage, ...over }, { unknown })).toEqual(expected)
  })

  it('of nothing looks nothing up', () => {
    const { bill, status } = aBilling().billing.bill(call({ model: 'M9', askedModel: 'M9' }))
    expect(status).toBe('nothing')
    expect(bill).toMatchObject({ usage: {}, list: 0n, charged: 0n, priceVersion: '' })
  })

  it.each<[string, Partial<Billed>, string]>([
    ['below the tier', { model: 'MiniMax-M3', usage: { input_tokens: 524_288 } }, '0.1572864'],
    ['above the tier', { model: 'MiniMax-M3', usage: { input_tokens: 524_289 } }, '0.3145734'],
    [
      'above the tier by what was cached',
      { model: 'MiniMax-M3', usage: { input_tokens: 1, cached_tokens: 524_288 } },
      '0.06291516',
    ],
    ['of priority', { model: 'MiniMax-M3', usage, facts: { serviceTier: 'priority' } }, '0.9'],
    [
      'of a video by its length and resolution',
      {
        operation: 'video.create',
        model: 'MiniMax-Hailuo-2.3',
        usage: { videos: 1 },
        facts: { resolution: '768P', duration: 10 },
      },
      '0.56',
    ],
    [
      'of seconds by their resolution',
      {
        operation: 'video.v2.create',
        model: 'MiniMax-H3',
        usage: { video_seconds: 5, input_images: 6 },
        facts: { resolution: '2k' },
      },
      '0.69',
    ],
    [
      'of a voice before its price fell',
      {
        operation: 'voice.clone',
        model: '',
        askedModel: '',
        usage: { voices: 1 },
        at: Date.UTC(2026, 6, 31),
      },
      '3',
    ],
    [
      'of a voice from the day on when it fell',
      { operation: 'voice.clone', model: '', askedModel: '', usage: { voices: 1 }, at: Date.UTC(2026, 7, 1) },
      '1.5',
    ],
  ])('%s', (_, over, expected) => {
    expect(billed(over)).toEqual(['listed', expected, expected])
  })

  it("goes by the operator's price, and by the moment when the call began", () => {
    const rates = (price: string) => ({ input_tokens: { price, per: M } })
    const shared = { models: ['MiniMax-M2.7'], modality: 'chat' }
    const later = { ...shared, effective_from: '2026-10-02', rates: rates('9') }
    const list = mine({ ...shared, rates: rates('5') }, later)
    const { billing } = aBilling({}, list)
    const at = (day: number) =>
      formatMoney(billing.bill(call({ usage, at: Date.UTC(2026, 9, day) })).bill.list)
    // To and fro: what was found for one day is not taken for another.
    expect([at(1), at(2), at(1), at(3), at(1)]).toEqual(['5', '9', '5', '9', '5'])
  })

  it('forgets what it found when the list changes', () => {
    let list = SHIPPED_PRICES
    const prices = { list, listAt: () => list }
    const { billing } = aBilling({ prices })
    expect(formatMoney(billing.bill(call({ usage })).bill.list)).toBe('0.3')
    list = mine({ models: ['MiniMax-M2.7'], modality: 'chat', unsold: true })
    expect(billing.bill(call({ usage })).status).toBe('unpriced')
    expect(codeOf(() => billing.check({ operation: 'chat.openai', model: 'MiniMax-M2.7', at: AT }))).toBe(
      'price_unknown',
    )
  })

  it('is right however many names clients make up', () => {
    const { billing } = aBilling()
    for (let at = 0; at < 5_000; at++) {
      const over = { operation: 'voice.design', model: `junk-${at}`, usage: { voices: 1 } }
      expect(billing.bill(call(over)).bill.list).toBe(3_000_000_000n)
    }
    expect(billing.bill(call({ usage })).bill.list).toBe(300_000_000n)
  })

  it('tells each status that there is', () => {
    const { billing, lookups } = aBilling({ unknown: 'ceiling' })
    const strict = aBilling()
    for (const over of [
      { usage },
      { usage, model: 'MiniMax-M2-Stable' },
      { usage, model: 'x' },
      { usage, model: 'x', askedModel: 'y' },
      { usage: { songs: 1 } },
      { usage: { input_tokens: -1 } },
      {},
    ]) {
      billing.bill(call(over))
    }
    codeOf(() => strict.billing.check({ operation: 'chat.openai', model: 'x', at: AT }))
    expect([...lookups, ...strict.lookups].sort()).toEqual([...PRICE_LOOKUPS].sort())
  })
})

describe('wrong usage', () => {
  const WRONG: [string, Usage][] = [
    ['a negative number', { input_tokens: -1 }],
    ['1e18', { output_tokens: 1e18 }],
    ['a fraction of a token', { input_tokens: 0.5 }],
    ['a fourth decimal of a second', { audio_seconds: 0.0001 }],
    ['NaN', { input_tokens: NaN }],
    ['infinity', { input_tokens: Infinity }],
  ]

  it.each(
    WRONG.flatMap(([name, wrong]) =>
      ['MiniMax-M2.7', 'unheard-of'].map((model) => [name, model, wrong] as const),
    ),
  )('%s of %s costs nothing and spoils no total', (_, model, wrong) => {
    for (const unknown of ['refuse', 'ceiling'] as const) {
      const { billing } = aBilling({ unknown })
      const usage = { ...wrong, cached_tokens: 5 }
      const { bill, status } = billing.bill(call({ model, askedModel: model, usage }))
      expect([status, bill.list, bill.charged, bill.priceVersion]).toEqual(['refused', 0n, 0n, ''])
      expect(bill.usage).toEqual({ cached_tokens: 5 })
    }
  })

  it.each([
    ['money beyond what a store holds', { usage: { input_tokens: M }, multiplier: '1000000' }, 'refused'],
    ['a multiplier that is none', { usage: { input_tokens: M }, multiplier: '-1' }, 'refused'],
  ])('%s is refused', (_, over, status) => {
    const rates = { input_tokens: { price: '999999999' } }
    const list = mine({ models: ['MiniMax-M2.7'], modality: 'chat', rates })
    expect(billed(over, {}, list)).toEqual([status, '0', '0'])
  })

  it('never throws, and never charges what is not list × multiplier', () => {
    const { billing } = aBilling({ unknown: 'ceiling' })
    const quantity = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(0, -0, 1e18, 2 ** 53, NaN))
    const usage = fc.dictionary(fc.constantFrom(...UNITS, 'junk', '__proto__'), quantity)
    const model = fc.constantFrom(...MODELS, 'x', '', '__proto__', 'constructor')
    const operation = fc.constantFrom(...OPERATIONS.map(({ name }) => name))
    const at = fc.integer({ min: 0, max: 4e12 })
    fc.assert(
      fc.property(usage, model, model, operation, at, (used, answered, askedModel, name, moment) => {
        const over = { usage: used, model: answered, askedModel, operation: name, at: moment }
        const { bill } = billing.bill(call({ ...over, multiplier: '0.5' }))
        expect(bill.list >= 0n && bill.charged === (bill.list + 1n) / 2n).toBe(true)
        for (const unit of Object.keys(bill.usage)) expect(UNITS).toContain(unit)
      }),
      { numRuns: 3_000 },
    )
  })
})

describe('a multiplier', () => {
  const { billing } = aBilling({
    multiplier: '2',
    planMultipliers: { free: '0.4', 'big team': '1.000000001' },
  })

  it.each<[string, string | null, string | null, string]>([
    ["the user's own", '0.1', 'free', '0.1'],
    ["the user's own, though it is nothing", '0', 'free', '0'],
    ["the plan's", null, 'free', '0.4'],
    ["the plan's, by its exact name", null, 'big team', '1.000000001'],
    ["everybody's, where the plan has none", null, 'Free', '2'],
    ["everybody's, where there is no plan", null, null, '2'],
    ['not what every object has', null, 'constructor', '2'],
  ])('is %s', (_, multiplier, plan, expected) => {
    expect(billing.multiplierOf({ multiplier, plan })).toBe(expected)
    expect(billing.multiplierOf({ multiplier, planMultiplier: null, plan })).toBe(expected)
  })

  it.each<[string, string | null, string, string | null, string]>([
    ["the user's own before the plan's", '0.1', '3', 'free', '0.1'],
    ["what stands on the plan before the settings' for it", null, '3', 'free', '3'],
    ['what stands on the plan, though it is nothing', null, '0', 'free', '0'],
    ['what stands on a plan that the settings do not know', null, '3', 'new', '3'],
  ])('is %s', (_, multiplier, planMultiplier, plan, expected) => {
    expect(billing.multiplierOf({ multiplier, planMultiplier, plan })).toBe(expected)
  })
})
