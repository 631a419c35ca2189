import { beforeEach, describe, expect, it } from 'vitest'
import type { Demand, Limiter } from '../../src/limits/limiter.ts'
import type { Limits } from '../../src/store/store.ts'
import { HOUR, LimiterKit, NOON, settled, token, user, type OpenLimiter } from '../limits/limiter-kit.ts'

const LIMITS: Limits = { budgets: [{ amount: 10n, period: 'day', hard: true }] }

/** How any limiter must learn what was spent before it began to count. */
export function describeLimiterBooks(name: string, open: OpenLimiter): void {
  describe(`what the books know, in ${name}`, () => {
    let kit: LimiterKit
    let limiter: Limiter
    beforeEach(() => {
      kit = new LimiterKit()
      limiter = open(kit)
    })

    const demand = (fields: Partial<Demand> = {}) =>
      kit.demand({ subjects: [user(LIMITS)], charged: 1n, ...fields })
    const paid = (charged: bigint) => kit.demand({ prepaid: true, charged })
    const codeOf = async (asked: Demand) => (await kit.ask(limiter, asked)).error?.code ?? null
    const spend = (charged: bigint, at: number) =>
      kit.rows.push({ userId: 'ada', tokenId: 'token1', sessionId: '', endUser: '', charged, usage: {}, at })

    it('counts what was spent in the period before it began to count', async () => {
      spend(4n, NOON - HOUR)
      spend(100n, NOON - 13 * HOUR)
      expect(await codeOf(demand({ charged: 7n }))).toBe('budget_exceeded')
      expect(await codeOf(demand({ charged: 6n }))).toBe(null)
    })

    it('counts nothing that was spent under the name before its subject was made', async () => {
      spend(9n, NOON - HOUR)
      const first = user(LIMITS, 'ada', NOON - 2 * HOUR)
      const anew = user(LIMITS, 'ada', NOON)
      expect(await codeOf(demand({ subjects: [first], charged: 2n }))).toBe('budget_exceeded')
      expect(await codeOf(demand({ subjects: [anew], charged: 10n }))).toBe(null)
    })

    it('reads once for all who wait, and answers each of them once', async () => {
      kit.reads = 'wait'
      const all = Array.from({ length: 20 }, () => kit.reserve(limiter, demand()))
      expect([kit.readCount, all.map(({ told }) => told)]).toEqual([1, Array.from({ length: 20 }, () => 0)])
      kit.answer(true)
      await settled()
      expect(all.map(({ told }) => told)).toEqual(Array.from({ length: 20 }, () => 1))
      expect(all.filter(({ hold }) => hold !== null).length).toBe(10)
    })

    it('does not let a call that waits stand in the way of others', async () => {
      kit.reads = 'wait'
      const waits = kit.reserve(limiter, demand())
      expect(kit.reserve(limiter, kit.demand({ subjects: [user({ concurrency: 1 })] })).told).toBe(1)
      expect(kit.reserve(limiter, kit.demand({ subjects: [token({ concurrency: 1 })] })).told).toBe(1)
      expect(waits.told).toBe(0)
    })

    it('refuses those who wait when the books cannot be read, and tries again with the next', async () => {
      kit.reads = 'wait'
      const waits = kit.reserve(limiter, demand())
      kit.answer(false)
      await settled()
      expect([waits.error?.code, waits.told, kit.failures.length]).toEqual(['store_unavailable', 1, 1])
      expect([limiter.held, limiter.holds]).toEqual([0n, 0])
      kit.reads = 'answer'
      expect(await codeOf(demand())).toBe(null)
    })

    it('does not ask anew for a period that it has seen begin', async () => {
      kit.settle(await kit.hold(limiter, demand()), 1n)
      kit.reads = 'fail'
      kit.pass(24 * HOUR)
      expect(await codeOf(demand({ charged: 10n }))).toBe(null)
    })

    it('counts what was settled in a new period before anybody asked for that period', async () => {
      const hold = await kit.hold(limiter, demand())
      kit.pass(24 * HOUR)
      kit.settle(hold, 7n)
      expect(await codeOf(demand({ charged: 4n }))).toBe('budget_exceeded')
    })

    it.each([1, 2])('neither loses nor doubles what is settled while it reads (%i)', async (reads) => {
      const free = await kit.hold(limiter, kit.demand())
      kit.readCount = reads
      kit.reads = 'wait'
      const waits = kit.reserve(limiter, demand({ charged: 6n }))
      kit.settle(free, 5n)
      kit.reads = 'answer'
      kit.answer(true)
      await settled()
      expect(waits.error?.code).toBe('budget_exceeded')
      expect(await codeOf(demand({ charged: 5n }))).toBe(null)
    })

    it('gives up when the books change each time it reads them', async () => {
      kit.reads = 'wait'
      const holds = await Promise.all(
        Array.from({ length: 100 }, async () => kit.hold(limiter, kit.demand())),
      )
      const waits = kit.reserve(limiter, demand())
      for (const hold of holds) {
        if (waits.told > 0) break
        kit.settle(hold, 1n)
        kit.answer(true)
        await settled()
      }
      expect([waits.error?.code, limiter.holds]).toEqual(['store_unavailable', 0])
    })

    it('lets a user who pays ahead spend what they were given and no more', async () => {
      kit.credits.set('ada', 10n)
      spend(4n, NOON - 500 * HOUR)
      expect(await codeOf(paid(7n))).toBe('credit_exhausted')
      const hold = await kit.hold(limiter, paid(5n))
      expect([await codeOf(paid(2n)), await codeOf(paid(0n))]).toEqual(['credit_exhausted', null])
      kit.settle(hold, 6n)
      expect([await codeOf(paid(1n)), kit.refusals]).toEqual([
        'credit_exhausted',
        ['credit', 'credit', 'credit'],
      ])
      kit.credited(limiter, 'ada', 3n)
      expect(await kit.extend(await kit.hold(limiter, paid(2n)), 4n)).toBe('credit_exhausted')
      expect((await limiter.standing(paid(0n))).credit).toEqual({ balance: 3n, held: 2n, available: 1n })
    })

    it('does not count credit twice that is given while it reads', async () => {
      kit.reads = 'wait'
      const waits = kit.reserve(limiter, paid(11n))
      kit.credited(limiter, 'ada', 10n)
      kit.reads = 'answer'
      kit.answer(true)
      await settled()
      await settled()
      expect(waits.error?.code).toBe('credit_exhausted')
      expect(await codeOf(paid(10n))).toBe(null)
    })

    it('admits exactly as many parallel calls as the credit is for', async () => {
      kit.credits.set('ada', 10n)
      const all = await Promise.all(Array.from({ length: 200 }, () => kit.ask(limiter, paid(1n))))
      expect(all.filter(({ hold }) => hold !== null).length).toBe(10)
    })

    it('shows how all stands, of a caller who has used nothing too', async () => {
      spend(4n, NOON - HOUR)
      const model = { requestsPerMinute: 3, concurrency: 2 }
      const subjects = [
        user({ ...LIMITS, tokensPerMinute: 50, models: { m: model } }),
        token({ budgets: [{ unit: 'images', quantity: 2, period: 'total', hard: false }] }),
      ]
      const hold = await kit.hold(limiter, demand({ subjects, usage: { images: 1 } }))
      const of = { kind: 'user', id: 'ada' }
      expect(await limiter.standing(demand({ subjects }))).toEqual({
        rates: [
          { subject: of, model: null, name: 'tokens', limit: 50, remaining: 50, resetMs: 0 },
          { subject: of, model: 'm', name: 'requests', limit: 3, remaining: 3, resetMs: 0 },
        ],
        concurrency: [{ subject: of, model: 'm', limit: 2, underWay: 0 }],
        budgets: [
          { subject: of, budget: LIMITS.budgets?.[0], used: 4n, held: 1n, resetsAt: NOON + 12 * HOUR },
          {
            subject: { kind: 'token', id: 'token1' },
            budget: subjects[1]?.limits.budgets?.[0],
            used: 0,
            held: 1,
            resetsAt: null,
          },
        ],
        credit: null,
      })
      hold.release(false)
      kit.reads = 'fail'
      await expect(limiter.standing(demand({ subjects: [user(LIMITS, 'bob')] }))).rejects.toMatchObject({
        code: 'store_unavailable',
      })
    })
  })
}
