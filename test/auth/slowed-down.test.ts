import { beforeEach, describe, expect, it } from 'vitest'
import type { Limits } from '../../src/store/store.ts'
import { aHouse, START, type House } from './helper.ts'

describe('a token that is slowed down', () => {
  let house: House
  beforeEach(async () => {
    house = await aHouse()
  })

  const limitedOf = async (token: string) => (await house.authenticator.authenticate(token)).limited

  it.each<[string, Limits | null, Limits]>([
    ['without limits has one', null, { requestsPerMinute: 5 }],
    ['with a higher limit has the lower one', { requestsPerMinute: 9 }, { requestsPerMinute: 5 }],
    ['with a lower limit keeps it', { requestsPerMinute: 2 }, { requestsPerMinute: 2 }],
    ['with other limits keeps them', { concurrency: 3 }, { concurrency: 3, requestsPerMinute: 5 }],
  ])('%s', async (_, limits, slowed) => {
    const { id, token } = await house.tokens.create('ada', { limits })
    const before = await limitedOf(token)
    house.authenticator.throttle(id, 5)
    expect(await limitedOf(token)).toEqual([{ kind: 'token', id, since: START, limits: slowed }])
    house.authenticator.throttle(id, null)
    expect(await limitedOf(token)).toEqual(before)
  })

  it('keeps the limits of its user beside it', async () => {
    await house.users.update('ada', { limits: { requestsPerMinute: 3 } })
    const { id, token } = await house.tokens.create('ada')
    house.authenticator.throttle(id, 5)
    expect(await limitedOf(token)).toMatchObject([
      { kind: 'user', limits: { requestsPerMinute: 3 } },
      { kind: 'token', limits: { requestsPerMinute: 5 } },
    ])
  })

  it('stays so when it is not in memory any more, and when something about it changes', async () => {
    house = await aHouse({ cacheSize: 1 })
    const [one, other] = [await house.tokens.create('ada'), await house.tokens.create('ada')]
    house.authenticator.throttle(one.id, 5)
    for (const change of [
      () => limitedOf(other.token),
      () => house.tokens.update(one.id, { name: 'ci' }),
      async () => {
        house.clock.move(60_000)
        await limitedOf(other.token)
      },
      () => house.tokens.suspend(one.id, 'inc_1').then(() => house.tokens.reinstate(one.id)),
    ]) {
      await change()
      expect(await limitedOf(one.token)).toMatchObject([{ limits: { requestsPerMinute: 5 } }])
    }
    expect(await limitedOf(other.token)).toEqual([])
  })

  it('is so also to a look-up that is under way', async () => {
    const { id, token } = await house.tokens.create('ada')
    const { promise: held, resolve: release } = Promise.withResolvers<undefined>()
    house.lookups.around = async (find, hash) => {
      const found = await find(hash)
      await held
      return found
    }
    const early = limitedOf(token)
    house.authenticator.throttle(id, 5)
    release(undefined)
    expect(await early).toHaveLength(1)
  })

  it.each([0, -1, 0.5, Number.NaN, Infinity])('to %d requests a minute is none', async (rate) => {
    const { id, token } = await house.tokens.create('ada')
    house.authenticator.throttle(id, 7)
    expect(() => house.authenticator.throttle(id, rate)).toThrow(RangeError)
    expect(await limitedOf(token)).toMatchObject([{ limits: { requestsPerMinute: 7 } }])
  })

  it('gives its speed to no successor', async () => {
    const { id, token } = await house.tokens.create('ada')
    house.authenticator.throttle(id, 5)
    const successor = await house.tokens.rotate(id, 5000)
    expect(await limitedOf(successor.token)).toEqual([])
    expect(await limitedOf(token)).toHaveLength(1)
  })
})

describe('an identity', () => {
  it('says what kind of token it is of, and how long its user has been there', async () => {
    const house = await aHouse()
    house.clock.move(1000)
    const { token } = await house.tokens.create('ada')
    expect(await house.authenticator.authenticate(token)).toMatchObject({
      kind: 'server',
      userSince: START,
    })
  })
})
