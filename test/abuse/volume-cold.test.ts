import { describe, expect, it } from 'vitest'
import { Cohorts } from '../../src/abuse/cohorts.ts'
import { Volume } from '../../src/abuse/volume.ts'
import { DAY, lookAfter, use } from './volume-calls.ts'

/** A plan of which a hundred tokens use so much. */
function planOf(p99: number): Cohorts {
  const cohorts = new Cohorts()
  for (let token = 0; token < 100; token++) cohorts.learn('small', { requests: p99, money: p99 * 1_000_000 })
  return cohorts
}

function isStrange(cohorts: Cohorts, requests: number): boolean {
  const volume = new Volume(cohorts)
  use(volume, 0, 3, () => requests)
  return lookAfter(volume, 2).some(({ signal }) => signal === 'cold_start')
}

describe('a token without a past of its own', () => {
  it.each([
    [100, 50, false],
    [100, 2_000, true],
    [5_000, 2_000, false],
    [5_000, 100_000, true],
  ])('of a plan that uses %i is judged by that: %i requests', (p99, requests, strange) => {
    expect(isStrange(planOf(p99), requests)).toBe(strange)
  })

  it('is judged mildly, however much it is', () => {
    const volume = new Volume(planOf(100))
    use(volume, 0, 3, () => 1_000_000)
    const found = lookAfter(volume, 2)
    expect(found.map(({ signal }) => signal)).toEqual(['cold_start'])
    expect(found[0]?.strength).toBeLessThan(0.5)
  })

  it('without a plan that is known either may do what a person does', () => {
    expect([isStrange(new Cohorts(), 100), isStrange(new Cohorts(), 100_000)]).toEqual([false, true])
  })

  it('is judged by its own past more and more', () => {
    const volume = new Volume(planOf(100))
    use(volume, 0, 5 * DAY, () => 900)
    use(volume, 5 * DAY, 5 * DAY + 3, () => 1_200)
    expect(lookAfter(volume, 5 * DAY + 2)).toEqual([])
  })

  it('tells its plan what is usual once it knows', () => {
    const cohorts = new Cohorts()
    for (let token = 0; token < 100; token++) {
      use(new Volume(cohorts), 0, 2 * DAY + 1, (window) => (window % 3 === 0 ? 5_000 : 0))
    }
    const usual = cohorts.usual('small', 'requests')
    expect(usual).toBeGreaterThan(3_500)
    expect(usual).toBeLessThan(6_000)
  })

  it('finds bounded memory in plans without end', () => {
    const cohorts = new Cohorts()
    for (let plan = 0; plan < 10_000; plan++) cohorts.learn(`plan-${String(plan)}`, { requests: 7, money: 7 })
    // Plans beyond the bound share one.
    expect(cohorts.usual('plan-9999', 'requests')).toBe(cohorts.usual('plan-5000', 'requests'))
  })
})
