import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bucketAt, Window } from '../../src/limits/window.ts'

const MINUTE = 60_000

interface Taken {
  readonly at: number
  readonly amount: number
}

/** The most that was taken in any 60 seconds, both ends included. */
function mostInAMinute(taken: readonly Taken[]): number {
  let [most, sum, first] = [0, 0, 0]
  for (const { at, amount } of taken) {
    sum += amount
    for (let oldest = taken[first]; oldest !== undefined && oldest.at < at - MINUTE; oldest = taken[first]) {
      sum -= oldest.amount
      first++
    }
    most = Math.max(most, sum)
  }
  return most
}

describe('a window of one minute', () => {
  it('lets in no more than the limit in any 60 seconds, whatever comes', () => {
    const gap = fc.oneof(
      fc.constant(0),
      fc.double({ min: 0, max: 2_000, noNaN: true }),
      fc.integer({ min: 0, max: 130_000 }),
    )
    const arrivals = fc.array(fc.tuple(gap, fc.integer({ min: 1, max: 10 })), { maxLength: 200 })
    fc.assert(
      fc.property(fc.nat(1e9), fc.integer({ min: 10, max: 60 }), arrivals, (start, limit, list) => {
        let now = start
        const window = new Window(bucketAt(now))
        const taken: Taken[] = []
        for (const [wait, amount] of list) {
          now += wait
          const isLetIn = window.sumAt(bucketAt(now)) + amount <= limit
          if (isLetIn) {
            window.add(bucketAt(now), amount)
            taken.push({ at: now, amount })
          } else {
            const left = window.leavesIn(window.sumAt(bucketAt(now)) + amount - limit, now)
            expect(left).toBeGreaterThan(0)
          }
        }
        expect(mostInAMinute(taken)).toBeLessThanOrEqual(limit)
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([1, 7, 60, 600, 6_000])('gives a steady caller at least 99 percent of a limit of %i', (limit) => {
    const window = new Window(0)
    const minutes = 100
    const gap = Math.min(50, MINUTE / limit / 3)
    let count = 0
    for (let now = 0; now < minutes * MINUTE; now += gap) {
      if (window.sumAt(bucketAt(now)) >= limit) continue
      window.add(bucketAt(now), 1)
      count++
    }
    expect(count).toBeGreaterThanOrEqual(0.99 * limit * minutes)
    expect(count).toBeLessThanOrEqual(limit * (minutes + 1))
  })

  it('has room again when it said so, and not a bucket earlier', () => {
    const takes = fc.array(fc.tuple(fc.nat(20_000), fc.integer({ min: 1, max: 5 })), {
      minLength: 1,
      maxLength: 50,
    })
    fc.assert(
      fc.property(takes, fc.integer({ min: 1, max: 100 }), (list, wanted) => {
        const window = new Window(0)
        let now = 0
        for (const [wait, amount] of list) {
          now += wait
          window.add(bucketAt(now), amount)
        }
        const before = window.sumAt(bucketAt(now))
        const least = Math.min(wanted, before)
        const wait = window.leavesIn(wanted, now)
        expect(before - window.sumAt(bucketAt(now + wait - 1))).toBeLessThan(least)
        expect(before - window.sumAt(bucketAt(now + wait + 0.001))).toBeGreaterThanOrEqual(least)
      }),
      { numRuns: 1_000 },
    )
  })

  it('takes back what was added, as long as it counts', () => {
    const window = new Window(0)
    window.add(0, 5)
    window.add(3, 2)
    window.add(0, -5)
    expect(window.sumAt(3)).toBe(2)
    expect(window.sumAt(130)).toBe(2)
    expect([window.sumAt(131), window.emptyIn(1e9)]).toEqual([0, 0])
    window.add(3, -2)
    expect(window.sumAt(131)).toBe(0)
  })
})
