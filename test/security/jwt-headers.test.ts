import { beforeAll, describe, expect, it } from 'vitest'
import { aJwtHouse, anIssuer, goodClaims, type JwtHouse } from '../auth/jwt/kit.ts'
import { ecdsa, eddsa, fixed, forged, hmac, rsa, type Signer } from '../helpers/forged-jwt.ts'
import { newKey, type ProviderKey } from '../helpers/identity-provider.ts'

interface World {
  readonly house: JwtHouse
  readonly ec: ProviderKey
  readonly rsa: ProviderKey
  readonly ed: ProviderKey
  /** Of an attacker. */
  readonly own: ProviderKey
}

let world: World
beforeAll(async () => {
  const [ec, rs, ed, own] = await Promise.all([
    newKey('ES256', 'ec'),
    newKey('RS256', 'rsa'),
    newKey('EdDSA', 'ed'),
    newKey('ES256', 'ec'),
  ])
  world = { house: await aJwtHouse([anIssuer([ec, rs, ed])]), ec, rsa: rs, ed, own }
})

const claims = goodClaims()
const EMPTY = fixed(Buffer.alloc(0))

type Forge = (world: World) => string

/** A header of ES256 with more in it, signed with the right key. */
function withHeader(more: Record<string, unknown>): Forge {
  return ({ ec }) => forged({ alg: 'ES256', kid: 'ec', ...more }, claims, ecdsa(ec.privateKey))
}

/** As somebody would who has a key of their own. */
function withOwnKey(more: (own: ProviderKey) => Record<string, unknown>): Forge {
  return ({ own }) => forged({ alg: 'ES256', ...more(own) }, claims, ecdsa(own.privateKey))
}

function unsigned(alg: unknown): Forge {
  return () => forged({ alg }, claims, EMPTY)
}

/** Algorithm confusion: what is public as the secret of a MAC. */
function confused(alg: string, secretOf: (key: ProviderKey) => string): Forge {
  return ({ rsa: key }) => forged({ alg, kid: 'rsa' }, claims, hmac(secretOf(key), `sha${alg.slice(2)}`))
}

const pem = ({ publicKey }: ProviderKey): string => publicKey.export({ type: 'spki', format: 'pem' })

const ALGORITHMS: readonly (readonly [string, Forge])[] = [
  ...['none', 'None', 'NONE', 'nOnE', ' none', '', null, 0, ['none'], { alg: 'none' }].map(
    (alg) => [`alg ${JSON.stringify(alg)}, unsigned`, unsigned(alg)] as const,
  ),
  [
    'alg none with the signature of another',
    ({ ec }) => forged({ alg: 'none', kid: 'ec' }, claims, ecdsa(ec.privateKey)),
  ],
  ['no alg', ({ ec }) => forged({ kid: 'ec' }, claims, ecdsa(ec.privateKey))],
  ['alg in another case', ({ ec }) => forged({ alg: 'es256', kid: 'ec' }, claims, ecdsa(ec.privateKey))],
  ['alg with a space', ({ ec }) => forged({ alg: ' ES256', kid: 'ec' }, claims, ecdsa(ec.privateKey))],
  ['HS256 under the public key as PEM', confused('HS256', pem)],
  ['HS256 under the public key as PEM without its last newline', confused('HS256', (key) => pem(key).trim())],
  ['HS512 under the public key as PEM', confused('HS512', pem)],
  ['HS256 under the public key as JWK', confused('HS256', ({ jwk }) => JSON.stringify(jwk))],
  ['HS256 under the modulus', confused('HS256', ({ jwk }) => jwk.n ?? '')],
  ['HS256 under nothing', confused('HS256', () => '')],
  [
    'an algorithm that the operator does not list',
    ({ rsa: key }) => forged({ alg: 'RS512', kid: 'rsa' }, claims, rsa(key.privateKey, 'sha512')),
  ],
  [
    'an algorithm that the key is not for',
    ({ rsa: key }) => forged({ alg: 'PS256', kid: 'rsa' }, claims, rsa(key.privateKey)),
  ],
  ['the key of another kind', ({ ed }) => forged({ alg: 'EdDSA', kid: 'ec' }, claims, eddsa(ed.privateKey))],
  [
    'ES384 with a key of P-256',
    ({ ec }) => forged({ alg: 'ES384', kid: 'ec' }, claims, ecdsa(ec.privateKey, 'ieee-p1363', 'sha384')),
  ],
  [
    'RS256 over SHA-1',
    ({ rsa: key }) => forged({ alg: 'RS256', kid: 'rsa' }, claims, rsa(key.privateKey, 'sha1')),
  ],
]

const KIDS: readonly unknown[] = [
  '../../../../dev/null',
  '/etc/passwd',
  'file:///dev/null',
  'http://127.0.0.1/keys',
  "ec' OR '1'='1",
  "x' UNION SELECT 'key",
  'ec; rm -rf /',
  'ec\0',
  'ec ',
  'EC',
  'e',
  '__proto__',
  'constructor',
  '',
  'k'.repeat(257),
  'k'.repeat(5_000),
  ['ec'],
  { kid: 'ec' },
  0,
  null,
  true,
]

