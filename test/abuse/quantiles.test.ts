import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadLogHistogram, LogHistogram, QUANTILE_ERROR } from '../../src/abuse/quantiles.ts'

const values = fc.array(fc.integer({ min: 1, max: 1_000_000_000 }), { minLength: 1, maxLength: 300 })
const share = fc.double({ min: 0.01, max: 1, noNaN: true })

function of(counts: readonly number[]): LogHistogram {
  const histogram = new LogHistogram(1)
  for (const count of counts) histogram.add(count)
  return histogram
}

function exact(counts: readonly number[], wanted: number): number {
  const sorted = counts.toSorted((one, other) => one - other)
  return sorted[Math.ceil(wanted * sorted.length - 1e-9) - 1] ?? 0
}

describe('a histogram of sizes', () => {
  it('is off by no more than half a bucket, in any quantile of any values', () => {
    fc.assert(
      fc.property(values, share, (counts, wanted) => {
        const ratio = of(counts).quantile(wanted) / exact(counts, wanted)
        expect(ratio).toBeLessThan(QUANTILE_ERROR * 1.000_001)
        expect(ratio).toBeGreaterThan(1 / QUANTILE_ERROR / 1.000_001)
      }),
    )
  })

  it('is the same after it was saved as JSON and loaded', () => {
    fc.assert(
      fc.property(values, fc.double({ min: 0.5, max: 1, noNaN: true }), share, (counts, factor, wanted) => {
        const histogram = of(counts)
        histogram.decay(factor)
        const saved: unknown = JSON.parse(JSON.stringify(histogram.save()))
        const loaded = loadLogHistogram(saved, 1)
        expect(loaded?.quantile(wanted)).toBe(histogram.quantile(wanted))
        expect(loaded?.total).toBe(histogram.total)
      }),
    )
  })

  it('says 0 of nothing, also when all has faded', () => {
    const histogram = of([5])
    histogram.decay(0.001)
    expect([new LogHistogram(1).quantile(0.5), histogram.quantile(0.5)]).toEqual([0, 0])
  })

  it('counts what is outside as the nearest end', () => {
    const histogram = of([0.001, 1e30])
    expect(histogram.quantile(0.1)).toBeLessThan(1.1)
    expect(histogram.quantile(1)).toBeGreaterThan(1e10)
  })

  it.each([
    ['nothing', undefined],
    ['a text', 'AAAA'],
    ['a first bucket beyond the last', [256, 'AACAPw==']],
    ['a first bucket before the first', [-1, 'AACAPw==']],
    ['half a number', [0, 'AACA']],
    ['a number below zero', [0, 'AACAvw==']],
    ['no number', [0, 'AADAfw==']],
  ])('is not loaded from %s', (_, saved) => {
    expect(loadLogHistogram(saved, 1)).toBeUndefined()
  })
})
