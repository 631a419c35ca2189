import { beforeEach, describe, expect, it, vi } from 'vitest'
import { GatewayError } from '../../../src/errors.ts'
import { anAdminServer, textOf } from './helper.ts'

type Api = Awaited<ReturnType<typeof anAdminServer>>

const ENTRIES = '/admin/v1/users/ada/credits'

describe('the admin API of credit', () => {
  let api: Api
  beforeEach(async () => {
    api = await anAdminServer()
  })

  const balance = async (user = 'ada') => (await api.call('GET', `/admin/v1/users/${user}/balance`)).body
  const give = (amount: string, more: object = {}) =>
    api.call('POST', ENTRIES, { amount, reason: 'an order', ...more })

  it('gives credit and answers with the entry and the new balance', async () => {
    const { status, body } = await give('12.50')
    expect([status, body]).toEqual([
      201,
      {
        id: expect.stringMatching(/^crd_[0-9A-Za-z]{16}$/) as string,
        user_id: 'ada',
        amount: '12.5',
        kind: 'grant',
        reason: 'an order',
        at: '2026-01-01T00:00:00.000Z',
        balance: '12.5',
        currency: 'USD',
      },
    ])
    expect(await balance()).toEqual({ balance: '12.5', held: '0', available: '12.5', currency: 'USD' })
  })

  it('takes credit away as a correction', async () => {
    await give('10')
    expect((await give('-0.000000001')).body).toMatchObject({ kind: 'correction', balance: '9.999999999' })
  })

  it('answers that a change was made although the balance cannot be read', async () => {
    vi.spyOn(api.limits.limiter, 'standing').mockRejectedValueOnce(new GatewayError('store_unavailable'))
    const { status, body } = await give('10', { id: 'order-1' })
    expect([status, body]).toMatchObject([201, { amount: '10', balance: null, currency: 'USD' }])
    expect(await balance()).toMatchObject({ balance: '10' })
    expect((await give('10', { id: 'order-1' })).status).toBe(409)
  })

  it('lists entries newest first, in pages', async () => {
    for (const amount of ['1', '2', '3']) {
      api.house.clock.move(1)
      await give(amount)
    }
    const first = await api.call('GET', `${ENTRIES}?limit=2`)
    expect(first.body).toMatchObject({ items: [{ amount: '3' }, { amount: '2' }] })
    const second = await api.call('GET', `${ENTRIES}?cursor=${textOf(first.body, 'next')}`)
    expect(second.body).toMatchObject({ items: [{ amount: '1' }], next: null })
  })

  it('makes a change with an id of the operator once', async () => {
    expect((await give('5', { id: 'order-1' })).status).toBe(201)
    const again = await give('5', { id: 'order-1' })
    expect([again.status, again.body]).toMatchObject([409, { error: { code: 'conflict', path: 'id' } }])
    expect(await balance()).toMatchObject({ balance: '5' })
  })

  it.each<[string, object, string]>([
    ['a number', { amount: 5, reason: 'x' }, 'amount'],
    ['nothing', { amount: '0.00', reason: 'x' }, 'amount'],
    ['ten decimals', { amount: '0.0000000001', reason: 'x' }, 'amount'],
    ['an exponent', { amount: '1e3', reason: 'x' }, 'amount'],
    ['more than ten million', { amount: '10000000', reason: 'x' }, 'amount'],
    ['no reason', { amount: '1' }, 'reason'],
    ['a reason of two lines', { amount: '1', reason: 'a\nb' }, 'reason'],
    ['an id with a colon', { amount: '1', reason: 'x', id: 'a:b' }, 'id'],
  ])('refuses a change with %s', async (_, body, path) => {
    const { status, body: answer } = await api.call('POST', ENTRIES, body)
    expect([status, answer]).toMatchObject([400, { error: { code: 'invalid_request', path } }])
    expect(await balance()).toMatchObject({ balance: '0' })
  })

  it.each(['GET /credits', 'POST /credits', 'GET /balance', 'GET /limits'])(
    'answers %s of nobody with not_found',
    async (line) => {
      const [method = '', path = ''] = line.split(' ')
      const body = method === 'POST' ? { amount: '1', reason: 'x' } : undefined
      const answer = await api.call(method === 'POST' ? 'POST' : 'GET', `/admin/v1/users/nobody${path}`, body)
      expect([answer.status, answer.body]).toMatchObject([404, { error: { code: 'not_found' } }])
    },
  )

  it('gives the free credit of a plan once to those who pay ahead', async () => {
    await api.call('POST', '/admin/v1/plans', { id: 'trial', prepaid: true, free_credit: '3' })
    await api.call('POST', '/admin/v1/users', { id: 'grace', plan: 'trial' })
    expect(await balance('grace')).toMatchObject({ balance: '3' })
    for (const plan of [null, 'trial']) await api.call('PATCH', '/admin/v1/users/grace', { plan })
    expect(await balance('grace')).toMatchObject({ balance: '3' })
    expect((await api.call('GET', '/admin/v1/users/grace/credits')).body).toMatchObject({
      items: expect.arrayContaining([
        expect.objectContaining({ kind: 'plan', amount: '3' }),
        expect.objectContaining({ kind: 'opening', amount: '0' }),
      ]) as unknown,
    })
  })

  it('gives it to the users of a plan that becomes prepaid, too', async () => {
    await api.call('POST', '/admin/v1/plans', { id: 'trial', free_credit: '3' })
    await api.call('PATCH', '/admin/v1/users/ada', { plan: 'trial' })
    expect(await balance()).toMatchObject({ balance: '0' })
    await api.call('PATCH', '/admin/v1/plans/trial', { prepaid: true })
    expect(await balance()).toMatchObject({ balance: '3' })
  })
})

