import { describe, expect, it } from 'vitest'
import { alike, share, Simulation, type Served } from './overload-kit.ts'

/** What the simulated process can serve a second: half a millisecond each. */
const CAPACITY = 2_000

function accepted(of: ReadonlyMap<string, Served>): number {
  return [...of.values()].reduce((sum, one) => sum + one.accepted, 0)
}

describe('a load that can be served', () => {
  it.each([
    ['by one user', 1, 0.5],
    ['by many users', 200, 0.5],
    ['by many users, nearly all that is possible', 200, 0.9],
  ])('is served in full: %s', (_name, users, part) => {
    const simulation = new Simulation()
    simulation.run(alike(users, part * CAPACITY), 20_000)
    expect(simulation.refusals).toEqual([])
  })

  it('is served in full beside a single long pause', () => {
    const simulation = new Simulation()
    for (let round = 0; round < 10; round++) {
      simulation.run(alike(20, CAPACITY / 4), 1_000)
      simulation.now += 45
    }
    expect(simulation.refusals).toEqual([])
  })
})

describe('under more load than can be served', () => {
  it.each([
    [2, 1],
    [2, 200],
    [10, 1],
    [10, 5],
    [10, 200],
    [10, 3_000],
    [30, 50],
  ])(
    '%i times as much, by %i users: nearly all that is possible is served, and the delay stays near what is wanted',
    (times, users) => {
      const simulation = new Simulation()
      const { of, waits } = simulation.run(alike(users, times * CAPACITY), 12_000, 2_000)
      const refusing = 1 - (times - 1) * CAPACITY * 0.000_004
      expect(accepted(of) / 10).toBeGreaterThan(0.9 * CAPACITY * Math.min(1, refusing))
      expect(share(waits, 0.5)).toBeLessThan(100)
      expect(share(waits, 0.99)).toBeLessThan(200)
    },
  )

  it('the delay comes down within seconds, whatever has gathered before', () => {
    const simulation = new Simulation()
    simulation.run(alike(50, 10 * CAPACITY), 1_000)
    const { waits } = simulation.run(alike(50, 10 * CAPACITY), 2_000, 1_000)
    expect(share(waits, 0.99)).toBeLessThan(200)
  })

  it('nothing is refused any more within two seconds of its end', () => {
    const simulation = new Simulation()
    simulation.run(alike(50, 10 * CAPACITY), 5_000)
    simulation.run(alike(50, CAPACITY / 2), 2_000)
    const before = simulation.refusals.length
    simulation.run(alike(50, CAPACITY / 2), 10_000)
    expect(simulation.refusals.length).toBe(before)
  })

  it('nothing is refused after a pause', () => {
    const simulation = new Simulation()
    simulation.run(alike(50, 10 * CAPACITY), 5_000)
    const before = simulation.refusals.length
    simulation.now += 1_000
    simulation.run(alike(50, CAPACITY / 2), 3_000)
    expect(simulation.refusals.length).toBe(before)
  })
})

describe('while one user floods', () => {
  it.each([1, 5, 40])('%i others who ask for less than their share are served in full', (others) => {
    const simulation = new Simulation()
    // Together a third of what can be served.
    const quiet = alike(others, CAPACITY / 3)
    const users = [{ id: 'flood', rate: 10 * CAPACITY }, ...quiet]
    const { of } = simulation.run(users, 12_000, 2_000)
    for (const { id } of quiet) {
      const { asked, accepted: got } = of.get(id) ?? { asked: 1, accepted: 0 }
      expect(got / asked).toBeGreaterThan(0.98)
    }
    expect(accepted(of) / 10).toBeGreaterThan(0.82 * CAPACITY)
  })

  it('another who floods too gets as much', () => {
    const simulation = new Simulation()
    const users = [
      { id: 'one', rate: 8 * CAPACITY },
      { id: 'two', rate: 2 * CAPACITY },
      { id: 'quiet', rate: 50 },
    ]
    const { of } = simulation.run(users, 12_000, 2_000)
    const [one, two, quiet] = [of.get('one'), of.get('two'), of.get('quiet')]
    const ratio = (one?.accepted ?? 0) / (two?.accepted ?? 1)
    expect(ratio).toBeGreaterThan(0.8)
    expect(ratio).toBeLessThan(1.25)
    expect((quiet?.accepted ?? 0) / (quiet?.asked ?? 1)).toBeGreaterThan(0.98)
  })
})

describe('a delay of 0', () => {
  it('refuses nothing, whatever the load', () => {
    const simulation = new Simulation({ delayMs: 0 })
    simulation.run(alike(5, 3 * CAPACITY), 500)
    expect(simulation.refusals).toEqual([])
  })
})
