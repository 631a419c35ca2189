import { beforeEach, describe, expect, it } from 'vitest'
import { aHouse, START, type House } from './helper.ts'

const HERE = { address: '203.0.113.7', origin: undefined }

describe('where a token may be used', () => {
  let house: House
  beforeEach(async () => {
    house = await aHouse({ origins: new Set(['https://everybody.example.com']) })
  })

  it('is kept in one form', async () => {
    const { record } = await house.tokens.create('ada', {
      origins: ['HTTPS://App.Example.com:443', 'http://localhost:3000', 'https://app.example.com'],
      networks: ['203.0.113.7/24', '2001:DB8::1/32', '::ffff:10.0.0.1'],
    })
    expect(record).toMatchObject({
      origins: ['https://app.example.com', 'http://localhost:3000'],
      networks: ['203.0.113.0/24', '2001:db8::/32', '10.0.0.1/32'],
    })
  })

  it.each([
    '*',
    'null',
    '',
    'app.example.com',
    'https://',
    'https://*.example.com',
    'https://app.example.com/',
    'https://app.example.com/path',
    'https://app.example.com?x',
    'https://app.example.com#x',
    'https://user@app.example.com',
    'https://app.example.com:99999',
    'https://app.example.com\\x',
    'ftp://app.example.com',
    'file://',
    'chrome-extension://abcdef',
    ' https://app.example.com',
  ])('is on no page of %j', async (origin) => {
    const creation = house.tokens.create('ada', { origins: ['https://a.example.com', origin] })
    await expect(creation).rejects.toMatchObject({ code: 'invalid_request', path: 'origins[1]' })
    const { id } = await house.tokens.create('ada')
    const change = house.tokens.update(id, { origins: [origin] })
    await expect(change).rejects.toMatchObject({ code: 'invalid_request', path: 'origins[0]' })
    expect((await house.tokens.get(id)).origins).toBeNull()
  })

  it.each(['*', '', 'example.com', '10.0.0.0/33', '0.0.0.0/0', '::/0', 'fe80::1%eth0', '10.0.0.0/8 '])(
    'is in no network %j',
    async (network) => {
      const creation = house.tokens.create('ada', { networks: ['10.0.0.0/8', network] })
      await expect(creation).rejects.toMatchObject({ code: 'invalid_request', path: 'cidrs[1]' })
    },
  )

  it('is somewhere: lists of nothing are refused', async () => {
    for (const [field, rules] of [
      ['origins', { origins: [] }],
      ['cidrs', { networks: [] }],
    ] as const) {
      await expect(house.tokens.create('ada', rules)).rejects.toMatchObject({ path: field })
    }
  })

  it('holds from the next request on, and so does its end', async () => {
    const { id, token } = await house.tokens.create('ada')
    const refusal = async (place = HERE) => (await house.authenticator.authenticate(token)).refusalFrom(place)
    expect(await refusal()).toBeNull()
    await house.tokens.update(id, { networks: ['198.51.100.0/24'] })
    expect(await refusal()).toBe('address_forbidden')
    await house.tokens.update(id, { networks: null, origins: ['https://app.example.com'] })
    expect(await refusal()).toBe('origin_forbidden')
    await house.tokens.update(id, { origins: null })
    expect(await refusal()).toBeNull()
  })

  it.each(['::ffff:203.0.113.7', '203.0.113.7'])(
    'knows %s as the address of IPv4 that it is',
    async (address) => {
      const { token } = await house.tokens.create('ada', { networks: ['203.0.113.0/24'] })
      const { refusalFrom } = await house.authenticator.authenticate(token)
      expect(refusalFrom({ address, origin: undefined })).toBeNull()
      expect(refusalFrom({ address: '::ffff:203.0.114.7', origin: undefined })).toBe('address_forbidden')
      expect(refusalFrom({ address: '2001:db8::1', origin: undefined })).toBe('address_forbidden')
    },
  )

  it('goes with it when it is rotated, and the end of the old one is told', async () => {
    const rules = { origins: ['https://app.example.com'], networks: ['203.0.113.0/24'] }
    const { id } = await house.tokens.create('ada', rules)
    const { record, replaced } = await house.tokens.rotate(id, 60_000)
    expect(record).toMatchObject(rules)
    expect(replaced).toMatchObject({ id, expiresAt: START + 60_000, replacedBy: record.id })
    // The grace is over as soon as the old one is revoked.
    expect(await house.tokens.revoke(id)).toMatchObject({ revokedAt: START, expiresAt: START + 60_000 })
  })
})

describe('the end of a token', () => {
  it('may be set, moved and taken away, from the next request on', async () => {
    const house = await aHouse()
    const endings: unknown[] = []
    house.authenticator.onEnding((ending) => endings.push(ending))
    const { id, token } = await house.tokens.create('ada')
    const expiresAt = async () => (await house.authenticator.authenticate(token)).expiresAt
    expect(await expiresAt()).toBe(Infinity)
    await house.tokens.update(id, { expiresInMs: 60_000 })
    expect(await expiresAt()).toBe(START + 60_000)
    expect(endings).toEqual([{ tokenId: id, at: START + 60_000, code: 'token_expired' }])
    await house.tokens.update(id, { name: 'ci' })
    expect([await expiresAt(), endings.length]).toEqual([START + 60_000, 1])
    await house.tokens.update(id, { expiresInMs: null })
    expect(await expiresAt()).toBe(Infinity)
    await house.tokens.update(id, { expiresInMs: 1000 })
    house.clock.move(1000)
    await expect((async () => house.authenticator.authenticate(token))()).rejects.toMatchObject({
      code: 'token_expired',
    })
  })

  it('stands when it was revoked or rotated away', async () => {
    const { tokens } = await aHouse()
    const revoked = await tokens.create('ada')
    await tokens.revoke(revoked.id)
    const rotated = await tokens.create('ada')
    await tokens.rotate(rotated.id, 60_000)
    for (const { id } of [revoked, rotated]) {
      for (const expiresInMs of [null, 3_600_000])
        await expect(tokens.update(id, { expiresInMs })).rejects.toMatchObject({ code: 'conflict' })
      expect(await tokens.update(id, { name: 'of before' })).toMatchObject({ name: 'of before' })
    }
    expect(await tokens.get(rotated.id)).toMatchObject({ expiresAt: START + 60_000 })
  })

  it.each([0, -1, Number.NaN, 1e300])('is not %s from now', async (expiresInMs) => {
    const { tokens } = await aHouse()
    const { id } = await tokens.create('ada')
    await expect(tokens.update(id, { expiresInMs })).rejects.toMatchObject({ path: 'expires_in' })
  })
})
