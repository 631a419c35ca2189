import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, isRecord, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { requestText, sendRaw, UPGRADE, Wire, type WireAnswer } from '../helpers/wire.ts'
import { ENV } from '../routes/admin/audit-cases.ts'
import { anAdminServer, textOf } from '../routes/admin/helper.ts'

const METRICS_TOKEN = 'metrics-token-of-the-tests-0123456789'
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'] as const

let gateway: TestGateway
/** Everything that opens something somewhere. */
const credentials = new Map<string, string>()
/** Every call of the admin API, as its description has it, with something in the place of parameters. */
const calls: { readonly method: string; readonly path: string }[] = []

async function text(path: string, body: object, field = 'token'): Promise<string> {
  const answer = await gateway.admin('POST', path, body)
  return String(answer[field])
}

beforeAll(async () => {
  gateway = await startGateway({ env: { ...ENV, METRICS_TOKEN } })
  const { token, id } = await gateway.token()
  credentials.set('the admin token', ADMIN_TOKEN)
  credentials.set('the metrics token', METRICS_TOKEN)
  for (const role of ['owner', 'operator', 'read-only', 'metrics'])
    credentials.set(`an admin token of role ${role}`, await text('/admin/v1/operators', { name: 'x', role }))
  credentials.set('a token of a user', token)
  credentials.set('a session token', await text('/admin/v1/users/user-1/session-tokens', { token: id }))
  const header = Buffer.from('{"alg":"none"}').toString('base64url')
  credentials.set(
    'a JWT',
    `${header}.${Buffer.from('{"sub":"owner","role":"owner"}').toString('base64url')}.`,
  )

  const answer = await fetch(`${gateway.adminUrl}/openapi.json`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
  })
  const document: unknown = await answer.json()
  const paths = isRecord(document) && isRecord(document.paths) ? Object.entries(document.paths) : []
  for (const [path, found] of paths) {
    const filled = path.replace('{id}', 'user-1').replaceAll(/\{[^}]+\}/g, 'x')
    for (const method of Object.keys(isRecord(found) ? found : {}))
      calls.push({ method: method.toUpperCase(), path: filled })
  }
  for (const path of ['/metrics', '/readyz', '/openapi.json', '/admin', '/admin/v1'])
    calls.push({ method: 'GET', path })
})

afterAll(() => gateway.close())

/** What the operator would see of a change: nothing of it may be there. */
async function everything(): Promise<string> {
  const lists = ['users', 'tokens', 'plans', 'credit-codes', 'operators', 'exemptions', 'upstream-keys']
  const answers = await Promise.all(lists.map((list) => gateway.admin('GET', `/admin/v1/${list}`)))
  const { items } = await gateway.admin('GET', '/admin/v1/audit')
  return JSON.stringify([answers, items], (name, value: unknown) =>
    name === 'last_used_at' || name === 'last_used_address' || name === 'since' ? null : value,
  )
}

/** On the public listener what is the operator's does not exist, and it is said in the public words. */
function expectNothing({ status, body, headers }: WireAnswer, what: string): void {
  expect([400, 404], what).toContain(status)
  // Of the admin listener alone.
  expect(headers.has('content-security-policy'), what).toBe(false)
  const said = body.toString()
  expect(said, what).not.toMatch(/minimax_gateway_|openapi|"items"|admin_/)
}

/** Each on a connection that ends with it: an answer to HEAD has a length and no body. */
const send = (method: string, target: string, headers: readonly string[] = []) =>
  sendRaw(gateway.url, requestText(`${method} ${target}`, [...headers, 'Connection: close']))

