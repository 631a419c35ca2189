import { describe, expect, it } from 'vitest'
import { createOperatorAuthenticator } from '../../src/auth/operator-authenticator.ts'
import { createOperatorService } from '../../src/auth/operators.ts'
import { GatewayError } from '../../src/errors.ts'
import { secretMatcher } from '../../src/lib/secrets.ts'
import type { Operator } from '../../src/store/store.ts'
import { aHouse, START } from './helper.ts'

const OWNER = 'the-admin-token-of-the-tests-0123456789'

/** Operators over a store in memory whose look-ups are counted. */
async function operators() {
  const house = await aHouse()
  const { store, clock, hash } = house
  const errors: unknown[] = []
  const seen = { lookups: 0, meanwhile: async () => undefined as unknown }
  const counted = {
    ...store.operators,
    async findByHash(digest: string): Promise<Operator | undefined> {
      seen.lookups++
      const found = await store.operators.findByHash(digest)
      await seen.meanwhile()
      return found
    },
  }
  const shared = { store: { operators: counted }, hash, prefix: 'mmgo', clock }
  const adminToken = { matches: secretMatcher(OWNER) }
  const onError = (error: unknown) => void errors.push(error)
  const authenticator = createOperatorAuthenticator({ ...shared, adminToken, onError })
  const service = createOperatorService({ ...shared, authenticator })
  const resultOf = async (candidate: string, address = '192.0.2.1') =>
    (await authenticator.authenticate(candidate, address)).result
  return { house, service, authenticator, seen, errors, resultOf, counted }
}

describe('an admin token', () => {
  it.each(['owner', 'operator', 'read-only', 'metrics'] as const)('of a %s is told by it', async (role) => {
    const { service, authenticator } = await operators()
    const { token, record } = await service.create({ name: 'Ann', role })
    expect(await authenticator.authenticate(token, '192.0.2.1')).toEqual({
      result: 'ok',
      operator: { id: record.id, name: 'Ann', role },
    })
  })

  it('of the settings is the owner, without a look at the store', async () => {
    const { authenticator, seen } = await operators()
    expect(await authenticator.authenticate(OWNER, '192.0.2.1')).toEqual({
      result: 'ok',
      operator: { id: 'owner', name: 'owner', role: 'owner' },
    })
    expect(seen.lookups).toBe(0)
  })

  it('is stored as a hash alone', async () => {
    const { service, house } = await operators()
    const { token } = await service.create({ name: 'Ann', role: 'owner' })
    const secret = token.split('_')[2] ?? ''
    const { items } = await house.store.operators.list({ limit: 10 })
    expect(JSON.stringify(items)).not.toContain(secret)
    expect(items[0]?.hash).toMatch(/^[0-9a-f]{64}$/)
  })

  it('is none of a user, whatever the text of that says', async () => {
    const { house, resultOf, seen } = await operators()
    const { token } = await house.tokens.create('ada')
    for (const candidate of [token, token.replace('mmg_', 'mmgo_'), token.replace('mmg_', 'mmgs_'), ''])
      expect(await resultOf(candidate)).toBe('invalid')
    // What is no token of an operator by its looks costs no look-up.
    expect(seen.lookups).toBe(0)
  })

  it('is none when only its id or its checksum is right', async () => {
    const { service, resultOf } = await operators()
    const [first, second] = [
      (await service.create({ name: 'a', role: 'owner' })).token,
      (await service.create({ name: 'b', role: 'owner' })).token,
    ]
    const mixed = first.slice(0, 17) + second.slice(17)
    expect(await resultOf(mixed)).toBe('invalid')
    expect(await resultOf(`${first.slice(0, -1)}${first.endsWith('0') ? '1' : '0'}`)).toBe('invalid')
  })

  it('ends at its expiry, to the millisecond', async () => {
    const { service, house, resultOf } = await operators()
    const { token } = await service.create({ name: 'Ann', role: 'owner', expiresInMs: 1000 })
    house.clock.move(999)
    expect(await resultOf(token)).toBe('ok')
    house.clock.move(1)
    expect(await resultOf(token)).toBe('expired')
  })

  it('ends when it is revoked, at once', async () => {
    const { service, resultOf } = await operators()
    const { token, record } = await service.create({ name: 'Ann', role: 'owner' })
    expect(await resultOf(token)).toBe('ok')
    await service.revoke(record.id)
    expect(await resultOf(token)).toBe('revoked')
  })

  it('is revoked although it was being looked up just then', async () => {
    const { service, seen, resultOf } = await operators()
    const { token, record } = await service.create({ name: 'Ann', role: 'owner' })
    seen.meanwhile = () => service.revoke(record.id)
    await resultOf(token)
    seen.meanwhile = async () => undefined
    expect(await resultOf(token)).toBe('revoked')
  })

  it.each([
    ['10.0.0.0/8', '10.1.2.3', 'ok'],
    ['10.0.0.0/8', '::ffff:10.1.2.3', 'ok'],
    ['10.0.0.0/8', '11.0.0.1', 'address'],
    ['2001:db8::/32', '2001:db8:1::5', 'ok'],
    ['2001:db8::/32', '2001:db9::5', 'address'],
    ['2001:db8::/32', 'unknown', 'address'],
  ])('of the network %s from %s is %s', async (network, address, result) => {
    const { service, resultOf } = await operators()
    const { token } = await service.create({ name: 'Ann', role: 'owner', networks: [network] })
    expect(await resultOf(token, address)).toBe(result)
  })

  it('is looked up once in 30 seconds', async () => {
    const { service, house, seen, resultOf } = await operators()
    const { token } = await service.create({ name: 'Ann', role: 'owner' })
    await resultOf(token)
    house.clock.move(29_999)
    await resultOf(token)
    expect(seen.lookups).toBe(1)
    house.clock.move(1)
    await resultOf(token)
    expect(seen.lookups).toBe(2)
  })

  it('leaves a note of its last use once a minute, and for each address', async () => {
    const { service, house, resultOf } = await operators()
    const { token, record } = await service.create({ name: 'Ann', role: 'owner' })
    const last = async () => {
      const { lastUsedAt, lastUsedAddress } = await service.get(record.id)
      return [lastUsedAt, lastUsedAddress]
    }
    await resultOf(token)
    house.clock.move(59_999)
    await resultOf(token)
    expect(await last()).toEqual([START, '192.0.2.1'])
    await resultOf(token, '192.0.2.2')
    expect(await last()).toEqual([START + 59_999, '192.0.2.2'])
  })

  it('is let in although that note cannot be written', async () => {
    const { service, counted, errors, resultOf } = await operators()
    const { token } = await service.create({ name: 'Ann', role: 'owner' })
    counted.used = () => Promise.reject(new GatewayError('store_unavailable'))
    expect(await resultOf(token)).toBe('ok')
    expect(errors).toMatchObject([{ code: 'store_unavailable' }])
  })
})

