import { beforeEach, describe, expect, it } from 'vitest'
import type { Identity } from '../../src/auth/identity.ts'
import { aHouse, START, type House } from './helper.ts'

describe('the plan service', () => {
  let house: House
  let token: string
  beforeEach(async () => {
    house = await aHouse()
    token = (await house.tokens.create('ada')).token
  })

  const identity = async (): Promise<Identity> => await house.authenticator.authenticate(token)
  const concurrency = async () => (await identity()).limited[0]?.limits.concurrency

  it('adds a plan with what is named; the rest limits nothing and gives nothing', async () => {
    expect(await house.plans.add({ id: 'free' })).toEqual({
      id: 'free',
      name: null,
      limits: {},
      endUserLimits: null,
      multiplier: null,
      operations: null,
      models: null,
      prepaid: false,
      freeCredit: 0n,
      createdAt: START,
      updatedAt: START,
    })
    await expect(house.plans.add({ id: 'free' })).rejects.toMatchObject({ code: 'conflict', path: 'id' })
  })

  it('changes what is named, null included, and nothing else', async () => {
    await house.plans.add({ id: 'pro', name: 'Pro', multiplier: '2', freeCredit: 5n })
    house.clock.move(5)
    await house.plans.update('pro', { multiplier: null, name: undefined })
    expect(await house.plans.get('pro')).toMatchObject({
      name: 'Pro',
      multiplier: null,
      freeCredit: 5n,
      updatedAt: START + 5,
    })
  })

  it('does not know a plan that is not there', async () => {
    const missing = { code: 'not_found' }
    await expect(house.plans.get('nothing')).rejects.toMatchObject(missing)
    await expect(house.plans.update('nothing', {})).rejects.toMatchObject(missing)
    await expect(house.plans.remove('nothing')).rejects.toMatchObject(missing)
  })

  it('does not remove a plan that somebody has', async () => {
    await house.plans.add({ id: 'pro' })
    await house.users.update('ada', { plan: 'pro' })
    await expect(house.plans.remove('pro')).rejects.toMatchObject({ code: 'conflict' })
    await house.users.update('ada', { plan: null })
    await house.plans.remove('pro')
    expect((await house.plans.list({ limit: 10 })).items).toEqual([])
  })

  it('refuses operations that there are not, and credit below nothing', async () => {
    await house.plans.add({ id: 'pro' })
    for (const terms of [{ operations: ['chat.*', 'chatter.*'] }]) {
      const wrong = { code: 'invalid_request', path: 'operations[1]' }
      await expect(house.plans.add({ id: 'new', ...terms })).rejects.toMatchObject(wrong)
      await expect(house.plans.update('pro', terms)).rejects.toMatchObject(wrong)
    }
    await expect(house.plans.update('pro', { freeCredit: -1n })).rejects.toMatchObject({
      path: 'free_credit',
    })
  })

  it('lets a change hold from the next request on, with a warm cache', async () => {
    await house.plans.add({ id: 'pro', limits: { concurrency: 1 }, multiplier: '0.5' })
    await house.users.update('ada', { plan: 'pro' })
    expect([await concurrency(), (await identity()).planMultiplier]).toEqual([1, '0.5'])
    await house.plans.update('pro', { limits: { concurrency: 2 }, multiplier: '0.7' })
    expect([await concurrency(), (await identity()).planMultiplier]).toEqual([2, '0.7'])
    await house.plans.update('pro', { operations: ['speech.*'], models: ['M1'], prepaid: true })
    const now = await identity()
    expect([now.prepaid, now.mayUseOperation('chat.native'), now.mayUseModel('M2')]).toEqual([
      true,
      false,
      false,
    ])
  })

  it('lets a plan that users named before it was there hold from the next request on', async () => {
    await house.users.update('ada', { plan: 'later' })
    expect(await identity()).toMatchObject({ plan: 'later', planMultiplier: null, limited: [] })
    await house.plans.add({ id: 'later', limits: { concurrency: 3 } })
    expect(await concurrency()).toBe(3)
  })

  it('lets a change hold for a look-up that has read the old plan and not answered yet', async () => {
    await house.plans.add({ id: 'pro', limits: { concurrency: 1 } })
    await house.users.update('ada', { plan: 'pro' })
    const { promise: held, resolve: release } = Promise.withResolvers<undefined>()
    house.lookups.around = async (find, hash) => {
      const old = await find(hash)
      await held
      return old
    }
    const before = concurrency()
    await house.plans.update('pro', { limits: { concurrency: 2 } })
    release(undefined)
    expect(await before).toBe(2)
  })

  it('leaves users of other plans in memory', async () => {
    await house.plans.add({ id: 'pro' })
    await identity()
    const { count } = house.lookups
    await house.plans.update('pro', { name: 'Pro' })
    await identity()
    expect(house.lookups.count).toBe(count)
  })
})

describe('limits of users and tokens', () => {
  it('hold from the next request on', async () => {
    const { users, tokens, authenticator } = await aHouse()
    const { token } = await tokens.create('ada', { limits: { requestsPerMinute: 5 } })
    const limited = async () => (await authenticator.authenticate(token)).limited.map(({ limits }) => limits)
    expect(await limited()).toEqual([{ requestsPerMinute: 5 }])
    await users.update('ada', { limits: { concurrency: 1 } })
    expect(await limited()).toEqual([{ concurrency: 1 }, { requestsPerMinute: 5 }])
    await users.update('ada', { limits: null, prepaid: true })
    expect(await limited()).toEqual([{}, { requestsPerMinute: 5 }])
  })

  it('are given when a user is made, and stay with a token that is rotated', async () => {
    const { users, tokens } = await aHouse()
    const user = await users.add({ id: 'grace', limits: { concurrency: 1 }, prepaid: true })
    expect(await users.get('grace')).toEqual(user)
    expect(user).toMatchObject({ limits: { concurrency: 1 }, prepaid: true })
    const old = await tokens.create('grace', { limits: { concurrency: 2 } })
    expect((await tokens.rotate(old.id)).record.limits).toEqual({ concurrency: 2 })
  })
})