const HEADERS: readonly (readonly [string, Forge])[] = [
  ...KIDS.map((kid) => [`kid ${JSON.stringify(kid).slice(0, 40)}`, withHeader({ kid })] as const),
  ['crit that nobody knows', withHeader({ crit: ['http://example.com/x'], 'http://example.com/x': 1 })],
  ['crit that is empty', withHeader({ crit: [] })],
  ['crit that names a known member', withHeader({ crit: ['alg'] })],
  ['crit with b64', withHeader({ crit: ['b64'], b64: false })],
  ['b64 false', withHeader({ b64: false })],
  ['b64 true', withHeader({ b64: true })],
  ['a key of its own (jwk)', withOwnKey((own) => ({ jwk: own.jwk }))],
  ['a key of its own (jwk) under the right kid', withOwnKey((own) => ({ jwk: own.jwk, kid: 'ec' }))],
  [
    'jwk beside the right signature',
    ({ ec }) => forged({ alg: 'ES256', kid: 'ec', jwk: ec.jwk }, claims, ecdsa(ec.privateKey)),
  ],
  ['where to get its key (jku)', withOwnKey(() => ({ jku: 'http://127.0.0.1:9/keys' }))],
  ['jku beside the right signature', withHeader({ jku: 'https://id.example.com/keys' })],
  ['where to get its certificate (x5u)', withOwnKey(() => ({ x5u: 'http://127.0.0.1:9/cert' }))],
  ['a certificate of its own (x5c)', withOwnKey(() => ({ x5c: ['MIIB'] }))],
  ['x5c beside the right signature', withHeader({ x5c: ['MIIB'] })],
  ['the right kid and a key of its own', withOwnKey(() => ({ kid: 'ec' }))],
  ['a token within (cty)', withHeader({ cty: 'JWT' })],
  ['compression', withHeader({ zip: 'DEF' })],
  ['typ of a logout token', withHeader({ typ: 'logout+jwt' })],
  ['typ of a proof of possession', withHeader({ typ: 'dpop+jwt' })],
  ['typ that is no text', withHeader({ typ: ['JWT'] })],
  ['alg twice', ({ ec }) => forged('{"alg":"none","alg":"ES256","kid":"ec"}', claims, ecdsa(ec.privateKey))],
  [
    'alg twice, once escaped',
    ({ ec }) => forged('{"alg":"ES256","\\u0061lg":"none","kid":"ec"}', claims, ecdsa(ec.privateKey)),
  ],
  ['a header that is a list', ({ ec }) => forged('[{"alg":"ES256"}]', claims, ecdsa(ec.privateKey))],
  [
    'a header with a byte order mark',
    ({ ec }) => forged('\uFEFF{"alg":"ES256","kid":"ec"}', claims, ecdsa(ec.privateKey)),
  ],
  [
    'a header with a comment',
    ({ ec }) => forged('{"alg":"ES256"/**/,"kid":"ec"}', claims, ecdsa(ec.privateKey)),
  ],
  [
    'the prototype of a header',
    ({ ec }) => forged('{"__proto__":{"alg":"ES256","kid":"ec"}}', claims, ecdsa(ec.privateKey)),
  ],
]

describe('F50: of the algorithm of a JWT nothing is taken on trust', () => {
  it.each(ALGORITHMS)('refused: %s', async (_, forge) => {
    expect(await world.house.outcome(forge(world))).toBe('token_invalid')
  })
})

describe('F50: the header of a JWT names a key, and nothing else', () => {
  it.each(HEADERS)('refused: %s', async (_, forge) => {
    expect(await world.house.outcome(forge(world))).toBe('token_invalid')
  })

  it.each<readonly [string, (world: World) => Signer, Record<string, unknown>]>([
    ['of ES256', ({ ec }) => ecdsa(ec.privateKey), { alg: 'ES256', kid: 'ec' }],
    ['of RS256', ({ rsa: key }) => rsa(key.privateKey), { alg: 'RS256', kid: 'rsa' }],
    ['of EdDSA', ({ ed }) => eddsa(ed.privateKey), { alg: 'EdDSA', kid: 'ed' }],
    ['without a kid, of the only key that fits', ({ ec }) => ecdsa(ec.privateKey), { alg: 'ES256' }],
    ['of an access token', ({ ec }) => ecdsa(ec.privateKey), { alg: 'ES256', kid: 'ec', typ: 'at+jwt' }],
    [
      'with a member that does nothing',
      ({ ec }) => ecdsa(ec.privateKey),
      { alg: 'ES256', kid: 'ec', x5t: 'x' },
    ],
  ])('but taken: one %s, made by the same means', async (_, sign, header) => {
    expect(await world.house.outcome(forged(header, claims, sign(world)))).toBe('ada')
  })
})
