import { beforeEach, describe, expect, it } from 'vitest'
import { anAdminServer } from './helper.ts'

type Api = Awaited<ReturnType<typeof anAdminServer>>

const LIMITS = {
  requests_per_minute: 60,
  tokens_per_minute: null,
  concurrency: 3,
  max_output_tokens: 4096,
  models: { 'MiniMax-M2.5': { requests_per_minute: 10 } },
  budgets: [
    { amount: '12.5', period: 'month', hard: true },
    { unit: 'images', quantity: 100, period: 'day', hard: false },
    { unit: 'video_seconds', quantity: 7.125, period: 'total', hard: true },
  ],
}

describe('the admin API of plans', () => {
  let api: Api
  beforeEach(async () => {
    api = await anAdminServer()
  })

  const pro = {
    id: 'pro',
    name: 'Pro',
    limits: LIMITS,
    end_user_limits: null,
    multiplier: '0.4',
    operations: ['chat.*'],
    models: ['MiniMax-M2.5'],
    prepaid: true,
    free_credit: '5',
  }
  const times = { created_at: '2026-01-01T00:00:00.000Z', updated_at: '2026-01-01T00:00:00.000Z' }

  it('adds a plan and shows what it added', async () => {
    const added = await api.call('POST', '/admin/v1/plans', pro)
    expect([added.status, added.body]).toEqual([201, { ...pro, ...times }])
    expect((await api.call('GET', '/admin/v1/plans/pro')).body).toEqual(added.body)
    expect((await api.call('GET', '/admin/v1/plans')).body).toEqual({ items: [added.body], next: null })
  })

  it('adds a plan that says nothing', async () => {
    const { body } = await api.call('POST', '/admin/v1/plans', { id: 'free' })
    expect(body).toMatchObject({ limits: {}, multiplier: null, prepaid: false, free_credit: '0' })
  })

  it('changes what is named and leaves the rest', async () => {
    await api.call('POST', '/admin/v1/plans', pro)
    const change = { limits: { concurrency: 1 }, models: null }
    const { status, body } = await api.call('PATCH', '/admin/v1/plans/pro', change)
    expect([status, body]).toEqual([200, { ...pro, ...times, ...change }])
  })

  it('lists plans by id, in pages', async () => {
    for (const id of ['c', 'a', 'b']) await api.call('POST', '/admin/v1/plans', { id })
    const first = await api.call('GET', '/admin/v1/plans?limit=2')
    expect(first.body).toMatchObject({ items: [{ id: 'a' }, { id: 'b' }] })
    const { next } = first.body as { next: string }
    const second = await api.call('GET', `/admin/v1/plans?cursor=${next}`)
    expect(second.body).toMatchObject({ items: [{ id: 'c' }], next: null })
  })

  it('removes a plan, but not while a user has it', async () => {
    await api.call('POST', '/admin/v1/plans', { id: 'pro' })
    await api.call('PATCH', '/admin/v1/users/ada', { plan: 'pro' })
    const refused = await api.call('DELETE', '/admin/v1/plans/pro')
    expect([refused.status, refused.body]).toMatchObject([409, { error: { code: 'conflict' } }])
    await api.call('PATCH', '/admin/v1/users/ada', { plan: null })
    expect((await api.call('DELETE', '/admin/v1/plans/pro')).status).toBe(200)
    expect((await api.call('GET', '/admin/v1/plans/pro')).status).toBe(404)
  })

  it.each<[string, object, string]>([
    ['no id', {}, 'id'],
    ['an id with a slash', { id: 'a/b' }, 'id'],
    ['a rate of 0', { id: 'x', limits: { requests_per_minute: 0 } }, 'limits.requests_per_minute'],
    ['a rate that is a text', { id: 'x', limits: { concurrency: '5' } }, 'limits.concurrency'],
    ['an unknown limit', { id: 'x', limits: { rpm: 5 } }, 'limits.rpm'],
    ['limits of null', { id: 'x', limits: null }, 'limits'],
    [
      'an unknown limit of a model',
      { id: 'x', limits: { models: { m: { rpm: 5 } } } },
      'limits.models.m.rpm',
    ],
    ['a budget of nothing', { id: 'x', limits: { budgets: [{ period: 'day' }] } }, 'limits.budgets[0]'],
    [
      'a budget of both',
      { id: 'x', limits: { budgets: [{ amount: '1', unit: 'images', quantity: 1, period: 'day' }] } },
      'limits.budgets[0]',
    ],
    [
      'a budget of a week',
      { id: 'x', limits: { budgets: [{ amount: '1', period: 'week' }] } },
      'limits.budgets[0].period',
    ],
    [
      'a budget below 0',
      { id: 'x', limits: { budgets: [{ amount: '-1', period: 'day' }] } },
      'limits.budgets[0].amount',
    ],
    [
      'half an image',
      { id: 'x', limits: { budgets: [{ unit: 'images', quantity: 0.5, period: 'day' }] } },
      'limits.budgets[0].quantity',
    ],
    [
      'an unknown unit',
      { id: 'x', limits: { budgets: [{ unit: 'pictures', quantity: 5, period: 'day' }] } },
      'limits.budgets[0].unit',
    ],
    [
      'the same budget twice',
      {
        id: 'x',
        limits: {
          budgets: [
            { amount: '1', period: 'day' },
            { amount: '2', period: 'day' },
          ],
        },
      },
      'limits.budgets[1]',
    ],
    ['an unknown operation', { id: 'x', operations: ['chat.natve'] }, 'operations[0]'],
    ['a credit that is a number', { id: 'x', free_credit: 5 }, 'free_credit'],
    ['a credit below 0', { id: 'x', free_credit: '-5' }, 'free_credit'],
  ])('refuses a plan with %s, and says where', async (_, body, path) => {
    const { status, body: answer } = await api.call('POST', '/admin/v1/plans', body)
    expect([status, answer]).toMatchObject([400, { error: { code: 'invalid_request', path } }])
    expect((await api.call('GET', '/admin/v1/plans')).body).toMatchObject({ items: [] })
  })

  it('says what would be right of the very field that is wrong', async () => {
    const body = { id: 'x', limits: { budgets: [{ amount: '1', period: 'week' }] } }
    expect((await api.call('POST', '/admin/v1/plans', body)).text).toContain(
      'One of hour, day, month, total.',
    )
  })

  it('refuses an id that is taken, and a change of what is not there', async () => {
    await api.call('POST', '/admin/v1/plans', { id: 'pro' })
    expect((await api.call('POST', '/admin/v1/plans', { id: 'pro' })).status).toBe(409)
    expect((await api.call('PATCH', '/admin/v1/plans/other', { name: 'x' })).status).toBe(404)
    expect((await api.call('DELETE', '/admin/v1/plans/other')).status).toBe(404)
  })

  it('shows with a user what holds for them, their own over their plan', async () => {
    await api.call('POST', '/admin/v1/plans', pro)
    const limits = { concurrency: 9, budgets: null }
    await api.call('PATCH', '/admin/v1/users/ada', { plan: 'pro', limits, prepaid: false })
    const { budgets: _, tokens_per_minute: __, ...rest } = LIMITS
    expect((await api.call('GET', '/admin/v1/users/ada')).body).toMatchObject({
      limits,
      prepaid: false,
      effective: { plan: 'pro', limits: { ...rest, concurrency: 9 }, multiplier: '0.4', prepaid: false },
    })
    await api.call('PATCH', '/admin/v1/users/ada', { plan: 'a label', limits: null, prepaid: null })
    expect((await api.call('GET', '/admin/v1/users/ada')).body).toMatchObject({
      plan: 'a label',
      limits: null,
      effective: { plan: null, limits: {}, prepaid: false },
    })
  })
})
