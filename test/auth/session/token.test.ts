import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTokenHash } from '../../../src/auth/hash.ts'
import type { SessionClaims } from '../../../src/auth/session/claims.ts'
import { openSession, sealSession, sessionKey } from '../../../src/auth/session/token.ts'
import { UNITS } from '../../../src/minimax/units.ts'
import { BUDGET_PERIODS } from '../../../src/store/store.ts'

const key = sessionKey(createTokenHash('a pepper for the tests of the gateway'))
const otherKey = sessionKey(createTokenHash('a pepper of another gateway altogether'))

/** Those of base64url, in their order, and the dot. */
const CHARACTERS = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.')

const id = fc.stringMatching(/^[0-9A-Za-z]{12}$/)
const names = fc.option(fc.array(fc.string({ maxLength: 20 }), { maxLength: 4 }))
const whole = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const rule = { period: fc.constantFrom(...BUDGET_PERIODS), hard: fc.boolean() }
const budget = fc.oneof(
  fc.record({ amount: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), ...rule }),
  fc.record({ unit: fc.constantFrom(...UNITS), quantity: fc.nat(), ...rule }),
)

const claims: fc.Arbitrary<SessionClaims> = fc
  .record({
    id,
    tokenId: id,
    userId: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/),
    userSince: fc.nat(),
    issuedAt: fc.nat(),
    lifetime: fc.integer({ min: 1, max: 3_600_000 }),
    endUser: fc.oneof(fc.constant(''), fc.stringMatching(/^[\x21-\x7e]{1,128}$/)),
    operations: names,
    models: names,
    origins: names,
    networks: names,
    limits: fc.record(
      {
        requestsPerMinute: whole,
        tokensPerMinute: whole,
        concurrency: whole,
        calls: whole,
        budgets: fc.array(budget, { minLength: 1, maxLength: 3 }),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ lifetime, ...rest }) => ({ ...rest, expiresAt: rest.issuedAt + lifetime }))

const ONE: SessionClaims = {
  id: 'session00001',
  tokenId: 'token0000001',
  userId: 'ada',
  userSince: 1,
  issuedAt: 2,
  expiresAt: 3,
  endUser: 'eve',
  operations: ['chat.*'],
  models: null,
  origins: null,
  networks: null,
  limits: {},
}

