import { beforeEach, describe, expect, it } from 'vitest'
import type { Demand, Hold, Limiter } from '../../src/limits/limiter.ts'
import type { Limits } from '../../src/store/store.ts'
import { LimiterKit, token, user, type OpenLimiter } from '../limits/limiter-kit.ts'

const MINUTE = 60_000

/** What any limiter must do about limits of a minute and of calls at a time. */
export function describeLimiterRates(name: string, open: OpenLimiter): void {
  describe(`rates and concurrency in ${name}`, () => {
    let kit: LimiterKit
    let limiter: Limiter
    beforeEach(() => {
      kit = new LimiterKit()
      limiter = open(kit)
    })

    const demand = (limits: Limits, fields: Partial<Demand> = {}) =>
      kit.demand({ subjects: [user(limits)], ...fields })
    const codeOf = async (asked: Demand) => (await kit.ask(limiter, asked)).error?.code ?? null

    async function take(count: number, limits: Limits): Promise<Hold[]> {
      const holds: Hold[] = []
      for (let i = 0; i < count; i++) holds.push(await kit.hold(limiter, demand(limits)))
      return holds
    }

    it('lets a whole minute go at once, and says how long to wait for more', async () => {
      const limits = { requestsPerMinute: 5 }
      await take(5, limits)
      const { error } = await kit.ask(limiter, demand(limits))
      expect([error?.code, error?.status, kit.refusals]).toEqual(['rate_limited', 429, ['requests']])
      const seconds = error?.retryAfter ?? 0
      expect([60, 61]).toContain(seconds)
      kit.pass(seconds * 1000)
      await take(5, limits)
    })

    it('counts by the monotonic clock alone', async () => {
      await take(1, { requestsPerMinute: 1 })
      kit.wall += 10 * MINUTE
      expect(await codeOf(demand({ requestsPerMinute: 1 }))).toBe('rate_limited')
    })

    it('corrects tokens to the truth', async () => {
      const limits = { tokensPerMinute: 100 }
      const some = (output_tokens: number) => demand(limits, { usage: { input_tokens: 10, output_tokens } })
      const hold = await kit.hold(limiter, some(90))
      expect(await codeOf(some(1))).toBe('tokens_rate_limited')
      kit.settle(hold, 0n, { input_tokens: 5, cached_tokens: 5, output_tokens: 20 })
      expect(await codeOf(some(61))).toBe('tokens_rate_limited')
      kit.settle(await kit.hold(limiter, some(60)), 0n, { output_tokens: 500 })
      kit.pass(59_000)
      expect(await codeOf(some(0))).toBe('tokens_rate_limited')
      kit.pass(2_000)
      expect(await codeOf(some(90))).toBe(null)
    })

    it('lets one call pass that is larger than its whole minute, when nothing else counts', async () => {
      const limits = { tokensPerMinute: 100 }
      const large = demand(limits, { usage: { output_tokens: 1_000 } })
      await kit.hold(limiter, large)
      expect(await codeOf(large)).toBe('tokens_rate_limited')
      kit.pass(61_000)
      expect(await codeOf(large)).toBe(null)
    })

    it('extends tokens within the limit', async () => {
      const hold = await kit.hold(limiter, demand({ tokensPerMinute: 100 }, { usage: { output_tokens: 40 } }))
      const other = await kit.hold(
        limiter,
        demand({ tokensPerMinute: 100 }, { usage: { output_tokens: 10 } }),
      )
      expect(await kit.extend(hold, 0n, { output_tokens: 91 })).toBe('tokens_rate_limited')
      kit.pass(30_000)
      expect(await kit.extend(hold, 0n, { output_tokens: 90 })).toBe(null)
      kit.pass(31_000)
      other.release(false)
      expect(await kit.extend(hold, 0n, { output_tokens: 101 })).toBe(null)
      hold.release(false)
      const standing = await limiter.standing(demand({ tokensPerMinute: 100 }))
      expect(standing.rates.map(({ remaining }) => remaining)).toEqual([100])
    })

    it('takes a refunded call out again, and no other', async () => {
      const limits = { requestsPerMinute: 2, tokensPerMinute: 100 }
      const asked = () => demand(limits, { usage: { output_tokens: 50 } })
      const first = await kit.hold(limiter, asked())
      const second = await kit.hold(limiter, asked())
      first.release(true)
      second.release(false)
      const { rates } = await limiter.standing(asked())
      expect(rates.map(({ name: of, remaining }) => [of, remaining])).toEqual([
        ['requests', 1],
        ['tokens', 100],
      ])
    })

    it('remembers what was used when the operator changes a limit', async () => {
      await take(6, { requestsPerMinute: 10 })
      expect(await codeOf(demand({ requestsPerMinute: 6 }))).toBe('rate_limited')
      expect(await codeOf(demand({ requestsPerMinute: 3 }))).toBe('rate_limited')
      expect(await codeOf(demand({ requestsPerMinute: 7 }))).toBe(null)
      expect(await codeOf(demand({}))).toBe(null)
      expect(await codeOf(demand({ requestsPerMinute: 8 }))).toBe('rate_limited')
    })

    it('limits one model and no other, beside the limit on all', async () => {
      const limits = { requestsPerMinute: 3, models: { 'MiniMax-M3': { requestsPerMinute: 1 } } }
      expect(await codeOf(demand(limits))).toBe(null)
      const { error } = await kit.ask(limiter, demand(limits))
      expect(error?.message).toMatch(/MiniMax-M3/)
      const other = { model: '__proto__' }
      expect([
        await codeOf(demand(limits, other)),
        await codeOf(demand(limits, other)),
        await codeOf(demand(limits, other)),
      ]).toEqual([null, null, 'rate_limited'])
    })

    it('limits the user over all tokens, and each token', async () => {
      const of = (id: string) =>
        kit.demand({
          tokenId: id,
          subjects: [user({ concurrency: 3 }), token({ concurrency: 2 }, id)],
        })
      const codes = []
      for (const id of ['a', 'a', 'a', 'b', 'b']) codes.push(await codeOf(of(id)))
      expect(codes).toEqual([null, null, 'concurrency_limited', null, 'concurrency_limited'])
    })

    it.each(['settle', 'release', 'keep'] as const)('frees a place among calls by %s, once', async (end) => {
      const limits = { concurrency: 2, models: { 'MiniMax-M3': { concurrency: 1 } } }
      const hold = await kit.hold(limiter, demand(limits))
      expect(await codeOf(demand(limits))).toBe('concurrency_limited')
      for (let i = 0; i < 2; i++) {
        if (end === 'release') hold.release(false)
        else if (end === 'keep') hold.keep({ charged: 0n, usage: {} })
        else hold.settle({ charged: 0n, usage: {}, at: kit.wall })
      }
      expect([await codeOf(demand(limits)), await codeOf(demand(limits))]).toEqual([
        null,
        'concurrency_limited',
      ])
    })

    it('tells of the tightest limit of each name', async () => {
      const subjects = [
        user({ requestsPerMinute: 10, tokensPerMinute: 100 }),
        token({ requestsPerMinute: 5, tokensPerMinute: 1_000, models: { m: { requestsPerMinute: 7 } } }),
      ]
      const { rates } = await kit.hold(
        limiter,
        kit.demand({ subjects, model: 'm', usage: { output_tokens: 30 } }),
      )
      expect(rates.map(({ name: of, limit, remaining }) => [of, limit, remaining])).toEqual([
        ['requests', 5, 4],
        ['tokens', 100, 70],
      ])
      for (const { resetMs } of rates) expect(Math.abs(resetMs - MINUTE)).toBeLessThanOrEqual(600)
    })

    it('refuses by a rate without reading the books', async () => {
      const limits: Limits = { requestsPerMinute: 1, budgets: [{ amount: 1n, period: 'day', hard: true }] }
      await take(1, { requestsPerMinute: 1 })
      expect(await codeOf(demand(limits))).toBe('rate_limited')
      expect(kit.readCount).toBe(0)
    })
  })
}
