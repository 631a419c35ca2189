import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { KeyWant } from '../../src/proxy/key-codes.ts'
import type { KeyUse } from '../../src/proxy/key-use.ts'
import { UpstreamKeys } from '../../src/proxy/keys.ts'

const setting = (name: string, account: string, weight = 1) => ({
  name,
  account,
  weight,
  key: { reveal: () => `key of ${name}` },
})
const SETTINGS = [setting('a1', 'a'), setting('b1', 'b'), setting('a2', 'a')]
const keys = new UpstreamKeys(SETTINGS)
const USERS = Array.from({ length: 200 }, (_, at) => `user-${at}`)
const CHAT: KeyWant = { account: null, modality: 'chat', costs: true }

function namesTaken(from: UpstreamKeys, want: KeyWant, count: number): (string | undefined)[] {
  return Array.from({ length: count }, () => {
    const use = from.take(want)
    use?.end()
    return use?.key.name
  })
}

describe('the keys of several accounts', () => {
  it('are used in turn', () => {
    expect(new Set(namesTaken(keys, CHAT, 6))).toEqual(new Set(['a1', 'b1', 'a2']))
  })

  it('are of the account that is asked for, or none', () => {
    expect(new Set(namesTaken(keys, { ...CHAT, account: 'a' }, 6))).toEqual(new Set(['a1', 'a2']))
    expect(keys.take({ ...CHAT, account: 'c' })).toBeUndefined()
    expect(keys.pickOf('c')).toBeUndefined()
  })

  it('stand in for one another within their account only', () => {
    const [first, second] = keys.of('a')
    const [lonely] = keys.of('b')
    if (first === undefined || lonely === undefined) throw new Error('there are no keys')
    expect(keys.take({ ...CHAT, account: 'a' }, first)?.key).toBe(second)
    expect(keys.take({ ...CHAT, account: 'b' }, lonely)).toBeUndefined()
    expect(keys.take(CHAT, lonely)?.key.account).toBe('a')
  })
})

describe('the choice of a key', () => {
  it('keeps the calls under way within one of the weights, and gives all back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
        fc.array(fc.nat(99), { maxLength: 200 }),
        (weights, steps) => {
          const some = new UpstreamKeys(weights.map((weight, at) => setting(`k${at}`, 'a', weight)))
          const uses: KeyUse[] = []
          for (const step of steps) {
            // Three of four steps begin a call; the others end one, the oldest first, as calls of one length do.
            if (step % 4 > 0) {
              const before = some.all.map((slot) => slot.load)
              const use = some.take(CHAT)
              if (use === undefined) throw new Error('no key was given')
              const index = some.all.findIndex((slot) => slot === use.key)
              expect(before[index]).toBe(Math.min(...before))
              uses.push(use)
            } else uses.shift()?.end()
          }
          expect(some.all.reduce((sum, slot) => sum + slot.inflight, 0)).toBe(uses.length)
          for (const use of uses) {
            use.end()
            use.end()
          }
          expect(some.all.map((slot) => slot.inflight)).toEqual(weights.map(() => 0))
        },
      ),
    )
  })

  it.each([[[1, 3]], [[2, 2, 1]], [[100, 1]]])(
    'shares calls as the weights %j say, to within one',
    (weights) => {
      const some = new UpstreamKeys(weights.map((weight, at) => setting(`k${at}`, 'a', weight)))
      const sum = weights.reduce((all, weight) => all + weight, 0)
      for (let calls = 1; calls <= sum * 3; calls++) {
        some.take(CHAT)
        for (const slot of some.all) {
          const share = (calls * slot.weight) / sum
          // Of all keys the lightest goes first, so that each is at most one call ahead of the others.
          expect(slot.inflight).toBeLessThan(share + 1 + slot.weight / sum)
        }
      }
      expect(some.all.map((slot) => slot.inflight)).toEqual(weights.map((weight) => weight * 3))
    },
  )

  it('never falls on a key that is out while another is not', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('usable', 'limited', 'spent', 'disabled'), { minLength: 1, maxLength: 6 }),
        (kinds) => {
          const all = kinds.map((kind, at) => ({
            ...setting(`k${at}`, 'a'),
            isDisabled: kind === 'disabled',
          }))
          const some = new UpstreamKeys(all)
          for (const [at, kind] of kinds.entries()) {
            const code = { limited: 1002, spent: 1008, usable: undefined, disabled: undefined }[kind]
            const slot = some.all[at]
            slot?.heard({ outcome: 'ok', code, status: 200 }, CHAT, performance.now())
          }
          const name = some.take(CHAT)?.key.name
          const kind = name === undefined ? undefined : kinds[Number(name.slice(1))]
          const best = ['usable', 'limited'].find((one) => kinds.some((other) => other === one))
          expect(kind).toBe(best)
        },
      ),
    )
  })
})

describe('keys that are exchanged', () => {
  it('keep what is known of those that stay, and end nothing that is under way', () => {
    const some = new UpstreamKeys(SETTINGS)
    const uses = [some.take(CHAT), some.take(CHAT), some.take(CHAT)]
    some.replace([setting('a1', 'a', 5), setting('c1', 'c')])
    expect(some.all.map(({ name, weight, inflight }) => [name, weight, inflight])).toEqual([
      ['a1', 5, 1],
      ['c1', 1, 0],
    ])
    expect(uses.map((use) => [use?.key.name, use?.isGood])).toEqual([
      ['a1', true],
      ['b1', false],
      ['a2', false],
    ])
    for (const use of uses) use?.end()
    expect(some.all.map(({ inflight }) => inflight)).toEqual([0, 0])
  })

  it('are remembered by their names, for the tasks that they made', () => {
    const some = new UpstreamKeys(SETTINGS)
    some.replace([setting('a2', 'a')])
    expect(some.named('a1')).toBeUndefined()
    expect(some.accountOf('a1')).toBe('a')
    expect(some.namesOf('a')).toEqual(['a2', 'a1'])
    some.replace(SETTINGS)
    expect(some.namesOf('a')).toEqual(['a1', 'a2'])
  })

  it('may be none at all', () => {
    const none = new UpstreamKeys([])
    expect(none.take(CHAT)).toBeUndefined()
    expect(none.homeOf('ada')).toBe('')
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
