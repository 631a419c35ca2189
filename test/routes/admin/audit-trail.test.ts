import { connect, type AddressInfo } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { GatewayError } from '../../../src/errors.ts'
import type { AuditStore } from '../../../src/store/store.ts'
import { until } from '../../helpers/wire.ts'
import { ADMIN_TOKEN, anAdminServer } from './helper.ts'

type Api = Awaited<ReturnType<typeof anAdminServer>>

const entriesOf = async ({ house }: Api) => (await house.store.audit.list({ limit: 100 })).items

function broken(api: Api, method: keyof Pick<AuditStore, 'begin' | 'end'>) {
  return vi.spyOn(api.house.store.audit, method).mockRejectedValue(new GatewayError('store_unavailable'))
}

const outcomeOf = ({ action, status, outcome, error }: Awaited<ReturnType<typeof entriesOf>>[number]) => [
  action,
  status,
  outcome,
  error,
]

describe('the audit log', () => {
  it('has the entry before the change is begun, and its end before the answer', async () => {
    const api = await anAdminServer()
    const seen: unknown[] = []
    const update = api.house.store.users.update.bind(api.house.store.users)
    vi.spyOn(api.house.store.users, 'update').mockImplementation(async (...args) => {
      seen.push(...(await entriesOf(api)))
      return await update(...args)
    })
    await api.call('PATCH', '/admin/v1/users/ada', { name: 'Ada' })
    expect(seen).toMatchObject([
      { action: 'changeUser', outcome: 'begun', request: '{"name":"Ada"}', after: null },
    ])
    expect(await entriesOf(api)).toMatchObject([
      { outcome: 'done', status: 200, before: '{"name":null}', after: '{"name":"Ada"}' },
    ])
  })

  it('refuses the change when it takes no entry, and nothing is done', async () => {
    const api = await anAdminServer()
    broken(api, 'begin')
    const { status, body, headers } = await api.call('PATCH', '/admin/v1/users/ada', { name: 'Ada' })
    expect([status, body]).toMatchObject([503, { error: { code: 'audit_unavailable' } }])
    expect(headers['retry-after']).toBe('5')
    expect(await api.house.users.get('ada')).toMatchObject({ name: null })
  })

  it('refuses the change when it cannot be read how things stood', async () => {
    const api = await anAdminServer()
    const get = api.house.store.users.get.bind(api.house.store.users)
    vi.spyOn(api.house.store.users, 'get').mockRejectedValue(new GatewayError('store_unavailable'))
    const { body } = await api.call('PATCH', '/admin/v1/users/ada', { name: 'Ada' })
    expect(body).toMatchObject({ error: { code: 'audit_unavailable' } })
    expect(await get('ada')).toMatchObject({ name: null })
  })

  it('lets reading go on when it takes no entry', async () => {
    const api = await anAdminServer()
    broken(api, 'begin')
    expect((await api.call('GET', '/admin/v1/users/ada')).status).toBe(200)
  })

  it('keeps an entry as begun whose end it does not take, and the change is answered as it was made', async () => {
    const api = await anAdminServer()
    broken(api, 'end')
    expect((await api.call('PATCH', '/admin/v1/users/ada', { name: 'Ada' })).status).toBe(200)
    expect(await entriesOf(api)).toMatchObject([{ outcome: 'begun', status: null }])
  })

  it.each([
    ['a field that is not right', 'PATCH', '/admin/v1/users/ada', { status: 'king' }, 400, 'invalid_request'],
    ['a field that is none', 'PATCH', '/admin/v1/users/ada', { role: 'owner' }, 400, 'invalid_request'],
    ['what is not there', 'PATCH', '/admin/v1/users/eve', { name: 'Eve' }, 404, 'not_found'],
    ['what is there already', 'POST', '/admin/v1/users', { id: 'ada', name: 'x' }, 409, 'conflict'],
  ] as const)('has what was refused: %s', async (_, method, url, body, status, error) => {
    const api = await anAdminServer()
    expect((await api.call(method, url, body)).status).toBe(status)
    const [entry, ...more] = await entriesOf(api)
    expect(more).toEqual([])
    expect(entry && outcomeOf(entry).slice(1)).toEqual([status, 'refused', error])
    expect([entry?.before, entry?.after]).toEqual([null, null])
  })

  it('has what a role did not allow, without the fields that were sent', async () => {
    const api = await anAdminServer()
    const { token, record } = await api.operators.service.create({ name: 'Ann', role: 'read-only' })
    await api.call('PATCH', '/admin/v1/users/ada', { name: 'x' }, { authorization: `Bearer ${token}` })
    expect(await entriesOf(api)).toMatchObject([
      {
        operatorId: record.id,
        operatorName: 'Ann',
        target: 'user ada',
        request: null,
        error: 'admin_forbidden',
      },
    ])
  })

  it('has nothing of those who are nobody: guessing must not fill the disk', async () => {
    const api = await anAdminServer()
    for (const headers of [{}, { authorization: 'Bearer wrong' }])
      expect((await api.call('DELETE', '/admin/v1/users/ada?objects=keep', undefined, headers)).status).toBe(
        401,
      )
    expect(await entriesOf(api)).toEqual([])
  })

  it('has what failed, as failed', async () => {
    const api = await anAdminServer()
    vi.spyOn(api.house.store.users, 'update').mockRejectedValue(new Error('a secret path'))
    await api.call('PATCH', '/admin/v1/users/ada', { name: 'Ada' })
    const [entry] = await entriesOf(api)
    expect(entry && outcomeOf(entry)).toEqual(['changeUser', 500, 'failed', 'internal'])
    expect(JSON.stringify(entry)).not.toContain('secret path')
  })

  it('has the end of a change whose caller has left', async () => {
    const api = await anAdminServer()
    let goOn = (): void => undefined
    const update = api.house.store.users.update.bind(api.house.store.users)
    const held = vi.spyOn(api.house.store.users, 'update').mockImplementation(async (...args) => {
      await new Promise<void>((resolve) => (goOn = resolve))
      return await update(...args)
    })
    await api.app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = api.app.server.address() as AddressInfo
    const socket = connect(port, '127.0.0.1')
    const body = '{"name":"Ada"}'
    socket.write(
      `PATCH /admin/v1/users/ada HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    await until(() => held.mock.calls.length > 0, 'the change')
    let connections = 1
    socket.destroy()
    const count = () => api.app.server.getConnections((_, number) => (connections = number))
    await until(() => {
      count()
      return connections === 0
    }, 'the end of the connection')
    goOn()
    let isDone = false
    await until(() => {
      void entriesOf(api).then(([entry]) => (isDone = entry?.outcome === 'done'))
      return isDone
    }, 'the end of the entry')
    await api.app.close()
  })

  it('names the request as its answer does', async () => {
    const api = await anAdminServer()
    const { headers } = await api.call('PATCH', '/admin/v1/users/ada', { name: 'Ada' })
    expect(headers['x-request-id']).toMatch(/^[0-9a-f]{32}$/)
    expect((await entriesOf(api))[0]?.requestId).toBe(headers['x-request-id'])
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'] as const)('cannot be changed: %s', async (method) => {
    const api = await anAdminServer()
    await api.call('PATCH', '/admin/v1/users/ada', { name: 'Ada' })
    const [entry] = await entriesOf(api)
    for (const url of ['/admin/v1/audit', `/admin/v1/audit/${entry?.id ?? ''}`])
      expect((await api.call(method, url)).status).toBe(404)
    expect(await entriesOf(api)).toEqual([entry])
  })
})

describe('GET /admin/v1/audit', () => {
  it('shows pages of it, newest first', async () => {
    const api = await anAdminServer()
    for (const name of ['a', 'b', 'c']) {
      await api.call('PATCH', '/admin/v1/users/ada', { name })
      api.house.clock.move(1)
    }
    const first = await api.call('GET', '/admin/v1/audit?limit=2&target=user%20ada')
    const page = first.body as { items: { after: object }[]; next: string }
    expect(page.items.map(({ after }) => after)).toMatchObject([{ name: 'c' }, { name: 'b' }])
    const second = await api.call('GET', `/admin/v1/audit?limit=2&cursor=${encodeURIComponent(page.next)}`)
    expect(second.body).toMatchObject({ items: [{ request: { name: 'a' }, operator: 'owner' }], next: null })
  })

  it.each([
    ['operator=x', 'operator'],
    ['action=%27', 'action'],
    ['outcome=lost', 'outcome'],
    ['from=yesterday', 'from'],
    ['limit=0', 'limit'],
    ['cursor=x', 'cursor'],
    ['name=x', 'name'],
  ])('refuses %s', async (query, path) => {
    const { call } = await anAdminServer()
    const { status, body } = await call('GET', `/admin/v1/audit?${query}`)
    expect([status, body]).toMatchObject([400, { error: { code: 'invalid_query', path } }])
  })
})
