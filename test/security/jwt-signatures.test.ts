import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { aJwtHouse, anIssuer, goodClaims, type JwtHouse } from '../auth/jwt/kit.ts'
import { ecdsa, fixed, forged, part, type Signer } from '../helpers/forged-jwt.ts'
import { newKey, signed, type ProviderKey } from '../helpers/identity-provider.ts'

const OTHER = 'https://other.example.com'
/** The order of P-256 (FIPS 186-5; SEC 2, section 2.4.2). */
const N = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'

let house: JwtHouse
let key: ProviderKey
let ofOther: ProviderKey
beforeAll(async () => {
  ;[key, ofOther] = await Promise.all([newKey('ES256', 'ec'), newKey('ES256', 'other')])
  const other = anIssuer([ofOther], { name: 'other', issuer: OTHER })
  house = await aJwtHouse([anIssuer([key]), other])
})

const header = { alg: 'ES256', kid: 'ec' }
const forgedWith = (sign: Signer) => forged(header, goodClaims(), sign)
const right = () => forgedWith(ecdsa(key.privateKey))
const hex = (text: string) => fixed(Buffer.from(text, 'hex'))
const tail = (token: string) => token.slice(token.lastIndexOf('.') + 1)
const head = (token: string) => token.slice(0, token.lastIndexOf('.') + 1)
const ZERO = '0'.repeat(64)

describe('F50: the signature of a JWT is the right one, written in the right way', () => {
  it.each<readonly [string, () => string]>([
    ['empty', () => head(right())],
    ['missing', () => head(right()).slice(0, -1)],
    ['of zeros (CVE-2022-21449)', () => forgedWith(hex(ZERO + ZERO))],
    ['of the order of the curve', () => forgedWith(hex(N + N))],
    ['with r of zero', () => forgedWith(hex(`${ZERO}${'1'.repeat(64)}`))],
    ['with s of zero', () => forgedWith(hex(`${'1'.repeat(64)}${ZERO}`))],
    ['of ones', () => forgedWith(hex('f'.repeat(128)))],
    ['as DER', () => forgedWith(ecdsa(key.privateKey, 'der'))],
    ['cut off', () => right().slice(0, -2)],
    [
      'with a byte more',
      () => forgedWith((input) => Buffer.concat([ecdsa(key.privateKey)(input), Buffer.alloc(1)])),
    ],
    ['with padding', () => `${right()}==`],
    ['in base64 and not base64url', () => `${head(right())}${Buffer.alloc(64, 0xfb).toString('base64')}`],
    ['with a space', () => `${right()} `],
    ['with a newline', () => `${right()}\n`],
    ['of random bytes', () => forgedWith(fixed(randomBytes(64)))],
    [
      'of another token',
      () => `${head(forged(header, goodClaims({ sub: 'root' }), ecdsa(key.privateKey)))}${tail(right())}`,
    ],
    ['with a fourth part', () => `${right()}.${part('x')}`],
    [
      'in five parts, as of a JWE',
      () => [{ alg: 'RSA-OAEP', enc: 'A256GCM' }, 'a', 'b', 'c', 'd'].map(part).join('.'),
    ],
    ['in five parts, with our header', () => [header, 'a', goodClaims(), 'c', 'd'].map(part).join('.')],
    ['in the form of JSON', () => JSON.stringify({ payload: part(goodClaims()), signatures: [] })],
    [
      'with the last bits of its text changed',
      () => {
        const token = right()
        const last = token.charCodeAt(token.length - 1)
        return `${token.slice(0, -1)}${String.fromCharCode(last === 0x41 ? 0x42 : last === 0x51 ? 0x52 : last === 0x67 ? 0x68 : 0x78)}`
      },
    ],
  ])('refused: %s', async (_, forge) => {
    expect(await house.outcome(forge())).toBe('token_invalid')
  })

  it('refused: the right token with any one character changed', async () => {
    const token = right()
    const at = fc.integer({ min: 0, max: token.length - 1 })
    const character = fc.constantFrom(...Array.from('ABCDEFghijkl0123456789-_.=+/ '))
    await fc.assert(
      fc.asyncProperty(at, character, async (index, one) => {
        fc.pre(token.charAt(index) !== one)
        const changed = `${token.slice(0, index)}${one}${token.slice(index + 1)}`
        expect(await house.outcome(changed)).toBe('token_invalid')
      }),
      { numRuns: 200 },
    )
  })

  it('refused, and never an error of ours: whatever has the form of a JWT', async () => {
    const piece = fc.oneof(fc.string(), fc.json(), fc.base64String()).map(part)
    await fc.assert(
      fc.asyncProperty(piece, piece, piece, async (a, b, c) => {
        expect(await house.outcome(`${a}.${b}.${c}`)).toBe('token_invalid')
        expect(await house.outcome(`${part(header)}.${b}.${c}`)).toBe('token_invalid')
      }),
      { numRuns: 200 },
    )
  })
})

describe('F50: no issuer speaks for another', () => {
  it.each<readonly [string, () => Promise<string>]>([
    ['the key of one under the name of the other', () => signed(ofOther, goodClaims())],
    ['the key of one under the kid of the other', () => signed(ofOther, goodClaims(), { kid: 'ec' })],
    ['the key of one without a kid', () => signed(ofOther, goodClaims(), { kid: undefined })],
    ['the name of one under the key of the other', () => signed(key, goodClaims({ iss: OTHER }))],
    ['an issuer whom nobody knows', () => signed(key, goodClaims({ iss: 'https://else.example.com' }))],
  ])('refused: %s', async (_, sign) => {
    expect(await house.outcome(await sign())).toBe('token_invalid')
  })
})
