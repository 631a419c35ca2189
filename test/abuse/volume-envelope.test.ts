import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Cohorts } from '../../src/abuse/cohorts.ts'
import type { Observation } from '../../src/abuse/watcher.ts'
import { loadVolume, Volume } from '../../src/abuse/volume.ts'
import { DAY, lookAfter, use } from './volume-calls.ts'

const EIGHT_DAYS = 8 * DAY

/** By day 20 to 80 requests in ten minutes, by night none: the same every day. */
function ordinary(window: number): number {
  const time = window % DAY
  return time < 48 ? 0 : 20 + ((window * 31) % 60)
}

const knownState = (() => {
  const volume = new Volume(new Cohorts())
  use(volume, 0, EIGHT_DAYS, ordinary)
  return volume.save()
})()

function known(): Volume {
  return loadVolume(knownState, new Cohorts())
}

function signalsOf(found: readonly Observation[]): readonly string[] {
  return found.map(({ signal }) => signal)
}

function strengthOf(found: readonly Observation[]): number {
  return Math.max(0, ...found.map(({ strength }) => strength))
}

describe("a token's own past", () => {
  it('is not left by a second week like the first', () => {
    const volume = known()
    for (let window = EIGHT_DAYS; window < 15 * DAY; window++) {
      use(volume, window, window + 1, ordinary)
      expect(lookAfter(volume, window)).toEqual([])
    }
  })

  it('begins when it is first seen, however old the token is: steady use leaves nothing', () => {
    const volume = new Volume(new Cohorts())
    const first = 1_000 * DAY
    for (let window = first; window < first + 12 * DAY; window++) {
      use(volume, window, window + 1, ordinary)
      expect(signalsOf(lookAfter(volume, window))).toEqual([])
    }
  })

  it('is left by ten times as much within two windows, and the evidence says so in plain numbers', () => {
    const volume = known()
    use(volume, EIGHT_DAYS, EIGHT_DAYS + 2, () => 800)
    const found = lookAfter(volume, EIGHT_DAYS + 1)
    expect(signalsOf(found)).toEqual(['volume_envelope', 'cost_velocity'])
    expect(found[0]?.evidence).toMatchObject({
      requests_10m: 800,
      sustained: '20m',
      rule: 'requests_20m',
    })
    expect(found[0]?.evidence.usual_p99_10m).toBeGreaterThan(70)
    expect(found[0]?.evidence.usual_p99_10m).toBeLessThan(90)
  })

  it('is left by a constant addition of what is rare, within the day', () => {
    const volume = known()
    const windows: number[] = []
    for (let window = EIGHT_DAYS; window < EIGHT_DAYS + DAY; window++) {
      use(volume, window, window + 1, (at) => ordinary(at) + 80)
      if (lookAfter(volume, window).length > 0) windows.push(window - EIGHT_DAYS)
    }
    expect(windows[0]).toBeLessThan(72)
  })

  it('comes to take in a growth that stays, and not within a day', () => {
    const volume = known()
    const quiet: boolean[] = []
    for (let day = 8; day < 24; day++) {
      let found = 0
      for (let window = day * DAY; window < (day + 1) * DAY; window++) {
        use(volume, window, window + 1, (at) => 4 * ordinary(at))
        found += lookAfter(volume, window).length
      }
      quiet.push(found === 0)
    }
    expect(quiet[0]).toBe(false)
    expect(quiet.slice(-7)).toEqual(Array(7).fill(true))
  })

  it('is never left less by more calls', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(2_000), fc.nat(2_000)), { minLength: 1, maxLength: 40 }),
        (steps) => {
          const less = known()
          const more = known()
          for (const [index, [base, added]] of steps.entries()) {
            const window = EIGHT_DAYS + index
            use(less, window, window + 1, () => base)
            use(more, window, window + 1, () => base + added)
            expect(strengthOf(lookAfter(more, window))).toBeGreaterThanOrEqual(
              strengthOf(lookAfter(less, window)) - 1e-9,
            )
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  it('is not left by a token that is hardly used and is used by hand one day', () => {
    const volume = new Volume(new Cohorts())
    use(volume, 0, EIGHT_DAYS, (window) => (window % 5 === 0 ? 1 : 0))
    use(volume, EIGHT_DAYS, EIGHT_DAYS + 3, () => 18)
    expect(lookAfter(volume, EIGHT_DAYS + 2)).toEqual([])
  })

  it('tells money apart: the same calls, at fifty times the price', () => {
    const volume = known()
    for (let window = EIGHT_DAYS; window < EIGHT_DAYS + 2; window++) {
      const at = window * 600_000
      volume.count({ at, plan: 'small', requests: 50, money: 50 * 50_000_000 })
    }
    const found = lookAfter(volume, EIGHT_DAYS + 1)
    expect(found.map(({ evidence }) => evidence.rule)).toEqual(['money_20m', 'money_1h'])
    expect(found[1]?.evidence.money_1h).toMatch(/^5\.\d+$/)
  })
})
