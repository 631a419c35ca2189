import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Limit } from '../../src/limits/limit.ts'

const SECOND = 1_000
const GROWTH = 10 * SECOND

describe('a limit that the operator has set', () => {
  it('is halved by each cut down to an eighth, and grows back by a sixteenth every 10 seconds', () => {
    const limit = new Limit(160, 60)
    const values = []
    for (let now = 0; now < 5 * SECOND; now += SECOND) {
      limit.cut(now)
      values.push(limit.at(now))
    }
    expect(values).toEqual([80, 40, 20, 20, 20])
    const last = 4 * SECOND
    expect([1, 2, 3, 14, 100].map((times) => limit.at(last + times * GROWTH))).toEqual([30, 40, 50, 160, 160])
  })

  it('is cut once for refusals that come together', () => {
    const limit = new Limit(100, 1)
    for (const now of [0, 1, 500, 999]) limit.cut(now)
    expect(limit.at(999)).toBe(50)
    limit.cut(1_000)
    expect(limit.at(1_000)).toBe(25)
  })

  it('is at least 1 and never more than what is set, whatever happens', () => {
    const steps = fc.array(fc.tuple(fc.nat(60_000), fc.boolean()), { maxLength: 60 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000 }), steps, (set, list) => {
        const limit = new Limit(set, 60)
        let now = 0
        for (const [ms, isCut] of list) {
          now += ms
          if (isCut) limit.cut(now)
          limit.learn(now, 5)
          expect(limit.at(now)).toBeGreaterThanOrEqual(Math.max(1, Math.floor(set / 8)))
          expect(limit.at(now)).toBeLessThanOrEqual(set)
        }
        expect(limit.at(now + 20 * GROWTH)).toBe(set)
      }),
    )
  })
})

describe('a limit that nobody has set', () => {
  it('is none, and nothing cuts it', () => {
    const limit = new Limit(0, 60)
    limit.cut(5)
    expect(limit.at(5)).toBe(0)
  })

  it('is learned: half of what went well, growing to twice that, then forgotten', () => {
    const limit = new Limit(0, 60)
    limit.learn(0, 320)
    limit.learn(1, 1_000_000)
    expect([0, 1, 8, 23, 24].map((times) => limit.at(times * GROWTH))).toEqual([160, 180, 320, 620, 0])
  })

  it.each([0, 10, 60, 100])('is never taken to be less than the least: %i', (observed) => {
    const limit = new Limit(0, 60)
    limit.learn(0, observed)
    for (let now = 2 * SECOND; now < 9 * SECOND; now += SECOND) limit.cut(now)
    expect(limit.at(9 * SECOND)).toBe(60)
  })
})