describe('rotating an admin token', () => {
  it('ends the old one and gives the new one its name, role and networks', async () => {
    const { service, resultOf } = await operators()
    const old = await service.create({ name: 'Ann', role: 'read-only', networks: ['10.0.0.0/8'] })
    expect(await resultOf(old.token, '10.0.0.1')).toBe('ok')
    const { token, record } = await service.rotate(old.record.id)
    expect(record).toMatchObject({ name: 'Ann', role: 'read-only', networks: ['10.0.0.0/8'] })
    expect(await resultOf(old.token, '10.0.0.1')).toBe('revoked')
    expect(await resultOf(token, '10.0.0.1')).toBe('ok')
    expect(await resultOf(token, '11.0.0.1')).toBe('address')
  })

  it('lets the old one live on for the grace, and a lifetime start anew', async () => {
    const { service, house, resultOf } = await operators()
    const old = await service.create({ name: 'Ann', role: 'owner', expiresInMs: 10_000 })
    house.clock.move(5_000)
    const { token } = await service.rotate(old.record.id, 1_000)
    house.clock.move(999)
    expect(await resultOf(old.token)).toBe('ok')
    house.clock.move(1)
    expect(await resultOf(old.token)).toBe('expired')
    house.clock.move(8_999)
    expect(await resultOf(token)).toBe('ok')
    house.clock.move(1)
    expect(await resultOf(token)).toBe('expired')
  })

  it('is refused a second time', async () => {
    const { service } = await operators()
    const { record } = await service.create({ name: 'Ann', role: 'owner' })
    await service.rotate(record.id, 1_000)
    await expect(service.rotate(record.id)).rejects.toMatchObject({ code: 'conflict' })
  })

  it.each([Number.NaN, -1, 1e300])('is refused with a grace of %s', async (grace) => {
    const { service } = await operators()
    const { record } = await service.create({ name: 'Ann', role: 'owner' })
    await expect(service.rotate(record.id, grace)).rejects.toMatchObject({ code: 'invalid_request' })
  })
})