/** A token that says any JSON, with the right MAC: made as `sealSession` makes one. */
function sealed(json: string): string {
  const signed = `mmgs_${Buffer.from(json).toString('base64url')}`
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`
}

const WIRE = { v: 1, id: 'session00001', t: 'token0000001', u: 'ada', s: 1, iat: 2, exp: 3 }

describe('a session token', () => {
  it('says what was sealed in it', () => {
    fc.assert(
      fc.property(claims, (said) => {
        const text = sealSession(said, key, 'mmg')
        fc.pre(text.length <= 2_048)
        expect(openSession(text, key, 'mmg')).toEqual(said)
      }),
    )
  })

  it('is nothing any more when one character of it is another, is gone, or is there twice', () => {
    const edits = fc.tuple(
      claims,
      fc.nat(),
      fc.constantFrom(...CHARACTERS),
      fc.constantFrom('put', 'cut', 'add'),
    )
    fc.assert(
      fc.property(edits, ([said, place, character, kind]) => {
        const text = sealSession(said, key, 'mmg')
        const at = place % text.length
        const after = kind === 'add' ? at : at + 1
        const edited = text.slice(0, at) + (kind === 'cut' ? '' : character) + text.slice(after)
        fc.pre(text.length < 2_048 && edited !== text)
        expect(openSession(edited, key, 'mmg')).toBeNull()
      }),
      { numRuns: 1_000 },
    )
  })

  it('is nothing any more when the last character of its MAC decodes to the same bytes', () => {
    const text = sealSession(ONE, key, 'mmg')
    const bytes = (one: string) =>
      Buffer.from(one.slice(one.lastIndexOf('.') + 1), 'base64url').toString('hex')
    const twins = CHARACTERS.slice(0, 64).map((last) => text.slice(0, -1) + last)
    const same = twins.filter((twin) => twin !== text && bytes(twin) === bytes(text))
    expect(same.length).toBe(3)
    for (const twin of same) expect(openSession(twin, key, 'mmg')).toBeNull()
  })

  it('is nothing when it is cut off anywhere', () => {
    const text = sealSession(ONE, key, 'mmg')
    for (let length = 0; length < text.length; length++) {
      expect(openSession(text.slice(0, length), key, 'mmg')).toBeNull()
    }
  })

  it('of another gateway, or under another prefix, is nothing here', () => {
    fc.assert(
      fc.property(claims, (said) => {
        expect(openSession(sealSession(said, otherKey, 'mmg'), key, 'mmg')).toBeNull()
        expect(openSession(sealSession(said, key, 'mmh'), key, 'mmg')).toBeNull()
        const asMine = sealSession(said, key, 'mmh').replace(/^mmh/, 'mmg')
        expect(openSession(asMine, key, 'mmg')).toBeNull()
      }),
    )
  })

  it('never takes the MAC of another one', () => {
    fc.assert(
      fc.property(claims, claims, (one, other) => {
        const [a, b] = [sealSession(one, key, 'mmg'), sealSession(other, key, 'mmg')]
        fc.pre(a !== b)
        const [[, macOfA], [payloadOfB = '', macOfB]] = [a.split('.'), b.split('.')]
        expect(macOfA).not.toBe(macOfB)
        expect(openSession(`${payloadOfB}.${macOfA ?? ''}`, key, 'mmg')).toBeNull()
      }),
    )
  })

  it('is at most 2,048 characters', () => {
    const long = sealSession({ ...ONE, models: ['m'.repeat(2_000)] }, key, 'mmg')
    expect(long.length).toBeGreaterThan(2_048)
    expect(openSession(long, key, 'mmg')).toBeNull()
  })

  it.each<[string, string]>([
    ['what is no JSON', '{'],
    ['a text', '"x"'],
    ['nothing', 'null'],
    ['another version', JSON.stringify({ ...WIRE, v: 2 })],
    ['no version', JSON.stringify({ ...WIRE, v: undefined })],
    ['a rule of another version', JSON.stringify({ ...WIRE, hours: ['9-17'] })],
    ['a limit of another version', JSON.stringify({ ...WIRE, limits: { rph: 1 } })],
    ['an end before its beginning', JSON.stringify({ ...WIRE, exp: 1 })],
    ['a time that is a text', JSON.stringify({ ...WIRE, exp: '3' })],
    ['a time with a fraction', JSON.stringify({ ...WIRE, exp: 3.5 })],
    [
      'an end that never comes',
      '{"v":1,"id":"session00001","t":"token0000001","u":"ada","s":1,"iat":2,"exp":1e999}',
    ],
    ['operations that are a text', JSON.stringify({ ...WIRE, ops: 'chat.*' })],
    ['no operations at all, said so', JSON.stringify({ ...WIRE, ops: null })],
    ['a limit of nothing', JSON.stringify({ ...WIRE, limits: { conc: 0 } })],
    ['money that is a number', JSON.stringify({ ...WIRE, limits: { budgets: [{ a: 1, p: 'total' }] } })],
    ['an end user with a space', JSON.stringify({ ...WIRE, sub: 'a b' })],
    ['an end user of 129 characters', JSON.stringify({ ...WIRE, sub: 'x'.repeat(129) })],
  ])('with the right MAC over %s is nothing either', (_, json) => {
    expect(openSession(sealed(json), key, 'mmg')).toBeNull()
  })

  it('with the right MAC over what is known is what it says', () => {
    expect(openSession(sealed(JSON.stringify(WIRE)), key, 'mmg')).toMatchObject({
      userId: 'ada',
      endUser: '',
    })
  })
})
