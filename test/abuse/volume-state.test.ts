import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Cohorts } from '../../src/abuse/cohorts.ts'
import { loadVolume, Volume, WINDOW_MS } from '../../src/abuse/volume.ts'
import { callAt, DAY, lookAfter, use } from './volume-calls.ts'

/** Some traffic with gaps of any length: pairs of windows to skip and requests to make. */
const traffic = fc.array(
  fc.tuple(fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 5_000 })), fc.integer({ min: 1, max: 10_000 })),
  { maxLength: 200 },
)

function play(volume: Volume, steps: readonly (readonly [number, number])[], from: number): number {
  let window = from
  for (const [gap, requests] of steps) {
    window += gap
    use(volume, window, window + 1, () => requests)
  }
  return window
}

function reloaded(volume: Volume): Volume {
  const saved: unknown = JSON.parse(JSON.stringify(volume.save()))
  return loadVolume(saved, new Cohorts())
}

describe('what is known of the volume of a token', () => {
  it('says the same after it was saved and loaded, whatever came before and comes after', () => {
    fc.assert(
      fc.property(traffic, traffic, (before, after) => {
        const volume = new Volume(new Cohorts())
        const middle = play(volume, before, 0)
        const other = reloaded(volume)
        expect(other.save()).toEqual(volume.save())
        const end = play(volume, after, middle)
        play(other, after, middle)
        expect(lookAfter(other, end)).toEqual(lookAfter(volume, end))
      }),
      { numRuns: 60 },
    )
  })

  it('takes no more than six kilobytes, whatever came', () => {
    const volume = new Volume(new Cohorts())
    const random = (window: number): number => 1 + Math.floor(10 ** (((window * 7919) % 1_000) / 150))
    let most = 0
    for (let day = 0; day < 60; day++) {
      use(volume, day * DAY, (day + 1) * DAY, random)
      most = Math.max(most, JSON.stringify(volume.save()).length)
    }
    expect(most).toBeLessThan(6 * 1_024)
  })

  it('skips a thousand years of silence as fast as a day', () => {
    const volume = new Volume(new Cohorts())
    use(volume, 0, 10, () => 5)
    use(volume, 52_560_000, 52_560_001, () => 5)
    expect(lookAfter(volume, 105_120_000)).toEqual([])
  })

  it('counts call by call as in bulk', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 60 }), (windows) => {
        const one = new Volume(new Cohorts())
        const other = new Volume(new Cohorts())
        use(one, 0, windows.length, (window) => windows[window] ?? 0)
        for (const [window, requests] of windows.entries()) {
          for (let call = 0; call < requests; call++) other.observe(callAt(window * WINDOW_MS + call))
        }
        expect(other.save()).toEqual(one.save())
      }),
      { numRuns: 20 },
    )
  })

  it('counts a late call in the window under way', () => {
    const volume = new Volume(new Cohorts())
    volume.observe(callAt(5 * WINDOW_MS))
    volume.observe(callAt(3 * WINDOW_MS))
    const other = new Volume(new Cohorts())
    use(other, 5, 6, () => 2)
    expect(volume.save()).toEqual(other.save())
  })

  it.each([
    ['money beyond what a double holds exactly', 2n ** 63n - 1n],
    ['money that came back', -5n],
  ])('takes %s', (_, charged) => {
    const volume = new Volume(new Cohorts())
    volume.observe(callAt(0, { charged }))
    expect(lookAfter(volume, 1)).toBeDefined()
    expect(reloaded(volume).save()).toEqual(volume.save())
  })

  it.each([[undefined], [null], [7], ['x'], [[]], [{}], [{ version: 1 }], [{ version: 2 }]])(
    'takes %j for nothing',
    (saved) => {
      expect(loadVolume(saved, new Cohorts()).save()).toEqual(new Volume(new Cohorts()).save())
    },
  )

  it('takes a part that is damaged for nothing at all', () => {
    const volume = new Volume(new Cohorts())
    use(volume, 0, 3 * DAY, () => 50)
    const saved = volume.save()
    const empty = new Volume(new Cohorts()).save()
    expect(loadVolume({ ...Object(saved), money: { day: 'x' } }, new Cohorts()).save()).toEqual(empty)
  })
})
