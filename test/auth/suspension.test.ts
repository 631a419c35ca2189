import { beforeEach, describe, expect, it } from 'vitest'
import type { Ending } from '../../src/auth/identity.ts'
import { TokenRefusal } from '../../src/auth/refusal.ts'
import { REFUSALS } from '../../src/errors.ts'
import { aHouse, outcomeOf, START, type House } from './helper.ts'

type End = () => Promise<unknown>

describe('a suspended token', () => {
  let house: House
  let id: string
  let token: string
  beforeEach(async () => {
    house = await aHouse()
    ;({ id, token } = await house.tokens.create('ada'))
  })

  const outcome = (credential = token) => outcomeOf(() => house.authenticator.authenticate(credential))

  it('cannot be used from memory once its suspension has resolved', async () => {
    expect(await outcome()).toBe('ada')
    await house.tokens.suspend(id, 'inc_1')
    expect(await outcome()).toBe('token_suspended')
    const { count } = house.lookups
    expect(await outcome()).toBe('token_suspended')
    expect(house.lookups.count).toBe(count)
  })

  it('is taken again at once when it is reinstated', async () => {
    await house.tokens.suspend(id, 'inc_1')
    expect(await outcome()).toBe('token_suspended')
    expect(await house.tokens.reinstate(id)).toMatchObject({ suspendedAt: null, suspendedBy: null })
    expect(await outcome()).toBe('ada')
    await house.tokens.reinstate(id)
    expect(await outcome()).toBe('ada')
  })

  it('keeps its first time and incident', async () => {
    await house.tokens.suspend(id, 'inc_1')
    house.clock.move(5000)
    expect(await house.tokens.suspend(id, 'inc_2')).toMatchObject({
      suspendedAt: START,
      suspendedBy: 'inc_1',
    })
  })

  it('leaves the other tokens of its user alone', async () => {
    const other = await house.tokens.create('ada')
    await house.tokens.suspend(id, 'inc_1')
    expect([await outcome(), await outcome(other.token)]).toEqual(['token_suspended', 'ada'])
  })

  it('stays revoked when it is reinstated', async () => {
    await house.tokens.suspend(id, 'inc_1')
    await house.tokens.revoke(id)
    await house.tokens.reinstate(id)
    expect(await outcome()).toBe('token_revoked')
  })

  it.each<[string, string, End]>([
    ['revoked', 'token_revoked', () => house.tokens.revoke(id)],
    ['of a suspended user', 'user_suspended', () => house.users.update('ada', { status: 'suspended' })],
  ])('that is also %s is told that', async (_, code, end) => {
    await house.tokens.suspend(id, 'inc_1')
    await end()
    expect(await outcome()).toBe(code)
  })

  it.each([0, 5000])(
    'stays suspended when it is rotated with a grace of %d ms; its successor is not',
    async (grace) => {
      await house.tokens.suspend(id, 'inc_1')
      const successor = await house.tokens.rotate(id, grace)
      expect(successor.record).toMatchObject({ suspendedAt: null, suspendedBy: null })
      expect(await outcome(successor.token)).toBe('ada')
      expect(await outcome()).toBe(grace === 0 ? 'token_revoked' : 'token_suspended')
    },
  )

  it('has what is under way cut at once, and gets no grace by a rotation', async () => {
    const heard: Ending[] = []
    house.authenticator.onEnding((ending) => heard.push(ending))
    await house.tokens.suspend(id, 'inc_1')
    await house.tokens.rotate(id, 5000)
    expect(heard).toEqual([
      { tokenId: id, at: START, code: 'token_suspended' },
      { tokenId: id, at: START },
    ])
  })

  it('that is not there needs no suspension, and cannot be reinstated', async () => {
    expect(await house.tokens.suspend('000000000000', 'inc_1')).toBeUndefined()
    await expect(house.tokens.reinstate('000000000000')).rejects.toMatchObject({ code: 'not_found' })
  })

  it('is refused with a remedy, and without what was found', async () => {
    await house.tokens.suspend(id, 'inc_1')
    const error = await Promise.resolve(house.authenticator.authenticate(token)).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ status: 403, outcome: 'caller_forbidden' })
    expect(REFUSALS.token_suspended.message).toMatch(/operator/)
    expect(String(error)).not.toContain('inc_1')
  })

  it.each<[string, string, End]>([
    ['suspended', 'token_suspended', () => house.tokens.suspend(id, 'inc_1')],
    ['revoked', 'token_revoked', () => house.tokens.revoke(id)],
    ['rotated', 'token_revoked', () => house.tokens.rotate(id)],
  ])('or one that is %s is told apart from an unknown one, with whose it is', async (_, code, end) => {
    await end()
    const refused = Promise.resolve().then(() => house.authenticator.authenticate(token))
    const error: unknown = await refused.catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(TokenRefusal)
    expect(error).toMatchObject({ code, identity: { tokenId: id, userId: 'ada' } })
  })
})
