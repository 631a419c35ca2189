import fastify from 'fastify'
import { beforeAll, describe, expect, it } from 'vitest'
import { mayAct, requireRule, ROLES, type Role } from '../../../src/routes/admin/access.ts'
import { isRecord } from '../../helpers/gateway.ts'
import { anAdminServer } from './helper.ts'

type Api = Awaited<ReturnType<typeof anAdminServer>>

const METHODS = ['GET', 'POST', 'PATCH', 'DELETE', 'PUT'] as const

/** Every call that the description has, with the role that it asks for. */
async function callsOf({
  call,
}: Api): Promise<[method: (typeof METHODS)[number], path: string, role: Role][]> {
  const { body } = await call('GET', '/openapi.json')
  const paths = isRecord(body) && isRecord(body.paths) ? Object.entries(body.paths) : []
  return paths.flatMap(([path, calls]) =>
    METHODS.flatMap((method) => {
      const found: unknown = isRecord(calls) ? calls[method.toLowerCase()] : undefined
      const role = isRecord(found) ? ROLES.find((one) => one === found['x-role']) : undefined
      const url = path.replaceAll(/\{[^}]+\}/g, 'x')
      return role === undefined ? [] : [[method, url, role] as [typeof method, string, Role]]
    }),
  )
}

describe('roles', () => {
  let api: Api
  const tokens = new Map<Role, string>()
  beforeAll(async () => {
    api = await anAdminServer()
    for (const role of ROLES)
      tokens.set(role, (await api.operators.service.create({ name: role, role })).token)
  })

  const as = (role: Role) => ({ authorization: `Bearer ${tokens.get(role) ?? ''}` })

  it('are told of every call by its description', async () => {
    const { body } = await api.call('GET', '/openapi.json')
    const paths = isRecord(body) && isRecord(body.paths) ? Object.values(body.paths).filter(isRecord) : []
    const calls = paths.flatMap((path) => Object.values(path)).filter(isRecord)
    expect(calls.length).toBeGreaterThan(40)
    for (const call of calls) expect(ROLES, String(call.operationId)).toContain(call['x-role'])
  })

  it.each(ROLES)('let a %s do what it may, and refuse the rest with 403', async (role) => {
    for (const [method, url, asked] of await callsOf(api)) {
      const { status, body } = await api.call(method, url, undefined, as(role))
      const what = `${role}: ${method} ${url}`
      if (mayAct(role, asked)) expect([401, 403], what).not.toContain(status)
      else expect([status, body], what).toMatchObject([403, { error: { code: 'admin_forbidden' } }])
    }
  })

  it('let nobody but the owner change operators, read the audit log or see upstream keys', async () => {
    const calls = await callsOf(api)
    const own = calls.filter(([, , role]) => role === 'owner').map(([method, url]) => `${method} ${url}`)
    expect(own).toEqual(
      expect.arrayContaining([
        'POST /admin/v1/operators',
        'GET /admin/v1/operators',
        'DELETE /admin/v1/operators/x',
        'POST /admin/v1/operators/x/rotate',
        'GET /admin/v1/audit',
      ]),
    )
    const writes = calls.filter(([method, url]) => method !== 'GET' && !url.endsWith('/token-checks'))
    for (const [method, url, role] of writes)
      expect(['owner', 'operator'], `${method} ${url}`).toContain(role)
  })

  it('let a reader see no secret of a user', async () => {
    const url = '/admin/v1/users/ada/callback-secret'
    expect((await api.call('GET', url, undefined, as('read-only'))).status).toBe(403)
    expect((await api.call('GET', url, undefined, as('operator'))).status).toBe(200)
  })

  it.each(['POST', 'GET'] as const)(
    'tell an operator of whatever kind that an address is none: %s',
    async (method) => {
      for (const role of ROLES)
        expect((await api.call(method, '/admin/v1/nothing', undefined, as(role))).status).toBe(404)
    },
  )

  it('refuse before a body is read or checked', async () => {
    const { status } = await api.call(
      'POST',
      '/admin/v1/users',
      { role: 'owner', x: 'y'.repeat(100_000) },
      as('read-only'),
    )
    expect(status).toBe(403)
  })

  it('tell who asks, and nothing to those who only read metrics', async () => {
    const me = (role: Role) => api.call('GET', '/admin/v1/operators/me', undefined, as(role))
    for (const role of ['owner', 'operator', 'read-only'] as const)
      expect((await me(role)).body).toMatchObject({ name: role, role })
    expect((await me('metrics')).status).toBe(403)
  })
})

describe('the owner', () => {
  it('is not locked out by another owner', async () => {
    const { call, operators } = await anAdminServer()
    const { token } = await operators.service.create({ name: 'Eve', role: 'owner' })
    const asEve = { authorization: `Bearer ${token}` }
    expect((await call('DELETE', '/admin/v1/operators/owner', undefined, asEve)).status).toBe(400)
    const { body } = await call('GET', '/admin/v1/operators', undefined, asEve)
    for (const { id } of (body as { items: { id: string }[] }).items)
      await call('DELETE', `/admin/v1/operators/${id}`, undefined, asEve)
    expect((await call('GET', '/admin/v1/operators', undefined, asEve)).status).toBe(401)
    expect((await call('GET', '/admin/v1/operators/me')).body).toEqual({
      id: 'owner',
      name: 'owner',
      role: 'owner',
    })
  })
})

describe('a route that says nothing of who may use it', () => {
  const audit = { target: () => 'x' }
  it.each([
    ['no rule', 'GET', {}, /does not say who may use it/],
    ['a change without an audit rule', 'POST', { config: { role: 'operator' } }, /has no audit rule/],
    ['an audit rule without a name', 'POST', { config: { role: 'operator', audit } }, /no operationId/],
  ] as const)('does not start: %s', async (_, method, options, message) => {
    const app = fastify()
    app.addHook('onRoute', requireRule)
    expect(() => app.route({ method, url: '/x', handler: () => '', ...options })).toThrow(message)
    await app.close()
  })
})
