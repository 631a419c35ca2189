import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { scoreOf, stepOf, type Clue } from '../../src/abuse/score.ts'
import { FAMILIES, RESPONSES, SIGNALS, type Signal } from '../../src/signals.ts'

const names = Object.keys(SIGNALS).filter((name): name is Signal => Object.hasOwn(SIGNALS, name))
const unproven = names.filter((signal) => signal !== 'leak_report')
const strength = fc.double({ min: 0, max: 1, noNaN: true })
const strikes = fc.integer({ min: 0, max: 30 })

const cluesOf = (signals: readonly Signal[]) =>
  fc.array(fc.record({ signal: fc.constantFrom(...signals), strength }), { maxLength: 12 })

function rank(clues: readonly Clue[], times: number): number {
  const step = stepOf(scoreOf(clues), times)
  return step === null ? -1 : RESPONSES.indexOf(step)
}

describe('a score', () => {
  it('is the sum of its terms, at most one per family', () => {
    fc.assert(
      fc.property(cluesOf(names), (clues) => {
        const { value, terms } = scoreOf(clues)
        for (const family of FAMILIES) {
          const points = terms.filter((term) => term.family === family).map((term) => term.points)
          expect(points.reduce((sum, point) => sum + point, 0)).toBeLessThanOrEqual(1 + 1e-9)
        }
        expect(terms.reduce((sum, { points }) => sum + points, 0)).toBeCloseTo(value, 9)
      }),
    )
  })

  it('never falls, nor does its step, when evidence is added or grows stronger', () => {
    fc.assert(
      fc.property(cluesOf(names), cluesOf(names), strikes, (clues, more, times) => {
        expect(scoreOf([...clues, ...more]).value).toBeGreaterThanOrEqual(scoreOf(clues).value - 1e-9)
        expect(rank([...clues, ...more], times)).toBeGreaterThanOrEqual(rank(clues, times))
      }),
      { numRuns: 1000 },
    )
  })

  it('does not depend on the order of the evidence', () => {
    fc.assert(
      fc.property(cluesOf(names), (clues) => {
        expect(scoreOf(clues.toReversed()).terms).toEqual(scoreOf(clues).terms)
      }),
    )
  })

  it('takes strengths that make no sense as the nearest that does', () => {
    const odd = [NaN, -1, 7, Infinity].map((value): Clue => ({ signal: 'denials', strength: value }))
    expect(scoreOf(odd).value).toBe(1)
    expect(scoreOf(odd.slice(0, 2)).value).toBe(0)
  })
})

describe('a suspension', () => {
  it.each(FAMILIES)('never comes of the family %s alone, whatever its strengths and strikes', (family) => {
    const own = unproven.filter((signal) => SIGNALS[signal] === family)
    fc.assert(
      fc.property(cluesOf(own), strikes, (clues, times) => {
        expect(rank(clues, times)).toBeLessThan(RESPONSES.indexOf('suspend'))
      }),
      { numRuns: 500 },
    )
  })

  it('needs two families at a high level each', () => {
    fc.assert(
      fc.property(cluesOf(unproven), strikes, (clues, times) => {
        const high = new Set(
          clues.filter((clue) => clue.strength >= 0.5).map(({ signal }) => SIGNALS[signal]),
        )
        if (high.size < 2) expect(rank(clues, times)).toBeLessThan(RESPONSES.indexOf('suspend'))
      }),
      { numRuns: 1000 },
    )
  })

  it('comes of the proved report of a leak', () => {
    expect(stepOf(scoreOf([{ signal: 'leak_report', strength: 1 }]), 0)).toBe('suspend')
  })
})

const clues = (given: Partial<Record<Signal, number>>): readonly Clue[] =>
  names.flatMap((signal) => (given[signal] === undefined ? [] : [{ signal, strength: given[signal] }]))

describe('a step', () => {
  it.each<[string, string | null, Partial<Record<Signal, number>>, number]>([
    ['nothing', null, {}, 0],
    ['too little', null, { novel_source: 0.2 }, 0],
    ['something weak', 'watch', { novel_source: 0.25 }, 0],
    ['something telling', 'notify', { volume_envelope: 0.5 }, 0],
    ['two weak things', 'notify', { novel_source: 0.25, off_hours: 0.25 }, 0],
    ['one thing as sure as it gets', 'throttle', { distinct_sources: 1 }, 0],
    ['two things that are just telling', 'throttle', { distinct_sources: 0.5, volume_envelope: 0.5 }, 0],
    ['the same after a suspension', 'suspend', { distinct_sources: 0.5, volume_envelope: 0.5 }, 1],
    ['two things that are sure', 'suspend', { distinct_sources: 1, volume_envelope: 0.7 }, 0],
    ['growth of a program that repeats itself', 'throttle', { volume_envelope: 1, repetition: 0.5 }, 0],
    ['growth with a new modality', 'throttle', { cost_velocity: 1, modality_shift: 1 }, 0],
    ['growth of a program that fails', 'throttle', { volume_envelope: 1, error_mix: 1 }, 3],
    ['the use of a revoked token', 'notify', { revoked_in_use: 0.5 }, 0],
  ])('for %s is %s', (_, step, given, times) => {
    expect(stepOf(scoreOf(clues(given)), times)).toBe(step)
  })
})
