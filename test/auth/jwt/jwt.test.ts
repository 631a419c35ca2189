import { describe, expect, it } from 'vitest'
import { JWT_ALGORITHMS } from '../../../src/config/jwt-issuers.ts'
import { START } from '../helper.ts'
import { aSimpleHouse } from './kit.ts'

describe('a JWT', () => {
  it('says who calls, and what the issuer lets its tokens do', async () => {
    const house = await aSimpleHouse({ operations: ['chat.*'], models: ['M1'], end_user_claim: 'uid' })
    const identity = await house.authenticate(await house.sign({ uid: 17 }))
    expect(identity).toMatchObject({
      userId: 'ada',
      tokenId: 'jwt_acme',
      kind: 'jwt',
      sessionId: '',
      endUser: '17',
      expiresAt: START + 600_000 + 30_000,
    })
    expect(identity.mayUseOperation('chat.native')).toBe(true)
    expect(identity.mayUseOperation('speech.sync')).toBe(false)
    expect(identity.mayUseModel('M2')).toBe(false)
  })

  it.each(JWT_ALGORITHMS)('is taken with %s, where the operator lists it', async (alg) => {
    const house = await aSimpleHouse({ algorithms: [alg] }, alg)
    expect(await house.outcome(await house.sign())).toBe('ada')
  })

  it('is answered from memory without a promise, until the store is asked again after 30 seconds', async () => {
    const house = await aSimpleHouse()
    const token = await house.sign()
    const first = await house.authenticate(token)
    expect(house.authenticator.authenticate(token)).toBe(first)
    house.clock.move(30_000)
    expect(house.authenticator.authenticate(token)).toBe(first)
    house.clock.move(1)
    expect(house.authenticator.authenticate(token)).toBeInstanceOf(Promise)
  })

  it('is refused from the end of its leeway on, out of memory too', async () => {
    const house = await aSimpleHouse({ leeway: 10 })
    const token = await house.sign({ exp: START / 1000 + 20 })
    house.clock.move(29_999)
    expect(await house.outcome(token)).toBe('ada')
    house.clock.move(1)
    expect(await house.outcome(token)).toBe('token_expired')
  })

  it('of a user whom nobody has made is refused, and goes on 10 seconds after they were', async () => {
    const house = await aSimpleHouse()
    const token = await house.sign({ sub: 'bob' })
    expect(await house.outcome(token)).toBe('user_not_known')
    await house.users.add({ id: 'bob' })
    house.clock.move(10_001)
    expect(await house.outcome(token)).toBe('bob')
  })

  it('is refused at once when its user is suspended, and taken again when they are not', async () => {
    const house = await aSimpleHouse()
    const token = await house.sign()
    await house.outcome(token)
    await house.users.update('ada', { status: 'suspended' })
    expect(await house.outcome(token)).toBe('user_suspended')
    await house.users.update('ada', { status: 'active' })
    expect(await house.outcome(token)).toBe('ada')
  })

  it('sees a change of its user or plan with the next request', async () => {
    const house = await aSimpleHouse()
    const token = await house.sign()
    await house.plans.add({ id: 'pro', limits: { concurrency: 2 } })
    expect((await house.authenticate(token)).limited).toEqual([])
    await house.users.update('ada', { plan: 'pro' })
    expect((await house.authenticate(token)).limited).toMatchObject([
      { kind: 'user', limits: { concurrency: 2 } },
    ])
    await house.plans.update('pro', { limits: { concurrency: 3 } })
    expect((await house.authenticate(token)).limited).toMatchObject([
      { kind: 'user', limits: { concurrency: 3 } },
    ])
  })

  it('may be used from the pages of its issuer alone, where the issuer names some', async () => {
    const house = await aSimpleHouse({ origins: ['https://app.example'] })
    const { refusalFrom } = await house.authenticate(await house.sign())
    expect(refusalFrom({ address: '192.0.2.1', origin: 'https://app.example' })).toBeNull()
    expect(refusalFrom({ address: '192.0.2.1', origin: 'https://everybody.example' })).toBe(
      'origin_forbidden',
    )
  })

  it('names an end user of the fixed user, by a name that a session token could have', async () => {
    const house = await aSimpleHouse({ user: 'ada' })
    expect(await house.authenticate(await house.sign({ sub: 'auth0|1' }))).toMatchObject({
      userId: 'ada',
      endUser: 'auth0|1',
    })
    const { endUser } = await house.authenticate(await house.sign({ sub: 'Grace Hopper' }))
    expect(endUser).toMatch(/^jwt_[\w-]{20}$/)
  })

  it('must have the claims that the operator requires', async () => {
    const house = await aSimpleHouse({ required_claims: { roles: 'llm', org: 7 } })
    expect(await house.outcome(await house.sign({ roles: ['a', 'llm'], org: 7 }))).toBe('ada')
    for (const claims of [{}, { roles: 'llm' }, { roles: ['llm2'], org: 7 }, { roles: 'llm', org: '7' }])
      expect(await house.outcome(await house.sign(claims))).toBe('token_invalid')
  })

  it('is told which claim is wrong only when its signature is right', async () => {
    const house = await aSimpleHouse()
    await expect(house.authenticate(await house.sign({ iat: START / 1000 + 60 }))).rejects.toThrow('"iat"')
    const forged = `${(await house.sign({ iat: START / 1000 + 60 })).slice(0, -4)}AAAA`
    await expect(house.authenticate(forged)).rejects.toThrow(/^The token is not valid\.$/)
  })
})
