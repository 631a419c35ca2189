import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { userIdOf } from '../../../src/auth/jwt/names.ts'
import { newKey, signed } from '../../helpers/identity-provider.ts'
import { aJwtHouse, anIssuer, aSimpleHouse, goodClaims } from './kit.ts'

const MAKES = { user_namespace: 'own', create_users: true, plan: 'free', plan_claim: 'tier' }

async function aMakingHouse(more: Record<string, unknown> = {}) {
  const house = await aSimpleHouse({ ...MAKES, ...more })
  await house.plans.add({ id: 'free', freeCredit: 5n, prepaid: true })
  await house.plans.add({ id: 'pro' })
  return house
}

describe('users of an identity provider', () => {
  it('are made on first sight, with the plan of the issuer, under a name that is its own', async () => {
    const house = await aMakingHouse()
    const token = await house.sign({
      sub: 'grace',
      name: 'Grace Hopper',
      email: 'g@example.com',
      email_verified: true,
    })
    expect(await house.outcome(token)).toBe('acme.grace')
    expect(await house.users.get('acme.grace')).toMatchObject({
      name: 'Grace Hopper',
      email: 'g@example.com',
      plan: 'free',
      status: 'active',
    })
    expect(house.joined).toEqual(['acme.grace free'])
    expect(house.logLines.join('')).toContain('"user":"acme.grace"')
  })

  it('are made once, however many first calls come at once', async () => {
    const house = await aMakingHouse()
    const tokens = await Promise.all(
      Array.from({ length: 50 }, (_, n) => house.sign({ sub: 'grace', jti: String(n) })),
    )
    const outcomes = await Promise.all(tokens.map(house.outcome))
    expect(new Set(outcomes)).toEqual(new Set(['acme.grace']))
    expect(house.joined).toEqual(['acme.grace free'])
  })

  it.each([
    ['pro', 'pro'],
    ['none such', 'free'],
    [7, 'free'],
    [undefined, 'free'],
  ])('have the plan that the claim %j names only if there is such a plan: %s', async (tier, plan) => {
    const house = await aMakingHouse()
    await house.outcome(await house.sign({ sub: 'grace', tier }))
    expect((await house.users.get('acme.grace')).plan).toBe(plan)
  })

  it('are not made without a plan: nothing would limit them', async () => {
    const house = await aSimpleHouse(MAKES)
    expect(await house.outcome(await house.sign({ sub: 'grace' }))).toBe('user_not_known')
    expect(house.logLines.join('')).toContain('there is no such plan')
  })

  it.each([
    [{ email: 'g@example.com' }, null],
    [{ email: 'g@example.com', email_verified: 'true' }, null],
    [{ email: 'g@example.com', email_verified: 1 }, null],
    [{ email: 'not an address', email_verified: true }, null],
  ])('have no address of mail that the issuer has not verified: %j', async (claims, email) => {
    const house = await aMakingHouse()
    await house.outcome(await house.sign({ sub: 'grace', ...claims }))
    expect((await house.users.get('acme.grace')).email).toBe(email)
  })

  it('are never found by their address of mail', async () => {
    const house = await aMakingHouse()
    await house.users.add({ id: 'boss', email: 'boss@example.com' })
    const token = await house.sign({ sub: 'mallory', email: 'boss@example.com', email_verified: true })
    expect(await house.outcome(token)).toBe('acme.mallory')
  })

  it.each(['a b', 'Ünï', 'x/y', '../x', 'auth0|17', 'x'.repeat(200), '.', '-', "'; DROP TABLE users --"])(
    'have an id of their own when the claim %j is none',
    async (sub) => {
      const house = await aMakingHouse()
      const id = await house.outcome(await house.sign({ sub }))
      expect(id).toMatch(/^(jwt_acme_[\w-]{20}|acme\.[.-])$/)
      expect(await house.outcome(await house.sign({ sub, jti: '2' }))).toBe(id)
    },
  )

  it('are not those whom the operator made, nor those of another issuer', async () => {
    const [a, b] = await Promise.all([newKey('ES256', 'a'), newKey('ES256', 'b')])
    const other = 'https://other.example.com'
    const house = await aJwtHouse([
      anIssuer([a], MAKES),
      anIssuer([b], { ...MAKES, name: 'beta', issuer: other }),
    ])
    await house.plans.add({ id: 'free' })
    expect(await house.outcome(await signed(a, goodClaims({ sub: 'ada' })))).toBe('acme.ada')
    expect(await house.outcome(await signed(b, goodClaims({ sub: 'ada', iss: other })))).toBe('beta.ada')
    expect((await house.users.get('ada')).plan).toBeNull()
  })

  it('of another issuer are not reached where ids are shared, however the claim is written', async () => {
    const [a, b] = await Promise.all([newKey('ES256', 'a'), newKey('ES256', 'b')])
    const other = 'https://other.example.com'
    const house = await aJwtHouse([
      anIssuer([a], MAKES),
      anIssuer([b], { name: 'beta', issuer: other, user_namespace: 'shared' }),
    ])
    await house.plans.add({ id: 'free' })
    const strange = await house.outcome(await signed(a, goodClaims({ sub: 'a b' })))
    expect(await house.outcome(await signed(a, goodClaims({ sub: 'root' })))).toBe('acme.root')
    for (const sub of ['acme.root', strange]) {
      expect(await house.outcome(await signed(b, goodClaims({ sub, iss: other })))).toBe('user_not_known')
    }
    expect(await house.outcome(await signed(b, goodClaims({ sub: 'ada', iss: other })))).toBe('ada')
  })

  it('have ids that no two claims share', () => {
    const issuer = fc.constantFrom(
      { name: 'a', sharesUsers: false },
      { name: 'a-b', sharesUsers: false },
      { name: 'b', sharesUsers: true },
    )
    const claim = fc.oneof(fc.string(), fc.constantFrom('a.x', 'a-b.x', 'b.x', 'x', 'jwt_a_x', '.x', 'b.a.x'))
    const names = ['a', 'a-b', 'b']
    fc.assert(
      fc.property(issuer, claim, issuer, claim, (one, first, two, second) => {
        fc.pre(one !== two || first !== second)
        const [left, right] = [userIdOf(one, first, names), userIdOf(two, second, names)]
        expect(left).not.toBe(right)
        expect(left).toMatch(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/)
      }),
      { numRuns: 2_000 },
    )
  })
})