describe('on the public listener', () => {
  it('there is no address of the operator, whatever the method and the credential', async () => {
    const before = await everything()
    for (const { path } of calls)
      for (const method of METHODS)
        for (const [name, credential] of credentials) {
          const answer = await send(method, path, [`Authorization: Bearer ${credential}`])
          expectNothing(answer, `${method} ${path} with ${name}`)
        }
    expect(await everything()).toBe(before)
  }, 120_000)

  it('there is none by the credential in another place', async () => {
    for (const headers of [
      [`x-api-key: ${ADMIN_TOKEN}`],
      [`Proxy-Authorization: Bearer ${ADMIN_TOKEN}`],
      [`Cookie: token=${ADMIN_TOKEN}; admin=${ADMIN_TOKEN}`],
      [`Sec-WebSocket-Protocol: mmg.token.${ADMIN_TOKEN}`],
    ])
      expectNothing(await send('GET', '/admin/v1/users', headers), headers.join())
    expectNothing(await send('GET', `/admin/v1/users?token=${ADMIN_TOKEN}`), 'in the query')
  })

  const AUTH = `Authorization: Bearer ${ADMIN_TOKEN}`

  it('there is none by another way to write it', async () => {
    const { host } = new URL(gateway.adminUrl)
    const targets = [
      '//admin/v1/users',
      '/./admin/v1/users',
      '/v1/../admin/v1/users',
      '/v1/%2e%2e/admin/v1/users',
      '/v1/..%2fadmin/v1/users',
      '/%61dmin/v1/users',
      '/admin%2fv1%2fusers',
      '/admin/v1/users/',
      '/admin/v1/users;x=1',
      '/admin/v1/users%00',
      '/ADMIN/v1/users',
      '/admin\\v1\\users',
      '/gateway/v1/../../admin/v1/users',
      '/v1/chat/completions/../../../admin/v1/users',
      `http://${host}/admin/v1/users`,
      `http://127.0.0.1/admin/v1/users`,
      `https://${host}/admin/v1/users`,
      '*',
    ]
    for (const target of targets) expectNothing(await send('GET', target, [AUTH]), target)
  })

  it('there is none by what a header says of another host or address', async () => {
    const { host } = new URL(gateway.adminUrl)
    const headers = [
      'X-Forwarded-Host: ' + host,
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Port: ' + new URL(gateway.adminUrl).port,
      'X-Forwarded-Prefix: /admin',
      'X-Forwarded-Uri: /admin/v1/users',
      'X-Original-URL: /admin/v1/users',
      'X-Rewrite-URL: /admin/v1/users',
      'X-Original-URI: /admin/v1/users',
      'X-HTTP-Method-Override: GET',
      'Forwarded: for=127.0.0.1;host=' + host,
      'X-Real-IP: 127.0.0.1',
      'X-Custom-IP-Authorization: 127.0.0.1',
    ]
    for (const header of headers)
      for (const target of ['/admin/v1/users', '/', '/gateway/v1/nothing', '/metrics'])
        expectNothing(await send('GET', target, [AUTH, header]), `${header} at ${target}`)
    for (const name of [host, 'localhost:8081', 'admin', '127.0.0.1'])
      expectNothing(
        await sendRaw(gateway.url, `GET /admin/v1/users HTTP/1.1\r\nHost: ${name}\r\n${AUTH}\r\n\r\n`),
        `Host: ${name}`,
      )
  })

  it('there is none by HTTP/2, CONNECT or an upgrade', async () => {
    const { host } = new URL(gateway.adminUrl)
    for (const bytes of [
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      requestText('GET /admin/v1/users', [
        AUTH,
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABkAAQAAP__',
      ]),
      requestText('GET /admin/v1/users', [AUTH, ...UPGRADE]),
      requestText('GET /metrics', [AUTH, ...UPGRADE]),
    ])
      expectNothing(await sendRaw(gateway.url, bytes), bytes.slice(0, 60))
    using wire = await Wire.open(gateway.url)
    wire.write(
      `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n${AUTH}\r\n\r\nGET /admin/v1/users HTTP/1.1\r\nHost: a\r\n${AUTH}\r\n\r\n`,
    )
    await wire.closed()
    expect(wire.text).not.toMatch(/ 200 |"items"/)
  })

  it('there is none behind another request on the same connection', async () => {
    using wire = await Wire.open(gateway.url)
    const smuggled = requestText('GET /admin/v1/users', [AUTH])
    wire.write(requestText('GET /livez') + smuggled)
    expect((await wire.nth(0)).status).toBe(200)
    expectNothing(await wire.nth(1), 'pipelined')
  })
})

describe('on the listener of the operator', () => {
  it('no credential of a user opens anything, whatever the method and the place', async () => {
    const api = await anAdminServer({ failuresPerMinute: 1_000_000, allFailuresPerMinute: 1_000_000 })
    const { id, token } = await api.house.tokens.create('ada')
    const made = await api.call('POST', '/admin/v1/users/ada/session-tokens', { token: id })
    const session = textOf(made.body, 'token')
    const before = JSON.stringify(await api.house.store.users.list({ limit: 10 }))
    const entries = (await api.house.store.audit.list({ limit: 10 })).items.length
    const places = (credential: string): Record<string, string>[] => [
      { authorization: `Bearer ${credential}` },
      { 'x-api-key': credential },
    ]
    for (const { path } of calls.filter((call) => /^\/(?:admin|openapi)/.test(call.path)))
      for (const method of METHODS.filter((one) => one !== 'PROPFIND'))
        for (const credential of [token, session, credentials.get('a JWT') ?? ''])
          for (const headers of places(credential)) {
            const { status } = await api.call(method, path.replace('user-1', 'ada'), undefined, headers)
            // Only what is not there for any method may say so before it asks who wants to know.
            expect([401, path.startsWith('/admin') ? 401 : 404], `${method} ${path}`).toContain(status)
          }
    expect(JSON.stringify(await api.house.store.users.list({ limit: 10 }))).toBe(before)
    expect((await api.house.store.audit.list({ limit: 10 })).items).toHaveLength(entries)
  }, 120_000)
})
