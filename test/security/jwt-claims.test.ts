import { beforeAll, describe, expect, it } from 'vitest'
import { START } from '../auth/helper.ts'
import { aJwtHouse, anIssuer, goodClaims, ISSUER, type JwtHouse } from '../auth/jwt/kit.ts'
import { ecdsa, forged } from '../helpers/forged-jwt.ts'
import { newKey, type ProviderKey } from '../helpers/identity-provider.ts'

const NOW = START / 1000
const LEEWAY = 30

let house: JwtHouse
let key: ProviderKey
beforeAll(async () => {
  key = await newKey('ES256', 'ec')
  const other = anIssuer([key], { name: 'other', audience: 'other-app', user_namespace: 'own' })
  house = await aJwtHouse([anIssuer([key]), other])
})

/** Signed with the right key, whatever it says. */
const outcome = (claims: unknown) =>
  house.outcome(forged({ alg: 'ES256', kid: 'ec' }, claims, ecdsa(key.privateKey)))

function without(claim: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(goodClaims()).filter(([name]) => name !== claim))
}

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let at = 0; at < depth; at++) value = [value]
  return value
}

const text = JSON.stringify(goodClaims())

describe('F50: the claims of a JWT are what they must be', () => {
  it.each(['exp', 'iat', 'iss', 'aud', 'sub'])('refused: without %s', async (claim) => {
    expect(await outcome(without(claim))).toBe('token_invalid')
  })

  it.each(['exp', 'iat', 'nbf'])('refused: %s that is no whole number of seconds', async (claim) => {
    for (const value of [
      String(NOW),
      NOW + 0.5,
      -1,
      1e20,
      Number.MAX_SAFE_INTEGER,
      253_402_300_800,
      true,
      null,
      [NOW],
      {},
    ]) {
      expect(await outcome(goodClaims({ [claim]: value })), JSON.stringify(value)).toMatch(
        /^token_(invalid|expired)$/,
      )
    }
  })

  it.each([
    ['1e999', `${text.slice(0, -1)},"exp":1e999}`],
    ['NaN', `${text.slice(0, -1)},"nbf":NaN}`],
  ])('refused: a time of %s', async (_, claims) => {
    expect(await outcome(claims)).toBe('token_invalid')
  })

  it.each([
    ['iat', 'token_invalid', { iat: NOW + LEEWAY + 1, exp: NOW + 100 }],
    ['nbf', 'token_invalid', { nbf: NOW + LEEWAY + 1 }],
    ['exp', 'token_expired', { iat: NOW - 100, exp: NOW - LEEWAY }],
    ['exp', 'token_expired', { iat: NOW - 100, exp: NOW - LEEWAY - 1 }],
  ])('refused: %s a second beyond the leeway (%s)', async (_, expected, claims) => {
    expect(await outcome(goodClaims(claims))).toBe(expected)
  })

  it.each([
    ['iat', { iat: NOW + LEEWAY, exp: NOW + 100 }],
    ['nbf', { nbf: NOW + LEEWAY }],
    ['exp', { iat: NOW - 100, exp: NOW - LEEWAY + 1 }],
  ])('but taken: %s within the leeway', async (_, claims) => {
    expect(await outcome(goodClaims(claims))).toBe('ada')
  })

  it.each([
    ['longer than the operator takes', { exp: NOW + 86_401 }],
    ['not longer than nothing', { exp: NOW, iat: NOW }],
    ['a hundred years', { exp: NOW + 3_155_760_000 }],
    ['that ends before it begins', { iat: NOW + 20, exp: NOW + 10 }],
  ])('refused: a lifetime %s', async (_, claims) => {
    expect(await outcome(goodClaims(claims))).toBe('token_invalid')
  })

  it.each([
    `${ISSUER}/`,
    ISSUER.toUpperCase(),
    ISSUER.slice(0, -1),
    `${ISSUER}.attacker.example`,
    `${ISSUER}\0`,
    ` ${ISSUER}`,
    'https://id.example.com:443',
    'http://id.example.com',
    'https://id.exаmple.com',
    [ISSUER],
    { toString: ISSUER },
    '',
    null,
  ])('refused: iss %j', async (iss) => {
    expect(await outcome(goodClaims({ iss }))).toBe('token_invalid')
  })

  it.each([
    ['Gateway'],
    ['gateway '],
    ['gateway2'],
    ['gate'],
    [''],
    [[]],
    [['a', 'b']],
    [[['gateway']]],
    [{ gateway: true }],
    [null],
    [0],
    ['gateway other-app'],
  ])('refused: aud %j', async (aud) => {
    expect(await outcome(goodClaims({ aud }))).toBe('token_invalid')
  })

  it('refused: a token for two audiences of the operator, which would be two credentials', async () => {
    expect(await outcome(goodClaims({ aud: ['gateway', 'other-app'] }))).toBe('token_invalid')
  })

  it('a token for another of the audiences of the operator is not one for this', async () => {
    expect(await outcome(goodClaims({ aud: 'other-app' }))).toBe('user_not_known')
    expect(await outcome(goodClaims({ aud: ['x', 'gateway'] }))).toBe('ada')
  })

  it.each(['', null, 7, ['ada'], { ada: 1 }, 'a'.repeat(1_025)])('refused: sub %j', async (sub) => {
    expect(await outcome(goodClaims({ sub }))).toBe('token_invalid')
  })

  it.each(['ada ', 'Ada', 'ada\0', 'аda', 'ａda', 'a\u200bda', 'ada/x', '../ada', 'ADA'])(
    'sub %j is not ada',
    async (sub) => {
      expect(await outcome(goodClaims({ sub }))).toBe('user_not_known')
    },
  )

  it.each([
    ['a claim twice', `${text.slice(0, -1)},"sub":"root"}`],
    ['a claim twice, once escaped', `${text.slice(0, -1)},"\\u0073ub":"root"}`],
    ['a claim twice, deep within', `${text.slice(0, -1)},"x":[{"a":1,"a":2}]}`],
    ['claims that are a list', `[${text}]`],
    ['claims that are a text', JSON.stringify(text)],
    ['claims with a byte order mark', `\uFEFF${text}`],
    [
      'claims that another token stands in',
      `eyJhbGciOiJFUzI1NiJ9.${Buffer.from(text).toString('base64url')}.AAAA`,
    ],
    ['claims that are cut off', text.slice(0, -1)],
    ['claims with something after them', `${text}{}`],
    ['claims that nest too deep', JSON.stringify(goodClaims({ x: nested(20) }))],
    ['claims that nest as deep as they can', JSON.stringify(goodClaims({ x: nested(2_500) }))],
    ['the prototype of claims', `{"__proto__":${text}}`],
    ['a key to which it is bound', JSON.stringify(goodClaims({ cnf: { jkt: 'x' } }))],
    ['100 KB of claims', JSON.stringify(goodClaims({ x: 'x'.repeat(100_000) }))],
  ])('refused: %s', async (_, claims) => {
    expect(await outcome(claims)).toBe('token_invalid')
  })

  it('refused: claims that are not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from(',"x":"\xff"}', 'latin1')])
    const input = `${Buffer.from('{"alg":"ES256","kid":"ec"}').toString('base64url')}.${bytes.toString('base64url')}`
    const token = `${input}.${ecdsa(key.privateKey)(input).toString('base64url')}`
    expect(await house.outcome(token)).toBe('token_invalid')
  })
})
