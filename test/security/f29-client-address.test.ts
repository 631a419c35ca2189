import { Agent, request } from 'node:http'
import { expect, it } from 'vitest'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'

/** Asks for the caller's own data over one address of this machine. */
async function statusFrom(
  { url }: TestGateway,
  token: string,
  { host, forwarded = [] }: { host: string; forwarded?: readonly string[] },
): Promise<number> {
  const agent = new Agent({ keepAlive: false })
  return await new Promise((resolve, reject) => {
    const asked = request(
      {
        host,
        port: new URL(url).port,
        path: '/gateway/v1/me',
        agent,
        headers: [
          ['host', 'gateway'],
          ['authorization', `Bearer ${token}`],
          ...forwarded.map((one) => ['x-forwarded-for', one]),
        ].flat(),
      },
      (answer) => {
        answer.resume()
        answer.on('end', () => resolve(answer.statusCode ?? 0))
      },
    )
    asked.on('error', reject)
    asked.end()
  })
}

const ALLOWED = '203.0.113.7'
const CIDRS = ['203.0.113.0/24', '2001:db8::/32']

it('F29: whoever is no trusted proxy cannot say where they come from, over IPv4, IPv6 and IPv4 within IPv6', async () => {
  // Bound to both families: a peer over IPv4 shows as ::ffff:127.0.0.1.
  await using gateway = await startGateway({ env: { HOST: '::' } })
  const { token } = await gateway.token({ cidrs: CIDRS })
  for (const host of ['127.0.0.1', '::1']) {
    for (const forwarded of [
      [],
      [ALLOWED],
      [`${ALLOWED}, ${ALLOWED}`],
      ['2001:db8::1'],
      [ALLOWED, ALLOWED],
    ]) {
      expect(await statusFrom(gateway, token, { host, forwarded }), `${host} ${forwarded.join(' | ')}`).toBe(
        403,
      )
    }
  }
  // An address of the peer's own family, however it is shown.
  const { token: local } = await gateway.token({ cidrs: ['127.0.0.0/8'] })
  expect(await statusFrom(gateway, local, { host: '127.0.0.1' })).toBe(200)
  expect(await statusFrom(gateway, local, { host: '::1' })).toBe(403)
  const { token: local6 } = await gateway.token({ cidrs: ['::1'] })
  expect(await statusFrom(gateway, local6, { host: '::1' })).toBe(200)
  expect(await statusFrom(gateway, local6, { host: '127.0.0.1' })).toBe(403)
})

it.each<[string, readonly string[], number]>([
  ['the client that the proxy names', [ALLOWED], 200],
  ['a client of IPv6', ['2001:db8::5'], 200],
  ['a client of IPv4 within IPv6', [`::ffff:${ALLOWED}`], 200],
  ['another client', ['198.51.100.7'], 403],
  ['a client through several proxies of ours', [`${ALLOWED}, 10.0.0.2, 10.0.0.3`], 200],
  ['what a client forged before the proxy added its address', [`${ALLOWED}, 198.51.100.7`], 403],
  ['what was forged before several proxies of ours', [`${ALLOWED}, 198.51.100.7, 10.0.0.2`], 403],
  ['nothing: the proxy itself', [], 403],
  ['what is no address', ['unknown'], 403],
  ['an empty text', [''], 403],
])('F29: behind trusted proxies it is %s that counts', async (_, forwarded, status) => {
  await using gateway = await startGateway({
    env: { HOST: '::', TRUSTED_PROXIES: '127.0.0.0/8,::1/128,10.0.0.0/8' },
  })
  const { token } = await gateway.token({ cidrs: CIDRS })
  for (const host of ['127.0.0.1', '::1']) {
    expect(await statusFrom(gateway, token, { host, forwarded }), host).toBe(status)
  }
})
