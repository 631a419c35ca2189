import { beforeEach, describe, expect, it } from 'vitest'
import { newToken } from '../../src/auth/token.ts'
import { aHouse, outcomeOf, START, type House } from './helper.ts'

describe('the authenticator', () => {
  let house: House
  let token: string
  beforeEach(async () => {
    house = await aHouse()
    token = (await house.tokens.create('ada')).token
  })

  const outcome = (credential: string) => outcomeOf(() => house.authenticator.authenticate(credential))

  it('tells who holds a token, and what the token may do', async () => {
    const rules = { operations: ['chat.*', 'speech.sync'], models: ['M1'], expiresInMs: 1000 }
    const issued = await house.tokens.create('ada', rules)
    const identity = await house.authenticator.authenticate(issued.token)
    expect(identity).toMatchObject({ userId: 'ada', tokenId: issued.id, expiresAt: START + 1000 })
    const may = ['chat.native', 'speech.sync', 'speech.async.create', 'chat', 'chatter.native', '*']
    expect(may.filter((operation) => identity.mayUseOperation(operation))).toEqual([
      'chat.native',
      'speech.sync',
    ])
    expect(['M1', 'm1', 'M11', ''].filter((model) => identity.mayUseModel(model))).toEqual(['M1'])
  })

  it.each([
    ['no rules', {}, true],
    ['a star', { operations: ['*'] }, true],
    ['an empty list', { operations: [], models: [] }, false],
  ])('reads %s as it is meant', async (_, rules, expected) => {
    const issued = await house.tokens.create('ada', rules)
    const identity = await house.authenticator.authenticate(issued.token)
    expect(identity.mayUseOperation('speech.async.create')).toBe(expected)
    if (!('operations' in rules)) expect(identity.mayUseModel('any')).toBe(true)
  })

  it("tells the user's plan and multiplier, and from the next request on when they change", async () => {
    expect(await house.authenticator.authenticate(token)).toMatchObject({ plan: null, multiplier: null })
    await house.users.update('ada', { plan: 'pro', multiplier: '0.4' })
    expect(await house.authenticator.authenticate(token)).toMatchObject({ plan: 'pro', multiplier: '0.4' })
    await house.users.update('ada', { multiplier: null })
    expect(await house.authenticator.authenticate(token)).toMatchObject({ plan: 'pro', multiplier: null })
  })

  it('answers from memory without a promise and without asking the store', async () => {
    const first = await house.authenticator.authenticate(token)
    expect(house.lookups.count).toBe(1)
    expect(house.authenticator.authenticate(token)).toBe(first)
    expect(house.lookups.count).toBe(1)
  })

  it('asks the store once for requests that come at once', async () => {
    const all = Array.from({ length: 100 }, () => outcome(token))
    expect(new Set(await Promise.all(all))).toEqual(new Set(['ada']))
    expect(house.lookups.count).toBe(1)
  })

  it.each(['', 'x', 'mmg_', `mmg_${'a'.repeat(62)}`, `' or 1=1 --`, 'x'.repeat(10_240), '\0'])(
    'refuses %j without asking the store',
    async (credential) => {
      expect(await outcome(credential)).toBe('token_invalid')
      expect(house.lookups.count).toBe(0)
    },
  )

  it('tells tokens with the same id apart by the whole of their text', async () => {
    await house.authenticator.authenticate(token)
    const { text } = newToken('mmg')
    expect(await outcome(text)).toBe('token_invalid')
    expect(await outcome(token)).toBe('ada')
  })

  it('refuses a token from the millisecond on at which it expires, also out of memory', async () => {
    const { token: short } = await house.tokens.create('ada', { expiresInMs: 1000 })
    house.clock.move(999)
    expect(await outcome(short)).toBe('ada')
    house.clock.move(1)
    expect(await outcome(short)).toBe('token_expired')
    expect(house.lookups.count).toBe(1)
  })

  it('asks again after 30 seconds, and not before', async () => {
    await outcome(token)
    house.clock.move(30_000)
    await outcome(token)
    expect(house.lookups.count).toBe(1)
    house.clock.move(1)
    await outcome(token)
    expect(house.lookups.count).toBe(2)
  })

  it('sees within 30 seconds what another process changed in the store', async () => {
    await outcome(token)
    await house.store.users.update('ada', { status: 'suspended' }, 1)
    house.clock.move(30_001)
    expect(await outcome(token)).toBe('user_suspended')
  })

  it('remembers for 10 seconds that a hash is unknown', async () => {
    const { text } = newToken('mmg')
    expect(await outcome(text)).toBe('token_invalid')
    house.clock.move(10_000)
    expect(await outcome(text)).toBe('token_invalid')
    expect(house.lookups.count).toBe(1)
    house.clock.move(1)
    expect(await outcome(text)).toBe('token_invalid')
    expect(house.lookups.count).toBe(2)
  })

  it('keeps no more than it was given room for', async () => {
    house = await aHouse({ cacheSize: 2, negativeCacheSize: 2 })
    const issued = await Promise.all([1, 2, 3].map(() => house.tokens.create('ada')))
    for (const one of issued) expect(await outcome(one.token)).toBe('ada')
    const strangers = [1, 2, 3].map(() => newToken('mmg').text)
    for (const text of strangers) expect(await outcome(text)).toBe('token_invalid')
    expect(house.lookups.count).toBe(6)
    for (const one of issued.slice(1)) await outcome(one.token)
    for (const text of strangers.slice(1)) await outcome(text)
    expect(house.lookups.count).toBe(6)
    await outcome(issued[0]?.token ?? '')
    await outcome(strangers[0] ?? '')
    expect(house.lookups.count).toBe(8)
  })

  describe('when the store fails', () => {
    const fail = async () => Promise.reject(new Error('disk I/O error at /var/lib'))

    it('serves what it read at most 30 seconds ago, and nothing older', async () => {
      await outcome(token)
      house.lookups.around = fail
      house.clock.move(30_000)
      expect(await outcome(token)).toBe('ada')
      house.clock.move(1)
      expect(await outcome(token)).toBe('store_unavailable')
    })

    it('refuses a token that it does not know, without the words of the store', async () => {
      house.lookups.around = fail
      const refused = house.authenticator.authenticate(token)
      await expect(refused).rejects.toMatchObject({ status: 503 })
      await expect(refused).rejects.not.toThrow(/disk/)
    })

    it('recovers with the store, and has not learned that the token is unknown', async () => {
      house.lookups.around = fail
      expect(await outcome(token)).toBe('store_unavailable')
      house.lookups.around = (find, hash) => find(hash)
      expect(await outcome(token)).toBe('ada')
    })
  })
})
