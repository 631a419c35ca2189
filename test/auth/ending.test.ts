import { beforeEach, describe, expect, it } from 'vitest'
import type { Ending } from '../../src/auth/identity.ts'
import type { Plan, Token, User } from '../../src/store/store.ts'
import { aHouse, outcomeOf, START, type House } from './helper.ts'

type Found = { token: Token; user: User; plan: Plan | null } | undefined

/** Changes after which a token is refused, and how. */
const ENDINGS: [name: string, code: string, end: (house: House, id: string) => Promise<unknown>][] = [
  ['revoked', 'token_revoked', (house, id) => house.tokens.revoke(id)],
  ['suspended', 'token_suspended', (house, id) => house.tokens.suspend(id, 'inc_1')],
  ['rotated', 'token_revoked', (house, id) => house.tokens.rotate(id)],
  ['of a suspended user', 'user_suspended', (house) => house.users.update('ada', { status: 'suspended' })],
]

describe('a token that is', () => {
  let house: House
  let id: string
  let token: string
  beforeEach(async () => {
    house = await aHouse()
    ;({ id, token } = await house.tokens.create('ada'))
  })

  const outcome = (credential = token) => outcomeOf(() => house.authenticator.authenticate(credential))

  describe.each(ENDINGS)('%s', (_, code, end) => {
    it('is refused from the next request on, when it was never used', async () => {
      await end(house, id)
      expect(await outcome()).toBe(code)
    })

    it('is refused from the next request on, with a warm cache', async () => {
      expect(await outcome()).toBe('ada')
      await end(house, id)
      expect(await outcome()).toBe(code)
      expect(await outcome()).toBe(code)
    })

    it('is refused to a look-up that has read the old state and not answered yet', async () => {
      const { promise: held, resolve: release } = Promise.withResolvers<undefined>()
      house.lookups.around = async (find, hash): Promise<Found> => {
        const old = await find(hash)
        await held
        return old
      }
      const before = outcome()
      await end(house, id)
      const after = outcome()
      release(undefined)
      expect(await Promise.all([before, after])).toEqual([code, code])
      expect(await outcome()).toBe(code)
    })
  })

  it('rotated with grace works until the grace is over, beside its successor', async () => {
    await outcome()
    const successor = await house.tokens.rotate(id, 5000)
    expect([await outcome(), await outcome(successor.token)]).toEqual(['ada', 'ada'])
    house.clock.move(5000)
    expect([await outcome(), await outcome(successor.token)]).toEqual(['token_expired', 'ada'])
  })

  it('of a user who is active again is taken again at once', async () => {
    await house.users.update('ada', { status: 'suspended' })
    expect(await outcome()).toBe('user_suspended')
    await house.users.update('ada', { status: 'active' })
    expect(await outcome()).toBe('ada')
  })

  it("another user's does not end", async () => {
    await house.users.add({ id: 'grace' })
    const other = await house.tokens.create('grace')
    await outcome(other.token)
    for (const [, , end] of ENDINGS.slice(0, 1)) await end(house, id)
    await house.users.update('ada', { status: 'suspended' })
    const { count } = house.lookups
    expect(await outcome(other.token)).toBe('grace')
    expect(house.lookups.count).toBe(count)
  })

  it('new is taken even if its hash was asked for before it was stored', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<undefined>()
    let isHeld = true
    house.lookups.around = async (find, hash): Promise<Found> => {
      if (!isHeld) return find(hash)
      isHeld = false
      await held
      return undefined
    }
    const early = outcome()
    house.authenticator.welcome(house.hash(token))
    release(undefined)
    expect(await early).toBe('ada')
    expect(await outcome()).toBe('ada')
  })

  it('known as unknown is taken as soon as it is welcome', async () => {
    house.lookups.around = async () => undefined
    expect(await outcome()).toBe('token_invalid')
    house.lookups.around = (find, hash) => find(hash)
    house.authenticator.welcome(house.hash(token))
    expect(await outcome()).toBe('ada')
  })
})

describe('listeners', () => {
  it('hear of each ending, when it takes effect, until they stop listening', async () => {
    const house = await aHouse()
    const heard: Ending[] = []
    const stop = house.authenticator.onEnding((ending) => heard.push(ending))
    const [a, b, c] = [
      await house.tokens.create('ada'),
      await house.tokens.create('ada'),
      await house.tokens.create('ada', { expiresInMs: 1000 }),
    ]
    await house.tokens.revoke(a.id)
    await house.tokens.rotate(b.id, 5000)
    await house.tokens.rotate(c.id, 5000)
    await house.users.update('ada', { status: 'suspended' })
    await house.users.update('ada', { status: 'active', name: 'Ada' })
    stop()
    await house.users.update('ada', { status: 'suspended' })
    expect(heard).toEqual([
      { tokenId: a.id, at: START },
      { tokenId: b.id, at: START + 5000 },
      { tokenId: c.id, at: START + 1000 },
      { userId: 'ada', at: START },
    ])
  })

  it('hear nothing of a change that the store refused', async () => {
    const house = await aHouse()
    const heard: Ending[] = []
    house.authenticator.onEnding((ending) => heard.push(ending))
    await expect(house.tokens.revoke('nothing')).rejects.toMatchObject({ code: 'not_found' })
    await expect(house.users.update('nobody', { status: 'suspended' })).rejects.toMatchObject({
      code: 'not_found',
    })
    expect(heard).toEqual([])
  })
})
