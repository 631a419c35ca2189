import { beforeEach, describe, expect, it } from 'vitest'
import { anAdminServer, textOf } from './helper.ts'

type Api = Awaited<ReturnType<typeof anAdminServer>>

describe('the admin API of users', () => {
  let api: Api
  beforeEach(async () => {
    api = await anAdminServer()
  })

  const grace = {
    id: 'grace',
    name: 'Grace',
    email: 'grace@example.com',
    plan: 'pro',
    multiplier: '0.4',
    limits: null,
    end_user_limits: null,
    prepaid: null,
    status: 'active',
    created_at: '2026-01-01T00:00:00.000Z',
    updated_at: '2026-01-01T00:00:00.000Z',
  }

  it('adds a user and shows what it added', async () => {
    const { id, name, email, plan, multiplier } = grace
    const added = await api.call('POST', '/admin/v1/users', { id, name, email, plan, multiplier })
    expect([added.status, added.body]).toEqual([201, grace])
    expect((await api.call('GET', '/admin/v1/users/grace')).body).toEqual({
      ...grace,
      effective: { plan: null, limits: {}, end_user_limits: {}, multiplier: '0.4', prepaid: false },
    })
  })

  it('makes an id when none is given', async () => {
    const { body } = await api.call('POST', '/admin/v1/users', { name: 'Grace' })
    expect(textOf(body, 'id')).toMatch(/^usr_[0-9A-Za-z]{16}$/)
  })

  it.each<[string, object | undefined, string]>([
    ['nothing', undefined, 'name'],
    ['neither name nor id', { email: 'a@example.com' }, 'name'],
    ['an empty name', { name: '' }, 'name'],
    ['a long name', { name: 'x'.repeat(101) }, 'name'],
    ['a name of two lines', { name: 'a\nb' }, 'name'],
    ['a name that drives terminals', { name: '\u001b[2J' }, 'name'],
    ['a name that is no text', { name: { $ne: 1 } }, 'name'],
    ['a number as a name', { name: 1 }, 'name'],
    ['null as a name', { name: null }, 'name'],
    ['an id with a slash', { id: 'a/b' }, 'id'],
    ['an id that climbs', { id: '..' }, 'id'],
    ['an id with a quote', { id: "a'or'1" }, 'id'],
    ['a long id', { id: 'a'.repeat(65) }, 'id'],
    ['an e-mail address without an @', { name: 'x', email: 'x' }, 'email'],
    ['an e-mail address with a line break', { name: 'x', email: 'x@y\nz' }, 'email'],
    ['a plan that is a list', { name: 'x', plan: ['a'] }, 'plan'],
    ['a negative multiplier', { name: 'x', multiplier: '-1' }, 'multiplier'],
    ['a multiplier that is a number', { name: 'x', multiplier: 0.4 }, 'multiplier'],
    ['a multiplier of ten decimals', { name: 'x', multiplier: '0.1234567891' }, 'multiplier'],
    ['a multiplier beyond a million', { name: 'x', multiplier: '1000000.000000001' }, 'multiplier'],
    ['a multiplier with an exponent', { name: 'x', multiplier: '1e3' }, 'multiplier'],
    ['an empty multiplier', { name: 'x', multiplier: '' }, 'multiplier'],
    ['a multiplier with a line break', { name: 'x', multiplier: '1\n' }, 'multiplier'],
  ])('refuses a user made of %s, and says where', async (_, body, path) => {
    const { status, body: answer } = await api.call('POST', '/admin/v1/users', body)
    expect([status, answer]).toMatchObject([400, { error: { code: 'invalid_request', path } }])
    expect((await api.call('GET', '/admin/v1/users')).body).toMatchObject({ items: [{ id: 'ada' }] })
  })

  it('refuses an id that is taken, and leaves its user alone', async () => {
    const before = await api.call('GET', '/admin/v1/users/ada')
    const { status, body } = await api.call('POST', '/admin/v1/users', { id: 'ada', name: 'Eve' })
    expect([status, body]).toMatchObject([409, { error: { code: 'conflict', path: 'id' } }])
    expect((await api.call('GET', '/admin/v1/users/ada')).body).toEqual(before.body)
  })

  it('changes what is named, clears what is null, and leaves the rest', async () => {
    const { id, name, email, plan, multiplier } = grace
    await api.call('POST', '/admin/v1/users', { id, name, email, plan, multiplier })
    api.house.clock.move(1000)
    const { status, body } = await api.call('PATCH', '/admin/v1/users/grace', {
      email: null,
      status: 'suspended',
    })
    const changed = { ...grace, email: null, status: 'suspended', updated_at: '2026-01-01T00:00:01.000Z' }
    expect([status, body]).toEqual([200, changed])
    expect((await api.call('GET', '/admin/v1/users/grace')).body).toMatchObject(changed)
  })

  it.each(['0', '0.4', '0.000000001', '1000000', null])('sets the multiplier %s', async (multiplier) => {
    await api.call('PATCH', '/admin/v1/users/ada', { multiplier: '7' })
    const { status, body } = await api.call('PATCH', '/admin/v1/users/ada', { multiplier })
    expect([status, body]).toMatchObject([200, { multiplier }])
    expect((await api.call('GET', '/admin/v1/users')).body).toMatchObject({ items: [{ multiplier }] })
  })

  it.each([
    {},
    { multiplier: '-0' },
    { multiplier: 1 },
    { status: 'deleted' },
    { status: null },
    { status: 'Active' },
    [],
    'x',
  ])('refuses the change %j', async (change) => {
    const { status } = await api.call('PATCH', '/admin/v1/users/ada', Object(change) as object)
    expect(status).toBe(400)
    expect((await api.call('GET', '/admin/v1/users/ada')).body).toMatchObject({ status: 'active' })
  })

  it.each(['GET', 'PATCH'] as const)('does not find by %s a user who is not there', async (method) => {
    const body = method === 'PATCH' ? { name: 'x' } : undefined
    const answer = await api.call(method, '/admin/v1/users/nobody', body)
    expect([answer.status, answer.body]).toMatchObject([404, { error: { code: 'not_found' } }])
  })

  it('lists page by page, by status', async () => {
    for (const id of ['b', 'c', 'd']) await api.call('POST', '/admin/v1/users', { id })
    await api.call('PATCH', '/admin/v1/users/c', { status: 'suspended' })
    const first = await api.call('GET', '/admin/v1/users?limit=2&status=active')
    expect(first.body).toMatchObject({ items: [{ id: 'ada' }, { id: 'b' }] })
    const next = encodeURIComponent(textOf(first.body, 'next'))
    const second = await api.call('GET', `/admin/v1/users?limit=2&status=active&cursor=${next}`)
    expect(second.body).toMatchObject({ items: [{ id: 'd' }], next: null })
  })

  it.each([
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=1e2', 'limit'],
    ['limit=-1', 'limit'],
    ['limit=', 'limit'],
    ['limit=true', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['status=deleted', 'status'],
    ['cursor=x', 'cursor'],
    ['cursor=', 'cursor'],
    ['cursor=%27%20or%201=1', 'cursor'],
    [`cursor=${'A'.repeat(257)}`, 'cursor'],
    ['search=%25%25%25', 'search'],
    ['__proto__=1', '__proto__'],
  ])('refuses the query %s, and says where', async (query, path) => {
    const { status, body } = await api.call('GET', `/admin/v1/users?${query}`)
    expect([status, body]).toMatchObject([400, { error: { code: 'invalid_query', path } }])
  })
})
