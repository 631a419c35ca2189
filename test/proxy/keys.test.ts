import { describe, expect, it } from 'vitest'
import { UpstreamKeys } from '../../src/proxy/keys.ts'

const setting = (name: string, account: string) => ({
  name,
  account,
  key: { reveal: () => `key of ${name}` },
})
const keys = new UpstreamKeys([setting('a1', 'a'), setting('b1', 'b'), setting('a2', 'a')])
const USERS = Array.from({ length: 200 }, (_, at) => `user-${at}`)

describe('the keys of several accounts', () => {
  it('are used in turn', () => {
    const names = new Set(Array.from({ length: 6 }, () => keys.pickOf(null)?.name))
    expect(names).toEqual(new Set(['a1', 'b1', 'a2']))
  })

  it('are of the account that is asked for, or none', () => {
    const names = new Set(Array.from({ length: 6 }, () => keys.pickOf('a')?.name))
    expect(names).toEqual(new Set(['a1', 'a2']))
    expect(keys.pickOf('c')).toBeUndefined()
  })

  it('stand in for one another within their account only', () => {
    const [first, second] = keys.of('a')
    const [lonely] = keys.of('b')
    if (first === undefined || lonely === undefined) throw new Error('there are no keys')
    expect(keys.pickOther(first, 'a')).toBe(second)
    expect(keys.pickOther(lonely, 'b')).toBeUndefined()
    expect(keys.pickOther(lonely, null)?.account).toBe('a')
  })
})

describe('the home of a user', () => {
  it('is always the same account, and users are spread over all of them', () => {
    const homes = USERS.map((user) => keys.homeOf(user))
    expect(USERS.map((user) => keys.homeOf(user))).toEqual(homes)
    const atA = homes.filter((home) => home === 'a').length
    expect(atA).toBeGreaterThan(60)
    expect(atA).toBeLessThan(140)
  })

  it('stays when another account is added, unless it becomes that one', () => {
    const more = new UpstreamKeys([setting('a1', 'a'), setting('b1', 'b'), setting('c1', 'c')])
    for (const user of USERS) expect([keys.homeOf(user), 'c']).toContain(more.homeOf(user))
  })
})
