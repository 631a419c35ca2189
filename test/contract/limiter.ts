import { beforeEach, describe, expect, it } from 'vitest'
import type { Demand, Limiter } from '../../src/limits/limiter.ts'
import type { Budget, Limits } from '../../src/store/store.ts'
import { DAY, HOUR, LimiterKit, NOON, token, user, type OpenLimiter } from '../limits/limiter-kit.ts'
import { describeLimiterBooks } from './limiter-books.ts'
import { describeLimiterModels } from './limiter-models.ts'
import { describeLimiterRates } from './limiter-rates.ts'

const money = (amount: bigint, period: Budget['period'] = 'day', hard = true): Budget => ({
  amount,
  period,
  hard,
})

/** What any limiter must do. @param open one that remembers nothing but what the parts tell it */
export function describeLimiter(name: string, open: OpenLimiter): void {
  describeLimiterRates(name, open)
  describeLimiterBooks(name, open)
  describeLimiterModels(name, open)
  describe(`limits of money and units in ${name}`, () => {
    let kit: LimiterKit
    let limiter: Limiter
    beforeEach(() => {
      kit = new LimiterKit()
      limiter = open(kit)
    })

    const demand = (limits: Limits, fields: Partial<Demand> = {}) =>
      kit.demand({ subjects: [user(limits)], charged: 1n, ...fields })
    const codeOf = async (asked: Demand) => (await kit.ask(limiter, asked)).error?.code ?? null

    it('lets all pass that nothing limits, and holds nothing for it', async () => {
      const hold = await kit.hold(limiter, kit.demand({ charged: 5n }))
      expect([limiter.held, limiter.holds, hold.rates]).toEqual([0n, 0, []])
      expect(await kit.extend(hold, 50n)).toBe(null)
      hold.release(false)
    })

    it('admits exactly 10 of 200 parallel calls on a budget for 10', async () => {
      const limits = { budgets: [money(10n)] }
      const all = await Promise.all(Array.from({ length: 200 }, () => kit.ask(limiter, demand(limits))))
      const holds = all.flatMap(({ hold }) => (hold === null ? [] : [hold]))
      expect(holds.length).toBe(10)
      expect(new Set(all.map(({ error }) => error?.code))).toEqual(new Set([undefined, 'budget_exceeded']))
      expect([limiter.held, limiter.holds]).toEqual([10n, 10])
      for (const hold of holds) kit.settle(hold, 1n)
      expect([limiter.held, limiter.holds, await codeOf(demand(limits))]).toEqual([0n, 0, 'budget_exceeded'])
    })

    it('frees what was held and not used', async () => {
      const limits = { budgets: [money(10n)] }
      const first = await kit.hold(limiter, demand(limits, { charged: 10n }))
      expect(await codeOf(demand(limits))).toBe('budget_exceeded')
      kit.settle(first, 3n)
      const second = await kit.hold(limiter, demand(limits, { charged: 7n }))
      second.release(false)
      expect(await codeOf(demand(limits, { charged: 8n }))).toBe('budget_exceeded')
      expect(await codeOf(demand(limits, { charged: 7n }))).toBe(null)
    })

    it('charges the truth where it is more than was held, and refuses the next', async () => {
      const limits = { budgets: [money(10n)] }
      kit.settle(await kit.hold(limiter, demand(limits)), 100n)
      expect(await codeOf(demand(limits))).toBe('budget_exceeded')
      expect(await codeOf(demand(limits, { charged: 0n }))).toBe(null)
    })

    it('counts an end once, whichever it was', async () => {
      const limits = { budgets: [money(10n)] }
      const hold = await kit.hold(limiter, demand(limits, { charged: 5n }))
      hold.release(false)
      hold.settle({ charged: 9n, usage: {}, at: kit.wall })
      hold.keep({ charged: 9n, usage: {} })
      hold.release(true)
      expect([limiter.held, limiter.holds]).toEqual([0n, 0])
      expect(await codeOf(demand(limits, { charged: 10n }))).toBe(null)
    })

    it('takes all or nothing', async () => {
      const subjects = [user({ concurrency: 5, budgets: [money(10n)] }), token({ budgets: [money(1n)] })]
      expect(await codeOf(kit.demand({ subjects, charged: 2n }))).toBe('budget_exceeded')
      const standing = await limiter.standing(kit.demand({ subjects }))
      expect(standing.concurrency.map(({ underWay }) => underWay)).toEqual([0])
      expect(standing.budgets.map(({ held }) => held)).toEqual([0n, 0n])
    })

    it('limits units as it does money, fractions included', async () => {
      const limits: Limits = {
        budgets: [{ unit: 'video_seconds', quantity: 1, period: 'month', hard: true }],
      }
      const some = (video_seconds: number) => demand(limits, { usage: { video_seconds } })
      for (let i = 0; i < 10; i++) kit.settle(await kit.hold(limiter, some(0.1)), 0n, { video_seconds: 0.1 })
      expect(await codeOf(some(0.001))).toBe('budget_exceeded')
      expect(await codeOf(demand(limits, { usage: { images: 5 } }))).toBe(null)
    })

    it.each(['cached_tokens', 'cache_write_tokens'] as const)(
      'holds a whole prompt of %s, and uses what of it was',
      async (unit) => {
        const limits: Limits = { budgets: [{ unit, quantity: 100, period: 'day', hard: true }] }
        const some = (input_tokens: number) => demand(limits, { usage: { input_tokens } })
        expect(await codeOf(some(101))).toBe('budget_exceeded')
        const hold = await kit.hold(limiter, some(60))
        expect(await codeOf(some(41))).toBe('budget_exceeded')
        kit.settle(hold, 1n, { input_tokens: 30, [unit]: 30 })
        expect(await codeOf(some(71))).toBe('budget_exceeded')
        expect(await codeOf(some(70))).toBe(null)
      },
    )

    it.each([
      ['hour', 1_800],
      ['day', 12 * 3_600 - 1_800],
      ['month', 17 * 86_400 + 12 * 3_600 - 1_800],
      ['total', undefined],
    ] as const)(
      'says what is left of a budget of one %s, and when it starts anew',
      async (period, seconds) => {
        kit.wall = NOON + HOUR / 2
        const { error } = await kit.ask(
          limiter,
          demand({ budgets: [money(1_500_000_000n, period)] }, { charged: 2_000_000_000n }),
        )
        expect([error?.status, error?.retryAfter]).toEqual([402, seconds])
        expect(error?.message).toMatch(/may cost 2; of the budget of this user, 1\.5 .+, 1\.5 is left/)
      },
    )

    it('starts a budget anew with its period, for what is held too', async () => {
      const limits = { budgets: [money(10n, 'hour')] }
      kit.settle(await kit.hold(limiter, demand(limits, { charged: 6n })), 6n)
      const open = await kit.hold(limiter, demand(limits, { charged: 4n }))
      kit.pass(HOUR)
      expect(await codeOf(demand(limits, { charged: 7n }))).toBe('budget_exceeded')
      kit.settle(open, 4n)
      expect(await codeOf(demand(limits, { charged: 7n }))).toBe('budget_exceeded')
      expect(await codeOf(demand(limits, { charged: 6n }))).toBe(null)
    })

    it('follows a change of the limits at the next call', async () => {
      kit.settle(await kit.hold(limiter, demand({ budgets: [money(10n)] }, { charged: 8n })), 8n)
      expect(await codeOf(demand({ budgets: [money(8n)] }))).toBe('budget_exceeded')
      expect(await codeOf(demand({ budgets: [money(8n), money(9n, 'hour')] }))).toBe('budget_exceeded')
      expect(await codeOf(demand({ budgets: null }))).toBe(null)
      expect(await codeOf(demand({ budgets: [money(10n)] }))).toBe(null)
    })

    it('lets calls pass a soft budget, and tells of it once a period', async () => {
      const limits = { budgets: [money(2n, 'hour', false)] }
      for (let i = 0; i < 5; i++) kit.settle(await kit.hold(limiter, demand(limits)), 1n)
      expect(kit.notices.map(({ period, subject }) => [period, subject])).toEqual([
        ['hour', { kind: 'user', id: 'ada' }],
      ])
      kit.pass(HOUR)
      kit.settle(await kit.hold(limiter, demand(limits)), 9n)
      expect(kit.notices.length).toBe(2)
    })

    it('extends a hold to what the whole call may need, or leaves it as it is', async () => {
      const limits = { budgets: [money(10n)] }
      const hold = await kit.hold(limiter, demand(limits, { charged: 4n }))
      const other = await kit.hold(limiter, demand(limits, { charged: 3n }))
      expect(await kit.extend(hold, 8n)).toBe('budget_exceeded')
      expect(await kit.extend(hold, 7n)).toBe(null)
      expect(limiter.held).toBe(10n)
      other.release(false)
      kit.settle(hold, 7n)
      expect(await codeOf(demand(limits, { charged: 4n }))).toBe('budget_exceeded')
    })

    it('keeps money for a task until it ends, and its place among the calls no longer', async () => {
      const limits = { concurrency: 1, budgets: [money(10n)] }
      const asked = demand(limits, { charged: 10n })
      const hold = await kit.hold(limiter, asked)
      hold.keep({ charged: 8n, usage: {} })
      expect([limiter.held, limiter.holds]).toEqual([8n, 1])
      const next = await kit.hold(limiter, demand(limits, { charged: 2n }))
      next.release(false)
      expect(await codeOf(demand(limits, { charged: 3n }))).toBe('budget_exceeded')
      kit.end(limiter, asked, 5n)
      expect([limiter.held, limiter.holds]).toEqual([0n, 0])
      expect(await codeOf(demand(limits, { charged: 6n }))).toBe('budget_exceeded')
      expect(await codeOf(demand(limits, { charged: 5n }))).toBe(null)
    })

    it('holds again what an earlier process held, once', async () => {
      const owners = { userId: 'ada', tokenId: 'token1', sessionId: '', endUser: '' }
      const kept = { requestId: 'old', ...owners, charged: 6n, usage: { videos: 1 } }
      limiter.resume(kept)
      limiter.resume(kept)
      expect([limiter.held, limiter.holds]).toEqual([6n, 1])
      expect(await codeOf(demand({ budgets: [money(10n)] }, { charged: 5n }))).toBe('budget_exceeded')
      kit.end(limiter, kept, 6n)
      expect(limiter.held).toBe(0n)
      expect(await codeOf(demand({ budgets: [money(10n)] }, { charged: 5n }))).toBe('budget_exceeded')
    })

    it('holds for the task of a call that nothing limited when it came', async () => {
      const asked = kit.demand({ charged: 6n })
      const hold = await kit.hold(limiter, asked)
      hold.keep(asked)
      expect(await codeOf(demand({ budgets: [money(10n)] }, { charged: 5n }))).toBe('budget_exceeded')
      kit.end(limiter, asked, 0n)
      expect(await codeOf(demand({ budgets: [money(10n)] }, { charged: 5n }))).toBe(null)
    })

    it('neither resets nor doubles a period when the clock steps', async () => {
      const limits = { budgets: [money(10n, 'month')] }
      kit.settle(await kit.hold(limiter, demand(limits, { charged: 6n })), 6n)
      kit.wall += 31 * DAY
      kit.settle(await kit.hold(limiter, demand(limits, { charged: 9n })), 9n)
      kit.wall -= 31 * DAY
      expect(await codeOf(demand(limits, { charged: 5n }))).toBe('budget_exceeded')
      kit.settle(await kit.hold(limiter, demand(limits, { charged: 4n })), 4n)
      kit.wall += 31 * DAY
      expect(await codeOf(demand(limits, { charged: 2n }))).toBe('budget_exceeded')
      kit.wall -= 31 * DAY + HOUR
      expect(await codeOf(demand(limits))).toBe('budget_exceeded')
    })

    it('begins months and days in its time zone', async () => {
      const zoned = new LimiterKit('Asia/Shanghai')
      const other = open(zoned)
      zoned.wall = Date.UTC(2026, 0, 31, 15, 59)
      const limits = { budgets: [money(1n, 'month')] }
      const asked = () => zoned.demand({ subjects: [user(limits)], charged: 1n })
      zoned.settle(await zoned.hold(other, asked()), 1n)
      const { error } = await zoned.ask(other, asked())
      expect(error?.retryAfter).toBe(60)
      zoned.pass(60_000)
      await zoned.hold(other, asked())
    })
  })
}
