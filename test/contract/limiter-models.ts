import { beforeEach, describe, expect, it } from 'vitest'
import type { Demand, Limiter } from '../../src/limits/limiter.ts'
import type { Limits, Rates } from '../../src/store/store.ts'
import { LimiterKit, token, user, type OpenLimiter } from '../limits/limiter-kit.ts'

const MODEL = 'asr-1.0'

/** What any limiter must do with a call whose model is named only after it was let in. */
export function describeLimiterModels(name: string, open: OpenLimiter): void {
  describe(`models that are named later, in ${name}`, () => {
    let kit: LimiterKit
    let limiter: Limiter
    beforeEach(() => {
      kit = new LimiterKit()
      limiter = open(kit)
    })

    const demand = (rates: Rates, fields: Partial<Demand> = {}, more: Limits = {}) =>
      kit.demand({ subjects: [user({ ...more, models: { [MODEL]: rates } })], model: '', ...fields })
    const standing = async (rates: Rates) => {
      const { rates: states, concurrency } = await limiter.standing(demand(rates))
      return [...states.map(({ remaining }) => remaining), ...concurrency.map(({ underWay }) => underWay)]
    }
    const both = { requestsPerMinute: 5, tokensPerMinute: 100, concurrency: 3 }

    it('take their own limits, and free them at the end', async () => {
      const hold = await kit.hold(limiter, demand(both, { usage: { output_tokens: 60 } }))
      expect(await standing(both)).toEqual([5, 100, 0])
      expect(await kit.extend(hold, 0n, { output_tokens: 70 }, MODEL)).toBe(null)
      expect(await standing(both)).toEqual([4, 30, 1])
      expect(hold.rates.map(({ limit, remaining }) => [limit, remaining])).toEqual([
        [5, 4],
        [100, 30],
      ])
      kit.settle(hold, 0n, { output_tokens: 20 })
      expect(await standing(both)).toEqual([4, 80, 0])
    })

    it.each([
      ['requests', { requestsPerMinute: 1 }, 'rate_limited'],
      ['tokens', { tokensPerMinute: 100 }, 'tokens_rate_limited'],
      ['calls at a time', { concurrency: 1 }, 'concurrency_limited'],
    ] as const)('are refused by their own limit of %s, and nothing is taken', async (_, rates, code) => {
      const usage = { output_tokens: 60 }
      await kit.hold(limiter, demand(rates, { usage, model: MODEL }))
      const before = await standing(rates)
      const hold = await kit.hold(limiter, demand(rates, { usage, charged: 1n }))
      expect(await kit.extend(hold, 7n, usage, MODEL)).toBe(code)
      expect([await standing(rates), limiter.held]).toEqual([before, 1n])
      hold.release(true)
      expect([await standing(rates), limiter.held]).toEqual([before, 0n])
    })

    it('take nothing where a budget has no room for what the call costs with them', async () => {
      const budgets = [{ amount: 10n, period: 'day', hard: true }] as const
      const hold = await kit.hold(limiter, demand(both, { charged: 5n }, { budgets }))
      expect(await kit.extend(hold, 11n, {}, MODEL)).toBe('budget_exceeded')
      expect(await standing(both)).toEqual([5, 100, 0])
      expect(await kit.extend(hold, 10n, {}, MODEL)).toBe(null)
      expect(await standing(both)).toEqual([4, 100, 1])
    })

    it('count once, however often they are named', async () => {
      const hold = await kit.hold(limiter, demand(both))
      for (let time = 0; time < 3; time++) expect(await kit.extend(hold, 0n, {}, MODEL)).toBe(null)
      const known = await kit.hold(limiter, demand(both, { model: MODEL }))
      expect(await kit.extend(known, 0n, {}, MODEL)).toBe(null)
      expect(await standing(both)).toEqual([3, 100, 2])
    })

    it('come in addition to the model before, whose place stays taken', async () => {
      const other = 'speech-2.8-hd'
      const subjects = [user({ models: { [MODEL]: { concurrency: 1 }, [other]: { concurrency: 1 } } })]
      const hold = await kit.hold(limiter, kit.demand({ subjects, model: MODEL }))
      expect(await kit.extend(hold, 0n, {}, other)).toBe(null)
      for (const model of [MODEL, other])
        expect((await kit.ask(limiter, kit.demand({ subjects, model }))).error?.code).toBe(
          'concurrency_limited',
        )
      hold.release(false)
      for (const model of [MODEL, other])
        expect((await kit.ask(limiter, kit.demand({ subjects, model }))).error).toBe(null)
    })

    it('give their request back with a refunded call', async () => {
      const hold = await kit.hold(limiter, demand(both))
      kit.pass(30_000)
      expect(await kit.extend(hold, 0n, { output_tokens: 40 }, MODEL)).toBe(null)
      hold.release(true)
      expect(await standing(both)).toEqual([5, 100, 0])
      kit.pass(31_000)
      expect(await standing(both)).toEqual([5, 100, 0])
      kit.pass(30_000)
      expect(await standing(both)).toEqual([5, 100, 0])
    })

    it('count for each subject that limits them', async () => {
      const models = { [MODEL]: { concurrency: 1 } }
      const shared = [user({}), token({ models })]
      const hold = await kit.hold(limiter, kit.demand({ subjects: shared, model: '' }))
      expect(await kit.extend(hold, 0n, {}, MODEL)).toBe(null)
      expect((await kit.ask(limiter, kit.demand({ subjects: shared, model: MODEL }))).error?.code).toBe(
        'concurrency_limited',
      )
    })

    it.each([
      ['MiniMax-M2.5-highspeed', 'MiniMax-M2.5-lightning', 'rate_limited'],
      ['MiniMax-M2.5-lightning', 'MiniMax-M2.5-highspeed', 'rate_limited'],
      ['MiniMax-M2.5', 'MiniMax-M2.5-highspeed', undefined],
      ['MiniMax-M2.5', 'minimax-m2.5', undefined],
    ])(
      'a limit of %s counts calls with %s as its name for the same model says',
      async (limited, named, code) => {
        const subjects = [user({ models: { [limited]: { requestsPerMinute: 1 } } })]
        await kit.hold(limiter, kit.demand({ subjects, model: limited }))
        expect((await kit.ask(limiter, kit.demand({ subjects, model: named }))).error?.code).toBe(code)
      },
    )
  })
}