describe('the admin API of credit codes', () => {
  let api: Api
  beforeEach(async () => {
    api = await anAdminServer()
  })

  const CODES = '/admin/v1/credit-codes'
  interface Issued {
    codes: { id: string; code: string }[]
  }

  it('makes codes that are shown once', async () => {
    const { status, body } = await api.call('POST', CODES, {
      amount: '5',
      uses: 2,
      expires_in: '1h',
      count: 3,
    })
    const { codes } = body as Issued
    expect([status, codes.length, new Set(codes.map(({ code }) => code)).size]).toEqual([201, 3, 3])
    const [first = { id: '', code: '' }] = codes
    expect(first.code).toMatch(/^MMGC(-[0-9A-HJKMNP-TV-Z]{4}){5}$/)
    expect(first.code.slice(5, 14)).toBe(first.id)
    const listed = await api.call('GET', CODES)
    expect(listed.body).toMatchObject({
      items: [0, 1, 2].map(() => ({ amount: '5', uses: 2, used: 0, status: 'active' })),
    })
    for (const { code } of codes) expect(listed.text).not.toContain(code.slice(15))
  })

  it('shows when a code is used up, expired or revoked', async () => {
    const make = async (more: object = {}) => {
      const { body } = await api.call('POST', CODES, { amount: '5', ...more })
      return (body as Issued).codes[0] ?? { id: '', code: '' }
    }
    const used = await make()
    const old = await make({ expires_in: 1 })
    const ended = await make()
    await api.limits.credit.redeem('ada', used.code)
    const revoked = await api.call('DELETE', `${CODES}/${ended.id}`)
    expect([revoked.status, revoked.body]).toMatchObject([200, { status: 'revoked' }])
    api.house.clock.move(1000)
    const { items } = (await api.call('GET', CODES)).body as { items: { id: string; status: string }[] }
    expect(Object.fromEntries(items.map(({ id, status }) => [id, status]))).toEqual({
      [used.id]: 'used_up',
      [old.id]: 'expired',
      [ended.id]: 'revoked',
    })
    expect((await api.call('GET', '/admin/v1/users/ada/balance')).body).toMatchObject({ balance: '5' })
  })

  it.each<[string, object, string]>([
    ['of nothing', { amount: '0' }, 'amount'],
    ['of less than nothing', { amount: '-1' }, 'amount'],
    ['for nobody', { amount: '1', uses: 0 }, 'uses'],
    ['by the thousands', { amount: '1', count: 1001 }, 'count'],
    ['that end as they begin', { amount: '1', expires_in: 0 }, 'expires_in'],
    ['that end soon', { amount: '1', expires_in: 'soon' }, 'expires_in'],
    ['that end beyond all dates', { amount: '1', expires_in: '100000000d' }, 'expires_in'],
  ])('refuses codes %s', async (_, body, path) => {
    const answer = await api.call('POST', CODES, body)
    expect([answer.status, answer.body]).toMatchObject([400, { error: { code: 'invalid_request', path } }])
    expect((await api.call('GET', CODES)).body).toMatchObject({ items: [] })
  })

  it('does not know a code that is not there', async () => {
    expect((await api.call('DELETE', `${CODES}/0000-0000`)).status).toBe(404)
  })
})

describe('the admin API of how limits stand', () => {
  it('shows those of a user, and of a token with its user', async () => {
    const api = await anAdminServer()
    const budgets = [
      { amount: '1', period: 'day' },
      { unit: 'images', quantity: 10, period: 'total', hard: false },
    ]
    const limits = { requests_per_minute: 60, concurrency: 2, budgets }
    await api.call('PATCH', '/admin/v1/users/ada', { limits, prepaid: true })
    const { body } = await api.call('POST', '/admin/v1/users/ada/tokens', { limits: { concurrency: 1 } })
    const ofUser = {
      rates: [{ of: 'user', model: null, name: 'requests_per_minute', limit: 60, used: 0, left: 60 }],
      concurrency: [{ of: 'user', model: null, limit: 2, used: 0, left: 2 }],
      budgets: [
        {
          of: 'user',
          currency: 'USD',
          unit: null,
          period: 'day',
          hard: true,
          limit: '1',
          used: '0',
          held: '0',
          left: '1',
          resets_at: '2026-01-02T00:00:00.000Z',
        },
        { of: 'user', unit: 'images', period: 'total', hard: false, limit: 10, left: 10, resets_at: null },
      ],
      credit: { balance: '0', held: '0', available: '0', currency: 'USD' },
    }
    const shown = await api.call('GET', '/admin/v1/users/ada/limits')
    expect([shown.status, shown.body]).toMatchObject([200, ofUser])
    expect((await api.call('GET', `/admin/v1/tokens/${textOf(body, 'id')}/limits`)).body).toMatchObject({
      ...ofUser,
      concurrency: [...ofUser.concurrency, { of: 'token', model: null, limit: 1, used: 0, left: 1 }],
    })
    expect((await api.call('GET', '/admin/v1/tokens/000000000000/limits')).status).toBe(404)
  })

  it('shows nothing where nothing is limited', async () => {
    const api = await anAdminServer()
    expect((await api.call('GET', '/admin/v1/users/ada/limits')).body).toEqual({
      rates: [],
      concurrency: [],
      budgets: [],
      credit: null,
    })
  })
})
