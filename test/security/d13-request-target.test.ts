import { describe, expect, it } from 'vitest'
import { chat } from '../helpers/calls.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { sharedGateway } from '../helpers/shared.ts'
import { postText, requestText, sendRaw, UPGRADE, Wire } from '../helpers/wire.ts'

const shared = sharedGateway()

/** Every spelling of a path that some server takes for another one (also GHSA-2q7r-29rg-6m5h, GHSA-c4qr-gmr9-v23w). */
const SPELLINGS = [
  '/v1/models/',
  '//v1/models',
  '/v1//models',
  '/V1/models',
  '/v1/Models',
  '/v1/./models',
  '/./v1/models',
  '/v1/x/../models',
  '/v1/models/..',
  '/../v1/models',
  '/v1/%6dodels',
  '/%76%31/models',
  '/v1%2fmodels',
  '/v1%2Fmodels',
  '/v1/%2e/models',
  '/v1/x/%2e%2e/models',
  '/v1/x/%252e%252e/models',
  '/v1/%252fmodels',
  '/v1/x/..%2fmodels',
  '/v1/x/%c0%ae%c0%ae/models',
  '/v1/x/..;/models',
  '/v1/models;x=1',
  '/v1/models;',
  '/v1\\models',
  '/v1/x\\..\\models',
  '/v1/models%00',
  '/v1/models%20',
  '/v1/models%0d%0aX-Y:%20z',
  '/v1/models%3f',
  '/v1/models%23',
  '/v1/models#frag',
  '/v1/models#?a=b',
  '/v1/models/MiniMax-M3/',
  '/v1/models/a/b',
  '/v1/models/..%2ffiles%2flist',
  '/v1/models/%2e%2e',
  '/v1/models/.',
  '/v1/models/..',
  `/v1/models/${'a'.repeat(200)}`,
  `/v1/models/${'a'.repeat(4000)}`,
  '/v2/query/video_generation/12%2f34',
  '/v2/query/video_generation/%2e%2e%2fx',
  'http://gateway/v1/models',
  'http://upstream.example/v1/models',
  'https://127.0.0.1/v1/models',
  'v1/models',
  '*',
  '?',
  '/',
  '',
  '/v1',
  '/v1/',
  '/__proto__',
  '/constructor',
  '/admin/v1/users',
  '/metrics',
  '/readyz',
]

async function status(gateway: TestGateway, request: string): Promise<number> {
  const answer = await sendRaw(gateway.url, request)
  return answer.status
}

