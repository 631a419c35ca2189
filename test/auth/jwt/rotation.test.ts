import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createReadDocument } from '../../../src/auth/jwt/fetch.ts'
import { newKey, startIdentityProvider, type IdentityProvider } from '../../helpers/identity-provider.ts'
import { until } from '../../helpers/wire.ts'
import { START } from '../helper.ts'
import { aJwtHouse, type JwtHouse } from './kit.ts'

const MINUTE = 60_000

let provider: IdentityProvider
let house: JwtHouse
beforeEach(async () => {
  provider = await startIdentityProvider()
  house = await aJwtHouse([anEntry()])
})
afterEach(async () => {
  await provider[Symbol.asyncDispose]()
})

function anEntry(more: Record<string, unknown> = {}): Record<string, unknown> {
  return { name: 'acme', issuer: provider.issuer, audience: 'gateway', user_namespace: 'shared', ...more }
}

const token = (claims: Record<string, unknown> = {}) => {
  const { clock } = house
  return provider.token({ sub: 'ada', ...claims }, clock.now())
}

const fetches = async (result: string) => {
  const { text } = await house.metrics.exposition()
  const line = text
    .split('\n')
    .find((one) => one.includes(`jwks_fetches_total{issuer="acme",result="${result}"}`))
  return Number(line?.split(' ').at(-1))
}

