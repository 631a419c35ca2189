import { describe, expect, it } from 'vitest'
import { MemoryLimiter } from '../../src/limits/memory.ts'
import { describeLimiter } from '../contract/limiter.ts'
import { LimiterKit, user } from './limiter-kit.ts'

describeLimiter('memory', (parts) => new MemoryLimiter(parts))

describe('the memory of limits', () => {
  const limited = (kit: LimiterKit, id: string) =>
    kit.demand({ userId: id, subjects: [user({ requestsPerMinute: 1 }, id)] })

  it('forgets who was used the longest ago, and nobody with a call under way', () => {
    const kit = new LimiterKit()
    const limiter = new MemoryLimiter({ ...parts(kit), maxSubjects: 3 })
    const busy = kit.reserve(limiter, limited(kit, 'busy'))
    kit.reserve(limiter, limited(kit, 'old')).hold?.release(false)
    for (let i = 0; i < 10; i++) {
      kit.reserve(limiter, limited(kit, `user${i}`)).hold?.release(false)
      // Whoever is refused is used as well.
      if (i > 5) kit.reserve(limiter, limited(kit, 'user5'))
    }
    const codes = ['busy', 'user5', 'user9', 'old'].map(
      (id) => kit.reserve(limiter, limited(kit, id)).error?.code ?? null,
    )
    expect(codes).toEqual(['rate_limited', 'rate_limited', 'rate_limited', null])
    busy.hold?.release(false)
  })

  it('answers before it returns what is in memory', async () => {
    const kit = new LimiterKit()
    const limiter = new MemoryLimiter(parts(kit))
    const asked = () =>
      kit.demand({ subjects: [user({ budgets: [{ amount: 9n, period: 'day', hard: true }] })], charged: 1n })
    expect(kit.reserve(limiter, kit.demand()).told).toBe(1)
    const first = await kit.hold(limiter, asked())
    first.release(false)
    expect(kit.reserve(limiter, asked()).told).toBe(1)
  })

  it('refuses a time zone that there is not', () => {
    expect(() => new MemoryLimiter(parts(new LimiterKit('Mars/Olympus')))).toThrow(RangeError)
  })
})

function parts({ clock, timeZone, source, events }: LimiterKit) {
  return { clock, timeZone, source, events }
}
