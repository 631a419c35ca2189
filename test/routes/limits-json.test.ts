import fc from 'fast-check'
import { Value } from 'typebox/value'
import { describe, expect, it } from 'vitest'
import { FRACTIONAL_UNITS, UNITS } from '../../src/minimax/units.ts'
import { limitsFromJson, LimitsJson, limitsView } from '../../src/routes/limits-json.ts'
import { standingView } from '../../src/routes/standing-json.ts'
import { BUDGET_PERIODS, type Budget, type Limits } from '../../src/store/store.ts'

const rate = fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 1_000_000_000 }))
const rates = fc.record(
  { requestsPerMinute: rate, tokensPerMinute: rate, concurrency: rate },
  { requiredKeys: [] },
)
const rule = { period: fc.constantFrom(...BUDGET_PERIODS), hard: fc.boolean() }
const budget: fc.Arbitrary<Budget> = fc.oneof(
  fc.record({ amount: fc.bigInt({ min: 0n, max: 999_999_999_999_999_999n }), ...rule }),
  fc.tuple(fc.constantFrom(...UNITS), fc.nat(1_000_000_000), fc.record(rule)).map(([unit, count, more]) => ({
    unit,
    quantity: FRACTIONAL_UNITS.has(unit) ? count / 1000 : count,
    ...more,
  })),
)
const kindOf = (one: Budget) => `${'unit' in one ? one.unit : ''} ${one.period} ${String(one.hard)}`
const limits: fc.Arbitrary<Limits> = fc
  .tuple(
    rates,
    fc.record(
      {
        maxOutputTokens: rate,
        budgets: fc.oneof(fc.constant(null), fc.uniqueArray(budget, { maxLength: 20, selector: kindOf })),
        models: fc.oneof(
          fc.constant(null),
          fc.dictionary(fc.constantFrom('MiniMax-M2.5', 'image-01', '模型', 'a/b'), rates),
        ),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([own, rest]) => ({ ...own, ...rest }))

describe('limits in JSON', () => {
  it('come back as they were, and fit the schema', () => {
    fc.assert(
      fc.property(limits, (given) => {
        const shown: unknown = JSON.parse(JSON.stringify(limitsView(given)))
        if (!Value.Check(LimitsJson, shown)) throw new Error(JSON.stringify(shown))
        expect(limitsFromJson(shown)).toEqual(
          given.models ? { ...given, models: { ...given.models } } : given,
        )
      }),
    )
  })

  it('have hard budgets unless they say soft', () => {
    expect(limitsFromJson({ budgets: [{ amount: '0.5', period: 'day' }] })).toEqual({
      budgets: [{ amount: 500_000_000n, period: 'day', hard: true }],
    })
  })
})

describe('how limits stand in JSON', () => {
  it('never has less than nothing left, and no noise of floating point', () => {
    const subject = { kind: 'user' as const, id: 'ada' }
    const { budgets } = standingView(
      {
        rates: [],
        concurrency: [],
        credit: null,
        budgets: [
          {
            subject,
            budget: { amount: 10n, period: 'day', hard: false },
            used: 12n,
            held: 1n,
            resetsAt: null,
          },
          {
            subject,
            budget: { unit: 'video_seconds', quantity: 0.3, period: 'total', hard: true },
            used: 0.1,
            held: 0.1 + 0.2 - 0.2,
            resetsAt: null,
          },
        ],
      },
      'USD',
      0,
    )
    expect(budgets).toMatchObject([
      { limit: '0.00000001', used: '0.000000012', held: '0.000000001', left: '0' },
      { limit: 0.3, used: 0.1, held: 0.1, left: 0.1 },
    ])
  })

  it('counts resets of rates from now', () => {
    const rate = { name: 'tokens' as const, limit: 60, remaining: 59, resetMs: 999.5 }
    const subject = { kind: 'token' as const, id: 'x' }
    const standing = { rates: [{ ...rate, subject, model: 'm' }], concurrency: [], budgets: [], credit: null }
    expect(standingView(standing, 'USD', 1000).rates).toEqual([
      {
        of: 'token',
        model: 'm',
        name: 'tokens_per_minute',
        limit: 60,
        used: 1,
        left: 59,
        resets_at: '1970-01-01T00:00:02.000Z',
      },
    ])
  })
})
