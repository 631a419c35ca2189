import { beforeEach, describe, expect, it } from 'vitest'
import { aHouse, START, type House } from './helper.ts'

describe('the token service', () => {
  let house: House
  beforeEach(async () => {
    house = await aHouse()
  })

  it('stores a hash of the token and nothing of its secret', async () => {
    const { id, token } = await house.tokens.create('ada', { name: 'ci' })
    const stored = await house.store.tokens.get(id)
    expect(stored).toMatchObject({ userId: 'ada', name: 'ci', hash: house.hash(token), createdAt: START })
    expect(JSON.stringify(stored)).not.toContain(token.slice(17))
  })

  it.each<[string, string[], number]>([
    ['a name that is none', ['chat.natve'], 0],
    ['a modality that is none', ['chat.*', 'chatter.*'], 1],
    ['a modality without its star', ['chat'], 0],
    ['a star in the middle', ['speech.async.*'], 0],
    ['an empty name', [''], 0],
    ['another case', ['Chat.native'], 0],
  ])('refuses %s as an operation, and says which', async (_, operations, index) => {
    const creation = house.tokens.create('ada', { operations })
    await expect(creation).rejects.toMatchObject({ code: 'invalid_request', path: `operations[${index}]` })
    expect((await house.store.tokens.list({ limit: 10 })).items).toEqual([])
  })

  it('takes names, modalities and the star', async () => {
    const operations = ['chat.native', 'speech.*', 'speech.async.create', '*']
    expect((await house.tokens.create('ada', { operations })).record.operations).toEqual(operations)
  })

  it('refuses a user who is not there', async () => {
    await expect(house.tokens.create('nobody')).rejects.toMatchObject({ code: 'not_found' })
  })

  it.each([0, -1, Number.NaN, Infinity, 1e300])('refuses a lifetime of %s', async (expiresInMs) => {
    const creation = house.tokens.create('ada', { expiresInMs })
    await expect(creation).rejects.toMatchObject({ code: 'invalid_request', path: 'expires_in' })
  })

  it('rotates to a token with the same rules and the same lifetime from now on', async () => {
    const rules = { name: 'ci', operations: ['chat.*'], models: ['M1'], expiresInMs: 60_000 }
    const old = await house.tokens.create('ada', rules)
    house.clock.move(10_000)
    const { record } = await house.tokens.rotate(old.id, 1000)
    expect(record).toMatchObject({ userId: 'ada', name: 'ci', operations: ['chat.*'], models: ['M1'] })
    expect([record.createdAt, record.expiresAt]).toEqual([START + 10_000, START + 70_000])
    expect((await house.store.tokens.get(old.id))?.replacedBy).toBe(record.id)
  })

  it.each<[string, (house: House, id: string) => unknown]>([
    ['revoked', ({ tokens }, id) => tokens.revoke(id)],
    ['expired', ({ clock }) => clock.move(60_000)],
    ['rotated', ({ tokens }, id) => tokens.rotate(id, 1000)],
  ])('does not rotate a token that is %s', async (_, end) => {
    const { id } = await house.tokens.create('ada', { expiresInMs: 60_000 })
    await end(house, id)
    await expect(house.tokens.rotate(id)).rejects.toMatchObject({ code: 'conflict' })
  })

  it('does not find a token that is not there', async () => {
    await expect(house.tokens.rotate('nothing')).rejects.toMatchObject({ code: 'not_found' })
    await expect(house.tokens.revoke('nothing')).rejects.toMatchObject({ code: 'not_found' })
  })
})

describe('the user service', () => {
  it('makes an id when none is given', async () => {
    const { users } = await aHouse()
    expect((await users.add({ name: 'Grace' })).id).toMatch(/^usr_[0-9A-Za-z]{16}$/)
  })

  it('refuses an id that is taken, and leaves its user alone', async () => {
    const { users } = await aHouse()
    await expect(users.add({ id: 'ada', name: 'Eve' })).rejects.toMatchObject({ code: 'conflict' })
    expect((await users.get('ada')).name).toBeNull()
  })

  it('changes what is named, null included, and nothing else', async () => {
    const { users, clock } = await aHouse()
    await users.update('ada', { name: 'Ada', email: 'a@example.com', plan: 'pro' })
    clock.move(5)
    const changed = await users.update('ada', { email: null, name: undefined })
    expect(changed).toEqual({
      id: 'ada',
      name: 'Ada',
      email: null,
      plan: 'pro',
      multiplier: null,
      limits: null,
      prepaid: null,
      endUserLimits: null,
      status: 'active',
      createdAt: START,
      updatedAt: START + 5,
    })
  })
})
