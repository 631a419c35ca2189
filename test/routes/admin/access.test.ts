import { connect, type AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ADMIN_TOKEN, anAdminServer } from './helper.ts'

type Api = Awaited<ReturnType<typeof anAdminServer>>

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'] as const

const PATHS = [
  '/admin/v1/users',
  '/admin/v1/users/ada',
  '/admin/v1/users/ada/tokens',
  '/admin/v1/users/ada/objects',
  '/admin/v1/users/ada/limits',
  '/admin/v1/users/ada/credits',
  '/admin/v1/users/ada/balance',
  '/admin/v1/plans',
  '/admin/v1/plans/free',
  '/admin/v1/tokens/000000000000/limits',
  '/admin/v1/credit-codes',
  '/admin/v1/credit-codes/0000-0000',
  '/admin/v1/objects',
  '/admin/v1/tokens',
  '/admin/v1/tokens/000000000000',
  '/admin/v1/tokens/000000000000/rotate',
  '/admin/v1/requests',
  '/admin/v1/requests/00000000000000000000000000000000',
  '/admin/v1/usage',
  '/admin/v1/nothing',
  '/admin/v1',
  '/admin/',
  '/admin',
]

const ROUTES: (readonly [path: string, methods: readonly (typeof METHODS)[number][]])[] = [
  ...PATHS.map((path) => [path, METHODS] as const),
  ['/openapi.json', ['GET']],
]

describe('the admin API', () => {
  let api: Api
  let userToken: string
  beforeEach(async () => {
    api = await anAdminServer({ failuresPerMinute: 1000 })
    userToken = (await api.house.tokens.create('ada')).token
  })

  it.each(ROUTES)('answers %s to nobody but the operator, whatever the method', async (path, methods) => {
    for (const verb of methods) {
      const answers = [
        await api.call(verb, path, undefined, {}),
        await api.call(verb, path, undefined, bearer(userToken)),
        await api.call(verb, path, undefined, { 'x-api-key': ADMIN_TOKEN }),
        await api.call(verb, path, undefined, { 'x-api-key': userToken }),
      ]
      expect(new Set(answers.map(({ status }) => status)), verb).toEqual(new Set([401]))
      expect((await api.call(verb, path)).status, verb).not.toBe(401)
    }
  })

  it.each<[string, Record<string, string>]>([
    ['an empty token', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: `Basic ${ADMIN_TOKEN}` }],
    ['no scheme', { authorization: ADMIN_TOKEN }],
    ['another case', bearer(ADMIN_TOKEN.toUpperCase())],
    ['the first half', bearer(ADMIN_TOKEN.slice(0, 20))],
    ['more after it', bearer(`${ADMIN_TOKEN}x`)],
    ['two spaces', { authorization: `Bearer  ${ADMIN_TOKEN}` }],
    ['10 KB', bearer('x'.repeat(10_240))],
    ['a quote', bearer(`' or '1'='1`)],
  ])('refuses %s with the same words', async (_, headers) => {
    const { status, body, headers: answered } = await api.call('GET', '/admin/v1/users', undefined, headers)
    const error = { code: 'admin_unauthorized', message: 'The admin token is missing or wrong.' }
    expect([status, body]).toEqual([401, { error }])
    expect(answered['www-authenticate']).toBe('Bearer')
  })

  it('checks the token before it reads a body', async () => {
    const { status } = await api.call('POST', '/admin/v1/users', { name: 'x'.repeat(100_000) }, {})
    expect(status).toBe(401)
  })

  it('gives every answer the headers that keep it from being stored or run', async () => {
    const answers = [
      await api.call('GET', '/admin/v1/users'),
      await api.call('GET', '/admin/v1/users', undefined, {}),
      await api.call('GET', '/admin/nothing'),
      await api.call('GET', '/openapi.json'),
      await api.call('POST', '/admin/v1/users', { x: 1 }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 404, 200, 400])
    for (const { headers } of answers) {
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      })
      expect(headers['access-control-allow-origin']).toBeUndefined()
    }
  })

  it.each(['/admin/v1/users/%', '/admin/v1/users/%ff', `/admin/v1/users/${'a'.repeat(5000)}`])(
    'answers the address %s in its own words',
    async (url) => {
      const { status, body } = await api.call('GET', url)
      expect([400, 404]).toContain(status)
      expect(body).toMatchObject({ error: { code: expect.any(String) as string } })
    },
  )

  it('tells nothing of a fault of its own', async () => {
    vi.spyOn(api.house.store.users, 'list').mockRejectedValue(new Error('secret path /var/lib/x'))
    const { status, text } = await api.call('GET', '/admin/v1/users')
    expect(status).toBe(500)
    expect(text).not.toContain('secret')
  })
})

describe('repeated headers', () => {
  it('are refused, even when they are equal', async () => {
    const { app } = await anAdminServer()
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    const line = `Authorization: Bearer ${ADMIN_TOKEN}\r\n`
    const statusOf = (headers: string) =>
      new Promise<string>((resolve) => {
        const socket = connect(port, '127.0.0.1')
        socket.once('data', (data) => {
          resolve(data.toString().slice(9, 12))
          socket.destroy()
        })
        socket.write(`GET /admin/v1/users HTTP/1.1\r\n${headers}\r\n`)
      })
    expect(await statusOf(`Host: a\r\n${line}`)).toBe('200')
    expect(await statusOf(`Host: a\r\n${line}${line}`)).toBe('400')
    expect(await statusOf(`Host: a\r\n${line}authorization: Bearer other\r\n`)).toBe('400')
    expect(await statusOf(`Host: a\r\nHost: b\r\n${line}`)).toBe('400')
    await app.close()
  })
})

describe('wrong admin tokens', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
  afterEach(() => void vi.useRealTimers())

  const list = (api: Api, address: string, token = ADMIN_TOKEN) =>
    api.call('GET', '/admin/v1/users', undefined, { ...bearer(token), 'x-forwarded-for': address })

  it('shut their address out for the rest of the minute, right token or not, and nobody else', async () => {
    const api = await anAdminServer({ failuresPerMinute: 3 })
    for (const guess of ['a', 'b', 'c']) expect((await list(api, '192.0.2.1', guess)).status).toBe(401)
    const refused = await list(api, '192.0.2.1')
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '60'])
    expect((await list(api, '192.0.2.2')).status).toBe(200)
    vi.advanceTimersByTime(60_000)
    expect((await list(api, '192.0.2.1')).status).toBe(200)
  })

  it('are no guesses when there are none: a request without a token does not count', async () => {
    const api = await anAdminServer({ failuresPerMinute: 1 })
    for (let index = 0; index < 5; index++) await api.call('GET', '/admin/v1/users', undefined, {})
    expect((await api.call('GET', '/admin/v1/users')).status).toBe(200)
  })
})