describe('the keys of an issuer', () => {
  it('are read when the first token comes, and once for many', async () => {
    expect(provider.asked).toBe(0)
    const tokens = await Promise.all(Array.from({ length: 50 }, (_, n) => token({ jti: String(n) })))
    const outcomes = await Promise.all(tokens.map(house.outcome))
    expect(new Set(outcomes)).toEqual(new Set(['ada']))
    expect(provider.asked).toBe(1)
    expect(await fetches('ok')).toBe(1)
  })

  it('are read again for a key that is new, at most every 30 seconds', async () => {
    await house.outcome(await token())
    provider.keys = [await newKey('ES256', 'second'), ...provider.keys]
    expect(await house.outcome(await token())).toBe('token_invalid')
    house.clock.move(30_000)
    expect(await house.outcome(await token({ jti: '2' }))).toBe('ada')
    expect(provider.asked).toBe(2)
  })

  it('are not asked for again and again because of names that there are none of', async () => {
    await house.outcome(await token())
    const [first] = provider.keys
    for (let at = 0; at < 100; at++) {
      provider.keys = [await newKey('ES256', `made-up-${at}`)]
      const strange = await token()
      provider.keys = first === undefined ? [] : [first]
      expect(await house.outcome(strange)).toBe('token_invalid')
    }
    expect(provider.asked).toBe(1)
    house.clock.move(30_000)
    provider.keys = [await newKey('ES256', 'made-up')]
    const strange = [await token({ jti: '1' }), await token({ jti: '2' })]
    provider.keys = first === undefined ? [] : [first]
    expect(await house.outcome(strange[0] ?? '')).toBe('token_invalid')
    expect(provider.asked).toBe(2)
    house.clock.move(30_001)
    // The same name again, a moment later: nobody asks.
    expect(await house.outcome(strange[1] ?? '')).toBe('token_invalid')
    expect(provider.asked).toBe(2)
  })

  it('are refused once they are gone, also for a token that was taken before', async () => {
    const old = await token({ exp: START / 1000 + 7_200 })
    expect(await house.outcome(old)).toBe('ada')
    provider.keys = [await newKey('ES256', 'second')]
    house.clock.move(15 * MINUTE + 1)
    expect(await house.outcome(old)).toBe('token_invalid')
    expect(await house.outcome(await token())).toBe('ada')
  })

  it('are read again in the background after 5 minutes, and nobody waits', async () => {
    const one = await token({ exp: START / 1000 + 7_200 })
    await house.outcome(one)
    house.clock.move(5 * MINUTE + 1)
    await house.outcome(one)
    await until(() => provider.asked === 2, 'the second reading')
    // The answer that nobody waited for is taken in, too.
    await until(() => !(house.authenticator.authenticate(one) instanceof Promise), 'the answer')
  })

  it('are used for up to a day when the issuer is down, and its tokens are refused afterwards', async () => {
    const lasting = await token({ exp: START / 1000 + 86_400 })
    expect(await house.outcome(lasting)).toBe('ada')
    provider.answer = (_, response) => response.writeHead(503).end()
    house.clock.move(15 * MINUTE + 1)
    expect(await house.outcome(lasting)).toBe('ada')
    expect(await fetches('failed')).toBe(1)
    expect(house.logLines.join('')).toContain('those of before are used on')
    house.clock.move(23 * 60 * MINUTE)
    expect(await house.outcome(await token())).toBe('ada')
    house.clock.move(60 * MINUTE)
    expect(await house.outcome(await token())).toBe('issuer_unavailable')
    provider.answer = null
    house.clock.move(30_000)
    expect(await house.outcome(await token())).toBe('ada')
  })

  it.each<readonly [string, IdentityProvider['answer']]>([
    ['an error', (_, response) => response.writeHead(500).end()],
    ['nothing', (_, response) => response.end()],
    ['no JSON', (_, response) => response.end('<html>')],
    ['no set', (_, response) => response.end('{"keys":{}}')],
    ['a set of nothing', (_, response) => response.end('{"keys":[]}')],
    ['a name twice', (_, response) => response.end('{"keys":[],"keys":[]}')],
    ['a redirect', (_, response) => response.writeHead(302, { location: '/elsewhere' }).end()],
    [
      'a redirect to another host',
      (_, response) => response.writeHead(307, { location: 'http://127.0.0.2/' }).end(),
    ],
    ['something compressed', (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end()],
    [
      'half of it',
      (_, response) =>
        response.writeHead(200, { 'content-length': '500' }).write('{"keys":') || response.destroy(),
    ],
    ['a closed connection', (_, response) => response.destroy()],
  ])(
    'are none when the issuer answers with %s: its tokens get 503 and nobody else notices',
    async (_, answer) => {
      provider.answer = answer
      expect(await house.outcome(await token())).toBe('issuer_unavailable')
      expect(await fetches('failed')).toBe(1)
      expect(await house.outcome('mmg_x')).toBe('token_invalid')
      provider.answer = null
      expect(await house.outcome(await token({ jti: 'soon' }))).toBe('issuer_unavailable')
      house.clock.move(30_000)
      expect(await house.outcome(await token({ jti: 'later' }))).toBe('ada')
    },
  )

  it('are discovered by a document of the same issuer, which leads nowhere else than to https', async () => {
    for (const document of [
      { issuer: `${provider.issuer}/`, jwks_uri: `${provider.issuer}/keys` },
      { issuer: 'https://id.example.com', jwks_uri: `${provider.issuer}/keys` },
      { jwks_uri: `${provider.issuer}/keys` },
      { issuer: provider.issuer },
      { issuer: provider.issuer, jwks_uri: 'file:///etc/passwd' },
      { issuer: provider.issuer, jwks_uri: 'http://169.254.169.254/latest' },
      { issuer: provider.issuer, jwks_uri: 'https://user:password@id.example.com/keys' },
    ]) {
      provider.document = document
      house.clock.move(30_000)
      expect(await house.outcome(await token()), JSON.stringify(document)).toBe('issuer_unavailable')
    }
    expect(provider.asked).toBe(0)
  })
})

describe('a document of an issuer', () => {
  it('is read no further than it may be long, however much there is', async () => {
    let sent = 0
    provider.answer = (_, response) => {
      const chunk = Buffer.alloc(64 * 1024, 0x20)
      const write = () => {
        while (!response.destroyed && sent < 2 ** 30) {
          sent += chunk.length
          if (!response.write(chunk)) break
        }
      }
      response.on('drain', write)
      write()
    }
    await expect(createReadDocument()(`${provider.issuer}/keys`)).rejects.toThrow(
      'has more than 1048576 bytes',
    )
    expect(sent).toBeLessThan(2 ** 25)
  })

  it.each<readonly [string, IdentityProvider['answer']]>([
    ['never begins', () => undefined],
    ['never ends', (_, response) => void response.write('{')],
  ])('that %s is given up after a while', async (_, answer) => {
    provider.answer = answer
    const read = createReadDocument({ timeoutMs: 100 })
    await expect(read(`${provider.issuer}/keys`)).rejects.toThrow('took longer than 100 ms')
  })
})
