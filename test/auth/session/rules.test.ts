import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/errors.ts'
import type { TokenRules } from '../../../src/auth/tokens.ts'
import type { SessionRules } from '../../../src/auth/session/sessions.ts'
import { aHouse, OPERATIONS, START, type House } from '../helper.ts'

const EVERYBODYS = new Set(['https://page.example.com'])

/** How a request for a session is refused: code and path. */
async function refusalOf(asked: Promise<unknown>): Promise<string> {
  try {
    await asked
    return 'made'
  } catch (error) {
    return error instanceof GatewayError ? `${error.code} ${error.path ?? ''}`.trim() : String(error)
  }
}

describe('a session', () => {
  let house: House
  beforeEach(async () => {
    house = await aHouse({ origins: EVERYBODYS })
  })

  const refused = async (of: TokenRules, asked: SessionRules): Promise<string> => {
    const parent = await house.tokens.create('ada', of)
    return await refusalOf(house.sessions.create(parent.id, asked))
  }

  const NARROW = { operations: ['chat.native', 'speech.sync'], models: ['M1'] }

  it.each<[string, TokenRules, SessionRules, string]>([
    ['an operation', NARROW, { operations: ['speech.sync', 'files.list'] }, 'invalid_request operations[1]'],
    [
      'a pattern of which the token may use a part',
      NARROW,
      { operations: ['chat.*'] },
      'invalid_request operations[0]',
    ],
    ['all operations', NARROW, { operations: ['*'] }, 'invalid_request operations[0]'],
    ['an operation that does not exist', {}, { operations: ['chat.old'] }, 'invalid_request operations[0]'],
    ['a model', NARROW, { models: ['M1', 'M2'] }, 'invalid_request models[1]'],
    ['a model in another case', NARROW, { models: ['m1'] }, 'invalid_request models[0]'],
    ['an origin', {}, { origins: ['https://other.example.com'] }, 'invalid_request origins[0]'],
    [
      'an origin of the gateway where the token is bound to its own',
      { origins: ['https://own.example.com'] },
      { origins: ['https://own.example.com', 'https://page.example.com'] },
      'invalid_request origins[1]',
    ],
    ['what is no origin', {}, { origins: ['null'] }, 'invalid_request origins[0]'],
    ['no origins at all', {}, { origins: [] }, 'invalid_request origins'],
    [
      'another network',
      { networks: ['10.1.0.0/16'] },
      { networks: ['10.2.0.0/24'] },
      'invalid_request cidrs[0]',
    ],
    [
      'a wider network',
      { networks: ['10.1.0.0/16'] },
      { networks: ['10.0.0.0/8'] },
      'invalid_request cidrs[0]',
    ],
    [
      'a network of the other family',
      { networks: ['10.1.0.0/16'] },
      { networks: ['10.1.0.0/24', '2001:db8::/32'] },
      'invalid_request cidrs[1]',
    ],
    ['what is no network', {}, { networks: ['10.0.0.0/33'] }, 'invalid_request cidrs[0]'],
    ['everywhere', {}, { networks: ['0.0.0.0/0'] }, 'invalid_request cidrs[0]'],
    ['an hour and a bit', {}, { expiresInMs: 3_600_001 }, 'invalid_request expires_in'],
    ['no time', {}, { expiresInMs: 0 }, 'invalid_request expires_in'],
    ['half a second', {}, { expiresInMs: 500 }, 'invalid_request expires_in'],
    ['more than a token can say', {}, { models: ['m'.repeat(2_000)] }, 'invalid_request'],
  ])('cannot have %s, and it is said which', async (_, of, asked, refusal) => {
    expect(await refused(of, asked)).toBe(refusal)
  })

  it.each<[string, TokenRules, SessionRules]>([
    ['part of its operations', NARROW, { operations: ['speech.sync'] }],
    [
      'a pattern of which the token may use all',
      { operations: ['chat.*'] },
      { operations: ['chat.*', 'chat.openai'] },
    ],
    [
      'a pattern of which the token has every one',
      { operations: ['chat.native', 'chat.openai'] },
      { operations: ['chat.*'] },
    ],
    ['a pattern of a token that may use all', {}, { operations: ['chat.*'] }],
    ['none at all', NARROW, { operations: [], models: [] }],
    ['an origin of the gateway', {}, { origins: ['https://PAGE.example.com:443'] }],
    [
      'an origin of the token',
      { origins: ['https://own.example.com'] },
      { origins: ['https://own.example.com'] },
    ],
    [
      'a network within that of the token',
      { networks: ['10.1.0.0/16'] },
      { networks: ['10.1.2.3', '::ffff:10.1.9.0/120'] },
    ],
    ['any network of a token that is bound to none', {}, { networks: ['2001:db8::/32'] }],
    ['a second', {}, { expiresInMs: 1_000 }],
    ['an hour', {}, { expiresInMs: 3_600_000 }],
  ])('can have %s', async (_, of, asked) => {
    expect(await refused(of, asked)).toBe('made')
  })

  it('cannot have an operation or a model that the plan of its user does not have', async () => {
    await house.plans.add({ id: 'free', operations: ['chat.*'], models: ['M1'] })
    await house.users.update('ada', { plan: 'free' })
    expect(await refused({}, { operations: ['speech.sync'] })).toBe('invalid_request operations[0]')
    expect(await refused({}, { models: ['M2'] })).toBe('invalid_request models[0]')
    expect(await refused({}, { operations: ['chat.native'], models: ['M1'] })).toBe('made')
  })

  it('lives for 15 minutes, and never longer than its token', async () => {
    const ends = async (of: TokenRules, asked: SessionRules) =>
      (await house.sessions.create((await house.tokens.create('ada', of)).id, asked)).claims.expiresAt
    expect(await ends({}, {})).toBe(START + 900_000)
    expect(await ends({ expiresInMs: 60_000 }, {})).toBe(START + 60_000)
    expect(await ends({ expiresInMs: 60_000 }, { expiresInMs: 30_000 })).toBe(START + 30_000)
  })

  it.each<[string, string, (id: string) => Promise<unknown>]>([
    ['revoked', 'token_revoked', (id) => house.tokens.revoke(id)],
    ['suspended', 'token_suspended', (id) => house.tokens.suspend(id, 'inc_1')],
    [
      'expired',
      'token_expired',
      async () => {
        house.clock.move(1_000)
        await Promise.resolve()
      },
    ],
    ['of a suspended user', 'user_suspended', () => house.users.update('ada', { status: 'suspended' })],
  ])('is not made of a token that is %s', async (_, code, end) => {
    const { id } = await house.tokens.create('ada', { expiresInMs: 1_000 })
    await end(id)
    expect(await refusalOf(house.sessions.create(id, {}))).toBe(code)
  })

  it('is not made of a token that is not there', async () => {
    expect(await refusalOf(house.sessions.create('000000000000', {}))).toBe('token_invalid')
  })

  it('may do nothing that its token may not, whatever either of them says', async () => {
    const patterns = fc.option(fc.subarray([...OPERATIONS, 'chat.*', 'speech.*', '*']), { nil: undefined })
    const models = fc.option(fc.subarray(['M1', 'M2', 'M3']), { nil: undefined })
    const rules = fc.record({ operations: patterns, models })
    await fc.assert(
      fc.asyncProperty(rules, rules, rules, async (of, asked, later) => {
        const { id, token } = await house.tokens.create('ada', of)
        const made = await house.sessions.create(id, asked).catch(() => null)
        if (made === null) return
        // Also when the rules of the token have changed since.
        await house.tokens.update(id, { operations: later.operations ?? null, models: later.models ?? null })
        const session = await house.authenticator.authenticate(made.token)
        const parent = await house.authenticator.authenticate(token)
        for (const name of OPERATIONS) {
          if (session.mayUseOperation(name)) expect(parent.mayUseOperation(name)).toBe(true)
        }
        for (const name of ['M1', 'M2', 'M3'])
          if (session.mayUseModel(name)) expect(parent.mayUseModel(name)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })
})

describe('the operator has a session made', () => {
  let house: House
  beforeEach(async () => {
    house = await aHouse()
  })

  it('of the newest token that is valid', async () => {
    const old = await house.tokens.create('ada')
    house.clock.move(1)
    const newest = await house.tokens.create('ada')
    house.clock.move(1)
    const revoked = await house.tokens.create('ada')
    await house.tokens.revoke(revoked.id)
    await house.tokens.create('ada', { expiresInMs: 1 })
    house.clock.move(1)
    expect((await house.sessions.createFor('ada', undefined, {})).claims.tokenId).toBe(newest.id)
    expect((await house.sessions.createFor('ada', old.id, {})).claims.tokenId).toBe(old.id)
  })

  it('of a user who has very many tokens', async () => {
    for (let count = 0; count < 103; count++) {
      house.clock.move(1)
      await house.tokens.create('ada')
    }
    const { items } = await house.store.tokens.list({ limit: 1_000, userId: 'ada' })
    const made = await house.sessions.createFor('ada', undefined, {})
    expect(made.claims.tokenId).toBe(items.at(-1)?.id)
  })

  it.each<[string, () => Promise<unknown>, string]>([
    ['a user who has none', () => house.sessions.createFor('ada', undefined, {}), 'conflict'],
    ['nobody', () => house.sessions.createFor('eve', undefined, {}), 'not_found'],
    [
      'a token that is not there',
      () => house.sessions.createFor('ada', '000000000000', {}),
      'not_found token',
    ],
    [
      "another user's token",
      async () => {
        await house.users.add({ id: 'grace' })
        return await house.sessions.createFor('ada', (await house.tokens.create('grace')).id, {})
      },
      'not_found token',
    ],
    [
      'a revoked token',
      async () => {
        const { id } = await house.tokens.create('ada')
        await house.tokens.revoke(id)
        return await house.sessions.createFor('ada', id, {})
      },
      'conflict token',
    ],
    [
      'a suspended user',
      async () => {
        await house.tokens.create('ada')
        await house.users.update('ada', { status: 'suspended' })
        return await house.sessions.createFor('ada', undefined, {})
      },
      'conflict',
    ],
  ])('and is told why there is none of %s', async (_, ask, refusal) => {
    expect(await refusalOf(ask())).toBe(refusal)
  })
})
