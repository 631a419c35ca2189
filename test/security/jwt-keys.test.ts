import { generateKeyPairSync } from 'node:crypto'
import { exportJWK } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { keysOf, MAX_KEYS } from '../../src/lib/jwk.ts'
import { aJwtHouse, goodClaims, ISSUER } from '../auth/jwt/kit.ts'
import { ecdsa, eddsa, fixed, forged, rsa } from '../helpers/forged-jwt.ts'
import { json, newKey, startIdentityProvider, type ProviderKey } from '../helpers/identity-provider.ts'

let ec: ProviderKey
beforeAll(async () => {
  ec = await newKey('ES256', 'ec')
})

const point = (hex: string) => Buffer.from(hex, 'hex').toString('base64url')

describe('F50: of the keys that an issuer publishes, those count that are sound and for signatures', () => {
  it.each<readonly [string, () => unknown]>([
    ['for encryption', () => ({ ...ec.jwk, use: 'enc' })],
    ['for other operations', () => ({ ...ec.jwk, use: undefined, key_ops: ['deriveBits'] })],
    ['that signs, and does not verify', () => ({ ...ec.jwk, key_ops: ['sign'] })],
    ['whose use is no text', () => ({ ...ec.jwk, use: ['sig'] })],
    ['whose private half is published', () => ({ ...ec.jwk, d: 'AAAA' })],
    ['that is a secret', () => ({ kty: 'oct', k: 'c2VjcmV0', alg: 'HS256', kid: 'ec' })],
    ['of a kind that nobody knows', () => ({ ...ec.jwk, kty: 'XYZ' })],
    ['of the kind __proto__', () => ({ ...ec.jwk, kty: '__proto__' })],
    [
      'on a curve that is not for signatures',
      () => ({ kty: 'OKP', crv: 'X25519', x: point('09'.padEnd(64, '0')) }),
    ],
    ['on the curve of a coin', () => ({ ...ec.jwk, crv: 'secp256k1' })],
    ['on another curve than its size is for', () => ({ ...ec.jwk, crv: 'P-384' })],
    ['without a coordinate', () => ({ ...ec.jwk, y: undefined })],
    ['with padding', () => ({ ...ec.jwk, x: `${ec.jwk.x ?? ''}=` })],
    ['whose kid is no text', () => ({ ...ec.jwk, kid: 7 })],
    ['that is a list', () => [ec.jwk]],
    ['that is nothing', () => null],
    ['of RSA with 1,024 bits', async () => (await newKey('RS256', 'r', 1024)).jwk],
    [
      'of RSA with 16,384 bits',
      () => ({ kty: 'RSA', n: Buffer.alloc(2048, 0xff).toString('base64url'), e: 'AQAB' }),
    ],
    [
      'of RSA with an exponent of 1',
      () => ({ kty: 'RSA', n: Buffer.alloc(256, 0xff).toString('base64url'), e: 'AQ' }),
    ],
    [
      'of RSA with an even exponent',
      () => ({ kty: 'RSA', n: Buffer.alloc(256, 0xff).toString('base64url'), e: 'AQAA' }),
    ],
    [
      'of RSA with a long exponent',
      () => ({ kty: 'RSA', n: Buffer.alloc(256, 0xff).toString('base64url'), e: point('ff'.repeat(64)) }),
    ],
    ['of RSA with zeros before it', () => ({ kty: 'RSA', n: point('00'.repeat(256)), e: 'AQAB' })],
    ...['00', '01', 'ec', 'ed', 'ee'].flatMap((first) =>
      (first < '10' ? ['00', '80'] : ['7f', 'ff']).map((last): readonly [string, () => unknown] => [
        `of Ed25519 with small order (${first}…${last})`,
        () => ({
          kty: 'OKP',
          crv: 'Ed25519',
          x: point(first + (first < '10' ? '00' : 'ff').repeat(30) + last),
        }),
      ]),
    ),
    [
      'of Ed25519 of order 8',
      () => ({
        kty: 'OKP',
        crv: 'Ed25519',
        x: point('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
      }),
    ],
  ])('passed over: one %s', async (_, make) => {
    const strange = await make()
    expect(keysOf({ keys: [strange] })).toEqual([])
    expect(keysOf({ keys: [strange, { ...ec.jwk, kid: 'sound' }] })).toMatchObject([{ kid: 'sound' }])
  })

  it('passed over: two of one kind under one kid, of which none can be meant', async () => {
    const twin = await newKey('ES256', 'ec')
    expect(keysOf({ keys: [ec.jwk, twin.jwk] })).toEqual([])
  })

  it.each([null, [], 'keys', {}, { keys: {} }, { keys: Array.from({ length: MAX_KEYS + 1 }, () => null) }])(
    'no set at all: %j',
    (value) => {
      expect(keysOf(value)).toBeNull()
    },
  )
})

describe('F50: keys that only an issuer could publish do no harm', () => {
  it.each<readonly [string, () => Promise<{ readonly jwk: unknown; readonly token: string }>]>([
    [
      'RSA of 1,024 bits',
      async () => {
        const weak = await newKey('RS256', 'weak', 1024)
        return {
          jwk: weak.jwk,
          token: forged({ alg: 'RS256', kid: 'weak' }, goodClaims(), rsa(weak.privateKey)),
        }
      },
    ],
    [
      'a key for encryption',
      async () => {
        const key = await newKey('ES256', 'enc')
        return {
          jwk: { ...key.jwk, use: 'enc' },
          token: forged({ alg: 'ES256', kid: 'enc' }, goodClaims(), ecdsa(key.privateKey)),
        }
      },
    ],
    [
      'a key that is for another algorithm',
      async () => {
        const key = await newKey('RS256', 'ps')
        return {
          jwk: { ...key.jwk, alg: 'PS256' },
          token: forged({ alg: 'RS256', kid: 'ps' }, goodClaims(), rsa(key.privateKey)),
        }
      },
    ],
    [
      'Ed448',
      async () => {
        const { privateKey, publicKey } = generateKeyPairSync('ed448')
        const jwk = { ...(await exportJWK(publicKey)), kid: '448' }
        return { jwk, token: forged({ alg: 'EdDSA', kid: '448' }, goodClaims(), eddsa(privateKey)) }
      },
    ],
    [
      'a point that is on no curve',
      async () => ({
        jwk: { kty: 'EC', crv: 'P-256', x: point('11'.repeat(32)), y: point('22'.repeat(32)), kid: 'off' },
        token: forged({ alg: 'ES256', kid: 'off' }, goodClaims(), fixed(Buffer.alloc(64, 1))),
      }),
    ],
    [
      'Ed25519 of small order, with a signature that fits every text',
      async () => ({
        jwk: { kty: 'OKP', crv: 'Ed25519', x: point(`01${'00'.repeat(31)}`), kid: 'small' },
        token: forged(
          { alg: 'EdDSA', kid: 'small' },
          goodClaims(),
          fixed(Buffer.from(`01${'00'.repeat(63)}`, 'hex')),
        ),
      }),
    ],
  ])('refused: a token under %s', async (_, make) => {
    const { jwk, token } = await make()
    await using provider = await startIdentityProvider()
    provider.answer = (_request, response) => json(response, { keys: [ec.jwk, jwk] })
    const house = await aJwtHouse([
      {
        name: 'acme',
        issuer: ISSUER,
        audience: 'gateway',
        user_namespace: 'shared',
        jwks_uri: `${provider.issuer}/keys`,
      },
    ])
    expect(await house.outcome(token)).toBe('token_invalid')
    const sound = forged({ alg: 'ES256', kid: 'ec' }, goodClaims(), ecdsa(ec.privateKey))
    expect(await house.outcome(sound)).toBe('ada')
  })
})
