import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MODELS } from '../../src/minimax/models.ts'
import { cost, openPriceList, quickList, SHIPPED_PRICES, type Rates } from '../../src/minimax/prices.ts'
import type { Usage } from '../../src/minimax/units.ts'

const RUNS = { numRuns: 20_000 }

function ratesOf(rates: object, more: object = {}): Rates {
  const list = openPriceList({
    version: 'test',
    currencies: { USD: [{ models: ['m'], modality: 'chat', rates, ...more }] },
  })
  const found = list.priceOf({ operation: 'chat.native', model: 'm', at: 0, currency: 'USD' })
  if (found === undefined) throw new Error('no rates')
  return found
}

const decimal = fc.integer({ min: 0, max: 99_999_999_999 }).map((nano) => {
  const digits = String(nano).padStart(10, '0')
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`
})
const million = fc.record({
  input_tokens: decimal.map((price) => ({ price, per: 1_000_000 })),
  cached_tokens: decimal.map((price) => ({ price, per: 1_000_000 })),
  output_tokens: decimal.map((price) => ({ price, per: 1_000_000 })),
})
const rates = fc.constantFrom(...fc.sample(million, { numRuns: 200, seed: 1 }).map((one) => ratesOf(one)))
const tokens = fc.oneof(fc.integer({ min: 0, max: 2_000_000 }), fc.integer({ min: 0, max: 2 ** 40 }))
const usage = fc.record(
  { input_tokens: tokens, cached_tokens: tokens, output_tokens: tokens },
  { requiredKeys: [] },
)

const chatRates = [...MODELS].flatMap((model) => {
  const found = SHIPPED_PRICES.priceOf({ operation: 'chat.openai', model, at: Date.now(), currency: 'USD' })
  // By its name a model of another modality is found as well.
  return found?.prices.has('output_tokens') === true ? [found] : []
})

function sameAsCost(one: Rates, used: Usage): void {
  const quick = quickList(one, used, undefined)
  if (quick === undefined) return
  expect(cost(one, used)).toMatchObject({ ok: true, list: quick })
}

describe('the quick price', () => {
  it('is to the nano-unit what the exact one is, wherever there is one', () => {
    fc.assert(fc.property(rates, usage, sameAsCost), RUNS)
  })

  it('is the exact one for every chat model of the list, tiers included', () => {
    expect(chatRates.length).toBeGreaterThan(5)
    fc.assert(fc.property(fc.constantFrom(...chatRates), usage, sameAsCost), RUNS)
  })

  it('is there for an ordinary chat call', () => {
    const used = { input_tokens: 64, output_tokens: 28 }
    expect(chatRates.filter((one) => quickList(one, used, undefined) === undefined)).toEqual([])
  })

  it.each<[string, Usage]>([
    ['a negative quantity', { input_tokens: -1 }],
    ['a fraction', { input_tokens: 0.5 }],
    ['a unit without a price', { songs: 1 }],
    ['an amount beyond what is exact', { input_tokens: 2 ** 50 }],
  ])('leaves %s to the exact one', (_, used) => {
    expect(quickList(ratesOf({ input_tokens: { price: '1', per: 1_000_000 } }), used, undefined)).toBe(
      undefined,
    )
  })

  it('leaves a service tier to the exact one', () => {
    const tiered = ratesOf(
      { input_tokens: { price: '1', per: 1_000_000 } },
      { service_tiers: { priority: '1.5' } },
    )
    expect(quickList(tiered, { input_tokens: 5 }, { serviceTier: 'priority' })).toBe(undefined)
  })
})