describe('D13: a request that could be read in two ways is read in none', () => {
  it('in any spelling of a path but the one in the catalog', async () => {
    const { gateway, token } = shared()
    for (const path of SPELLINGS) {
      const answer = await status(gateway, requestText(`GET ${path}`, [`Authorization: Bearer ${token}`]))
      expect([400, 404], `${path}: ${answer}`).toContain(answer)
    }
    expect(await status(gateway, requestText('GET /v1/models', [`Authorization: Bearer ${token}`]))).toBe(200)
    expect(gateway.emulator.requests).toHaveLength(1)
  })

  it('in any other method, made-up ones included', async () => {
    const { gateway, token } = shared()
    for (const method of [
      'PUT',
      'PATCH',
      'OPTIONS',
      'HEAD',
      'TRACE',
      'PROPFIND',
      'QUERY',
      'get',
      'FOO',
      'DELETE',
    ]) {
      using wire = await Wire.open(gateway.url)
      wire.write(
        requestText(`${method} /v1/models`, [
          `Authorization: Bearer ${token}`,
          'X-HTTP-Method-Override: GET',
        ]),
      )
      await wire.closed(100).catch(() => undefined)
      const given = Number(/^HTTP\/1\.1 (\d{3})/.exec(wire.text)?.[1] ?? 0)
      expect([400, 404, 405], `${method}: ${given}`).toContain(given)
    }
    using connect = await Wire.open(gateway.url)
    connect.write('CONNECT upstream.example:443 HTTP/1.1\r\nHost: upstream.example:443\r\n\r\n')
    await connect.closed()
    expect(connect.text).not.toMatch(/^HTTP\/1\.1 2/)
    expect(gateway.emulator.requests).toEqual([])
  })

  it.each([
    [
      'two Authorization headers',
      (token: string) => [`Authorization: Bearer ${token}`, 'Authorization: Bearer other'],
    ],
    [
      'two equal Authorization headers',
      (token: string) => [`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`],
    ],
    [
      'two Authorization headers in different case',
      (token: string) => ['AUTHORIZATION: x', `authorization: Bearer ${token}`],
    ],
    ['two x-api-key headers', (token: string) => [`x-api-key: ${token}`, `x-api-key: ${token}`]],
    ['two Host headers', (token: string) => [`Authorization: Bearer ${token}`, 'Host: other']],
    ['two credentials', (token: string) => [`Authorization: Bearer ${token}`, 'x-api-key: other']],
    ['a list of credentials', (token: string) => [`Authorization: Bearer ${token}, Bearer other`]],
  ])('with %s', async (_name, headers: (token: string) => string[]) => {
    const { gateway, token } = shared()
    const answer = await status(gateway, requestText('GET /v1/models', headers(token)))
    expect([400, 401]).toContain(answer)
    expect(gateway.emulator.requests).toEqual([])
  })

  it.each(['Content-Type: application/json', 'Expect: 100-continue'])('with %s twice', async (header) => {
    const { gateway, token } = shared()
    const more = header.startsWith('Expect') ? [header, header] : [header]
    expect(await status(gateway, postText('/v1/chat/completions', token, chat(), more))).toBe(400)
    expect(gateway.emulator.requests).toEqual([])
  })

  it.each([
    ['no Host', 'GET /v1/models HTTP/1.1\r\nAuthorization: Bearer TOKEN\r\n\r\n'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    [
      'the version of another protocol',
      'GET /v1/models HTTP/2.0\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\r\n',
    ],
    ['a version before headers', 'GET /v1/models HTTP/0.9\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\r\n'],
    ['a space in the target', 'GET /v1/mod els HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\r\n'],
    ['a tab in the target', 'GET /v1/models\t HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer TOKEN\r\n\r\n'],
  ])('with %s', async (_name, request) => {
    const { gateway, token } = shared()
    expect(await status(gateway, request.replace('TOKEN', token))).toBe(400)
    expect(gateway.emulator.requests).toEqual([])
  })

  it("and its query is the gateway's: MiniMax sees one GroupId, ours", async () => {
    await using gateway = await startGateway({ env: { MINIMAX_GROUP_ID: '42' } })
    const { token } = await gateway.token()
    const queries = [
      'GroupId=7',
      'GroupId=7&GroupId=8',
      '%47roupId=7',
      'groupid=7&GROUPID=8',
      'GroupId[]=7',
      'a?GroupId=7',
      'a;GroupId=7',
      'x=%26GroupId%3D7',
      'GroupId',
      'GroupId=7%23',
      '__proto__=1&constructor=2',
      'Authorization=Bearer%20x&token=y',
    ]
    for (const query of queries) {
      const text = postText(`/v1/text/chatcompletion_v2?${query}`, token, chat())
      expect(await status(gateway, text), query).toBe(200)
    }
    expect(gateway.emulator.requests.map(({ path }) => path)).toEqual(
      queries.map(() => '/v1/text/chatcompletion_v2?GroupId=42'),
    )
  })

  it.each([
    ['twice', 'file_id=1&file_id=2'],
    ['twice, once in disguise', 'file_id=1&%66ile_id=2'],
    ['with a path in it', 'file_id=../1'],
    ['with another parameter in it', 'file_id=1%26GroupId%3D7'],
    ['with a line break', 'file_id=1%0d%0a'],
    ['with a broken escape', 'file_id=%zz'],
    ['with nothing', 'file_id='],
  ])('and a parameter that MiniMax knows is refused %s', async (_name, query) => {
    const { gateway, token } = shared()
    const request = requestText(`GET /v1/files/retrieve?${query}`, [`Authorization: Bearer ${token}`])
    expect(await status(gateway, request)).toBe(400)
    expect(gateway.emulator.requests).toEqual([])
  })

  it('whatever Host and forwarding headers say: they choose nothing', async () => {
    const { gateway, token } = shared()
    const host = new URL(gateway.adminUrl).host
    for (const lines of [
      [`Host: ${host}`],
      ['Host: gateway', `X-Forwarded-Host: ${host}`, 'X-Forwarded-Uri: /metrics'],
    ]) {
      for (const path of ['/admin/v1/users', '/metrics', '/readyz', '/openapi.json']) {
        const request = [`GET ${path} HTTP/1.1`, ...lines, `Authorization: Bearer ${token}`, '', ''].join(
          '\r\n',
        )
        expect(await status(gateway, request)).toBe(404)
      }
    }
    using wire = await Wire.open(gateway.adminUrl)
    wire.write(requestText('GET /ws/v1/t2a_v2', [`Authorization: Bearer ${token}`, ...UPGRADE]))
    await wire.closed(300).catch(() => undefined)
    expect(wire.text).not.toContain('101 Switching')
  })
})
