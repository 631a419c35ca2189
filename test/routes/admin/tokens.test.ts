import { beforeEach, describe, expect, it } from 'vitest'
import { outcomeOf } from '../../auth/helper.ts'
import { anAdminServer, textOf } from './helper.ts'

type Api = Awaited<ReturnType<typeof anAdminServer>>

describe('the admin API of tokens', () => {
  let api: Api
  beforeEach(async () => {
    api = await anAdminServer()
  })

  const outcome = (token: string) => outcomeOf(() => api.house.authenticator.authenticate(token))
  const create = (body?: object) => api.call('POST', '/admin/v1/users/ada/tokens', body)

  it('issues a token that works, and says everything about it', async () => {
    const rules = { name: 'ci', expires_in: '30d', operations: ['chat.*'], models: ['M1'] }
    const { status, body } = await create(rules)
    expect(status).toBe(201)
    expect(body).toEqual({
      limits: null,
      id: expect.stringMatching(/^[0-9A-Za-z]{12}$/) as string,
      token: expect.stringMatching(/^mmg_/) as string,
      user_id: 'ada',
      kind: 'server',
      name: 'ci',
      operations: ['chat.*'],
      models: ['M1'],
      status: 'active',
      created_at: '2026-01-01T00:00:00.000Z',
      expires_at: '2026-01-31T00:00:00.000Z',
      revoked_at: null,
      suspended_at: null,
      suspended_by: null,
      replaced_by: null,
      origins: null,
      cidrs: null,
      last_used_at: null,
      last_used_address: null,
    })
    expect(await outcome(textOf(body, 'token'))).toBe('ada')
  })

  it('issues a token without rules when the body is empty or not there', async () => {
    for (const body of [{}, undefined]) {
      const issued = await create(body)
      expect([issued.status, issued.body]).toMatchObject([
        201,
        { operations: null, models: null, expires_at: null },
      ])
    }
  })

  it('takes a lifetime in seconds', async () => {
    expect((await create({ expires_in: 90 })).body).toMatchObject({ expires_at: '2026-01-01T00:01:30.000Z' })
  })

  it('shows a token by its id', async () => {
    const { body } = await create({ name: 'ci' })
    const shown = await api.call('GET', `/admin/v1/tokens/${textOf(body, 'id')}`)
    expect([shown.status, shown.body]).toMatchObject([200, { id: textOf(body, 'id'), name: 'ci' }])
    expect(shown.body).not.toHaveProperty('token')
    expect((await api.call('GET', '/admin/v1/tokens/000000000000')).status).toBe(404)
  })

  it('changes what is named of a token, from its next request on, and leaves the rest', async () => {
    const { body } = await create({ name: 'ci', operations: ['chat.*'], limits: { concurrency: 1 } })
    const [id, token] = [textOf(body, 'id'), textOf(body, 'token')]
    const identity = async () => api.house.authenticator.authenticate(token)
    expect((await identity()).limited).toMatchObject([{ limits: { concurrency: 1 } }])
    const change = { limits: { requests_per_minute: 5 }, models: ['M1'] }
    const changed = await api.call('PATCH', `/admin/v1/tokens/${id}`, change)
    expect([changed.status, changed.body]).toMatchObject([
      200,
      { name: 'ci', operations: ['chat.*'], ...change },
    ])
    const now = await identity()
    expect(now.limited).toMatchObject([{ kind: 'token', id, limits: { requestsPerMinute: 5 } }])
    expect([now.mayUseModel('M1'), now.mayUseModel('M2')]).toEqual([true, false])
    const none = { name: null, operations: null, models: null, limits: null }
    expect((await api.call('PATCH', `/admin/v1/tokens/${id}`, none)).body).toMatchObject(none)
    expect((await identity()).mayUseOperation('files.list')).toBe(true)
  })

  it.each<[string, object, string | undefined]>([
    ['nothing', {}, undefined],
    ['an operation that is none', { operations: ['chatter.*'] }, 'operations[0]'],
    ['a limit of nothing', { limits: { concurrency: 0 } }, 'limits.concurrency'],
    ['its hash', { hash: '0' }, 'hash'],
    ['a lifetime of nothing', { expires_in: 0 }, 'expires_in'],
    ['its end', { expires_at: null }, 'expires_at'],
  ])('changes nothing by %s', async (_, change, path) => {
    const { body } = await create({ name: 'ci' })
    const url = `/admin/v1/tokens/${textOf(body, 'id')}`
    const answer = await api.call('PATCH', url, change)
    expect([answer.status, answer.body]).toMatchObject([400, { error: path === undefined ? {} : { path } }])
    expect((await api.call('GET', url)).body).toMatchObject({ name: 'ci', operations: null, limits: null })
  })

  it('changes no token that is not there', async () => {
    expect((await api.call('PATCH', '/admin/v1/tokens/000000000000', { name: 'x' })).status).toBe(404)
  })

  it('shows a token once and its hash never', async () => {
    const { body } = await create()
    const token = textOf(body, 'token')
    const hash = api.house.hash(token)
    const answers = [
      await api.call('GET', '/admin/v1/users/ada/tokens'),
      await api.call('GET', '/admin/v1/tokens?user=ada'),
      await api.call('GET', '/admin/v1/users/ada'),
      await api.call('POST', `/admin/v1/tokens/${textOf(body, 'id')}/rotate`, { grace: '1h' }),
      await api.call('DELETE', `/admin/v1/tokens/${textOf(body, 'id')}`),
    ]
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    for (const { text } of answers) {
      expect(text).not.toContain(token)
      expect(text).not.toContain(token.slice(17, 60))
      expect(text).not.toContain(hash)
      expect(text).not.toContain('hash')
    }
  })

  it.each<[string, object, string]>([
    ['an operation that is none', { operations: ['chat.native', 'chat.natve'] }, 'operations[1]'],
    ['a text as operations', { operations: 'chat.*' }, 'operations'],
    ['a number as an operation', { operations: ['*', 1] }, 'operations[1]'],
    [
      'too many operations',
      { operations: Array.from({ length: 201 }, (_, index) => `o${index}`) },
      'operations',
    ],
    ['an operation twice', { operations: ['*', '*'] }, 'operations'],
    ['an empty model', { models: [''] }, 'models[0]'],
    ['null as models', { models: null }, 'models'],
    ['a lifetime of nothing', { expires_in: 0 }, 'expires_in'],
    ['a lifetime in the past', { expires_in: -1 }, 'expires_in'],
    ['a lifetime in words', { expires_in: 'forever' }, 'expires_in'],
    ['a lifetime beyond all dates', { expires_in: '99999999999d' }, 'expires_in'],
    ['a lifetime that is no duration', { expires_in: true }, 'expires_in'],
    ['a long name', { name: 'x'.repeat(101) }, 'name'],
  ])('refuses a token with %s, and says where', async (_, body, path) => {
    const { status, body: answer } = await create(body)
    expect([status, answer]).toMatchObject([400, { error: { code: 'invalid_request', path } }])
    expect((await api.call('GET', '/admin/v1/tokens')).body).toEqual({ items: [], next: null })
  })

  it('shows since when a token is suspended and for which incident, until it is revoked', async () => {
    const { body } = await create()
    const id = textOf(body, 'id')
    await api.house.tokens.suspend(id, 'inc_1')
    const url = `/admin/v1/tokens/${id}`
    const suspension = { suspended_at: '2026-01-01T00:00:00.000Z', suspended_by: 'inc_1' }
    expect((await api.call('GET', url)).body).toMatchObject({ status: 'suspended', ...suspension })
    await api.call('DELETE', url)
    expect((await api.call('GET', url)).body).toMatchObject({ status: 'revoked', ...suspension })
  })

  it('revokes from the next request on, and again without a change', async () => {
    const { body } = await create()
    await outcome(textOf(body, 'token'))
    const url = `/admin/v1/tokens/${textOf(body, 'id')}`
    const first = await api.call('DELETE', url)
    expect([first.status, first.body]).toMatchObject([
      200,
      { status: 'revoked', revoked_at: '2026-01-01T00:00:00.000Z' },
    ])
    expect(await outcome(textOf(body, 'token'))).toBe('token_revoked')
    api.house.clock.move(1000)
    expect((await api.call('DELETE', url)).body).toEqual(first.body)
  })

  it('rotates at once, or with a grace in which both work', async () => {
    const first = textOf((await create()).body, 'id')
    const { body: second } = await api.call('POST', `/admin/v1/tokens/${first}/rotate`)
    const { body: third } = await api.call('POST', `/admin/v1/tokens/${textOf(second, 'id')}/rotate`, {
      grace: '1m',
    })
    expect(await outcome(textOf(second, 'token'))).toBe('ada')
    expect(await outcome(textOf(third, 'token'))).toBe('ada')
    api.house.clock.move(60_000)
    const { body } = await api.call('GET', '/admin/v1/users/ada/tokens')
    expect(body).toMatchObject({
      items: expect.arrayContaining([
        expect.objectContaining({ id: first, status: 'revoked', replaced_by: textOf(second, 'id') }),
        expect.objectContaining({
          id: textOf(second, 'id'),
          status: 'expired',
          replaced_by: textOf(third, 'id'),
        }),
        expect.objectContaining({ id: textOf(third, 'id'), status: 'active', replaced_by: null }),
      ]) as unknown,
    })
  })

  it('does not rotate what has ended', async () => {
    const id = textOf((await create()).body, 'id')
    await api.call('DELETE', `/admin/v1/tokens/${id}`)
    const { status, body } = await api.call('POST', `/admin/v1/tokens/${id}/rotate`)
    expect([status, body]).toMatchObject([409, { error: { code: 'conflict' } }])
  })

  it('lists tokens of all, or of one user, page by page', async () => {
    await api.call('POST', '/admin/v1/users', { id: 'grace' })
    await api.call('POST', '/admin/v1/users/grace/tokens')
    for (const name of ['a', 'b', 'c']) {
      api.house.clock.move(1)
      await create({ name })
    }
    expect((await api.call('GET', '/admin/v1/tokens?user=grace')).body).toMatchObject({
      items: [{ user_id: 'grace' }],
    })
    const first = await api.call('GET', '/admin/v1/users/ada/tokens?limit=2')
    expect(first.body).toMatchObject({ items: [{ name: 'a' }, { name: 'b' }] })
    const rest = await api.call('GET', `/admin/v1/users/ada/tokens?cursor=${textOf(first.body, 'next')}`)
    expect(rest.body).toMatchObject({ items: [{ name: 'c' }], next: null })
    expect((await api.call('GET', '/admin/v1/tokens?user=nobody')).body).toEqual({ items: [], next: null })
  })

  it.each([
    ['POST', '/admin/v1/users/nobody/tokens'],
    ['GET', '/admin/v1/users/nobody/tokens'],
    ['DELETE', '/admin/v1/tokens/000000000000'],
    ['POST', '/admin/v1/tokens/000000000000/rotate'],
  ] as const)('does not find %s %s', async (method, url) => {
    const { status, body } = await api.call(method, url)
    expect([status, body]).toMatchObject([404, { error: { code: 'not_found' } }])
  })

  it('suspends a user with all of its tokens, and lets them in again', async () => {
    const token = textOf((await create()).body, 'token')
    await outcome(token)
    await api.call('PATCH', '/admin/v1/users/ada', { status: 'suspended' })
    expect(await outcome(token)).toBe('user_suspended')
    await api.call('PATCH', '/admin/v1/users/ada', { status: 'active' })
    expect(await outcome(token)).toBe('ada')
  })
})
