import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EXACT, HyperLogLog } from '../../src/abuse/hyperloglog.ts'

const hashes = fc.array(fc.nat(0xffffffff), { maxLength: 400 })

function counted(list: readonly number[]): HyperLogLog {
  const counter = new HyperLogLog()
  for (const hash of list) counter.add(hash)
  return counter
}

/** Different hashes that look random (the finalizer of MurmurHash3 maps numbers one to one). */
function mixed(number: number): number {
  let hash = Math.imul(number ^ (number >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

describe('counting different things', () => {
  it('is exact for few', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffffffff), { maxLength: EXACT }), (list) => {
        expect(counted(list).count()).toBe(new Set(list).size)
      }),
    )
  })

  it.each([200, 1_000, 10_000, 100_000])('is within 4 standard errors for %i', (size) => {
    for (let run = 0; run < 5; run++) {
      const list = Array.from({ length: size }, (_, at) => mixed(run * 1_000_000 + at))
      expect(Math.abs(counted(list).count() / size - 1)).toBeLessThan(4 * 0.0325)
    }
  })

  it('merges to the same as counting both', () => {
    fc.assert(
      fc.property(hashes, hashes, (one, other) => {
        const merged = counted(one)
        merged.merge(counted(other))
        expect(merged.count()).toBe(counted([...one, ...other]).count())
      }),
    )
  })

  it('is the same after it was saved and loaded', () => {
    fc.assert(
      fc.property(hashes, (list) => {
        const counter = counted(list)
        expect(HyperLogLog.load(counter.save())?.count()).toBe(counter.count())
      }),
    )
  })

  it('takes anything else for nothing', () => {
    for (const saved of [undefined, 3, 'r', 'q', 'xAAA', {}]) expect(HyperLogLog.load(saved)).toBeUndefined()
  })
})

it('a count that was asked for follows what is added, merged and loaded after it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 129, max: 600 }), fc.integer(), (many, seed) => {
      const hashOf = (index: number): number => Math.imul(index + seed, 0x9e3779b1) ^ (index * 0x85ebca6b)
      const asked = new HyperLogLog()
      const quiet = new HyperLogLog()
      for (let index = 0; index < many; index++) {
        asked.add(hashOf(index))
        asked.count()
        quiet.add(hashOf(index))
      }
      expect(asked.count()).toBe(quiet.count())
      const more = new HyperLogLog()
      for (let index = many; index < 2 * many; index++) more.add(hashOf(index))
      asked.merge(more)
      quiet.merge(more)
      expect(asked.count()).toBe(quiet.count())
      expect(HyperLogLog.load(asked.save())?.count()).toBe(asked.count())
    }),
  )
})
