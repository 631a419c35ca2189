import { describe, expect, it } from 'vitest'
import { NO_GEO } from '../../src/abuse/geo.ts'
import { SharedSources } from '../../src/abuse/shared-sources.ts'
import { loadSources, type Sources } from '../../src/abuse/sources.ts'
import { call, DAY, MINUTE, reader, START } from './identity-kit.ts'

const made = (saved?: unknown, allowed: readonly string[] = []) =>
  loadSources(saved, { reader: reader(allowed), maxSources: 50 })

function use(sources: Sources, networks: number, at: number): void {
  for (let network = 0; network < networks; network++) {
    sources.observe(call({ at, address: `10.0.${network}.1` }))
  }
}

const strengths = (sources: Sources, now: number, strikes = 0) =>
  Object.fromEntries(sources.look({ now, strikes }).map(({ signal, strength }) => [signal, strength]))

function aWeek(sources: Sources): number {
  for (let day = 0; day < 8; day++) sources.observe(call({ at: START + day * DAY }))
  return START + 8 * DAY
}

describe('the sources of a token', () => {
  it.each([
    [50, 0, undefined],
    [51, 0, 1],
    [26, 1, 1],
    [25, 1, undefined],
    [21, 9, 1],
    [20, 9, undefined],
  ])('%i networks in a day after %i suspensions have the strength %s', (networks, strikes, strength) => {
    const sources = made()
    use(sources, networks, START)
    expect(strengths(sources, START, strikes).distinct_sources).toBe(strength)
  })

  it('are too many when they are more than three times the usual, once a week is known', () => {
    const sources = made()
    const at = aWeek(sources)
    use(sources, 5, at)
    expect(strengths(sources, at).distinct_sources).toBeUndefined()
    use(sources, 6, at)
    expect(strengths(sources, at).distinct_sources).toBe(0.5)
  })

  it('tell of a new network weakly, for a day, after a week', () => {
    const sources = made()
    const at = aWeek(sources)
    use(sources, 1, at)
    expect(strengths(sources, at + MINUTE)).toEqual({ novel_source: 0.25 })
    expect(strengths(sources, at + DAY)).toEqual({})
  })

  it('are the same after they were saved and loaded', () => {
    const sources = made()
    const at = aWeek(sources)
    use(sources, 60, at)
    const again = made(JSON.parse(JSON.stringify(sources.save())))
    expect(again.look({ now: at, strikes: 0 })).toEqual(sources.look({ now: at, strikes: 0 }))
    expect(again.list()).toEqual(sources.list())
  })

  it('take anything that was not saved by them for nothing', () => {
    for (const saved of [
      null,
      3,
      'x',
      [],
      { version: 1, list: [{}], counts: 2, additions: { now: ['x'] } },
    ]) {
      expect(made(saved).list()).toEqual([])
    }
  })

  it('do not count networks of the operator', () => {
    const sources = made(undefined, ['10.0.0.0/8'])
    use(sources, 200, START)
    expect(sources.look({ now: START, strikes: 0 })).toEqual([])
    expect(sources.list()).toEqual([])
  })

  it('list at most 64 networks, never a whole address', () => {
    const sources = made()
    use(sources, 200, START)
    expect(sources.list()).toHaveLength(64)
    for (const { prefix } of sources.list()) expect(prefix).toMatch(/\.0\/24$/)
  })

  it('tell of two countries at once, when one of them is new', () => {
    const geo = { ...NO_GEO, country: (address: string) => (address.startsWith('192.') ? 'CN' : 'US') }
    const sources = loadSources(undefined, { reader: reader([], geo), maxSources: 50 })
    const at = aWeek(sources)
    for (let turn = 0; turn < 4; turn++) {
      const address = turn % 2 === 0 ? '10.0.0.1' : '192.0.2.1'
      sources.observe(call({ at: at + turn * MINUTE, address }))
    }
    expect(strengths(sources, at + 5 * MINUTE).concurrent_countries).toBe(0.5)
  })
})

describe('one source', () => {
  it('with the tokens of five users is told of for each of them', () => {
    const shared = new SharedSources(reader())
    const observe = (user: number) => shared.observe(call({ userId: `u${user}`, tokenId: `t${user}` }))
    for (let user = 0; user < 4; user++) observe(user)
    expect(shared.look(START)).toEqual([])
    observe(4)
    expect(shared.look(START).map(({ tokenId }) => tokenId)).toEqual(['t0', 't1', 't2', 't3', 't4'])
    expect(shared.look(START + DAY)).toEqual([])
  })

  it('with many tokens of one user, or of the operator, is nothing', () => {
    const own = new SharedSources(reader())
    const office = new SharedSources(reader(['192.0.2.0/24']))
    for (let at = 0; at < 20; at++) {
      own.observe(call({ tokenId: `t${at}` }))
      office.observe(call({ tokenId: `t${at}`, userId: `u${at}` }))
    }
    expect([...own.look(START), ...office.look(START)]).toEqual([])
  })
})
