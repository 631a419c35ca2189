import { describe, expect, it } from 'vitest'
import { anAdminServer, textOf } from './helper.ts'

const VALID = { user: 'ada', reason: 'a crawl that we know', expires_in: '7d' }

describe('an exemption', () => {
  it('of a user is made, listed and removed', async () => {
    const { call } = await anAdminServer()
    const made = await call('POST', '/admin/v1/exemptions', { ...VALID, signals: ['off_hours'] })
    const id = textOf(made.body, 'id')
    const view = {
      id,
      user: 'ada',
      end_user: null,
      token: null,
      signals: ['off_hours'],
      reason: 'a crawl that we know',
      created_at: '2026-01-01T00:00:00.000Z',
      expires_at: '2026-01-08T00:00:00.000Z',
    }
    expect(made).toMatchObject({ status: 201, body: view })
    expect((await call('GET', '/admin/v1/exemptions')).body).toEqual({ items: [view], next: null })
    expect(await call('DELETE', `/admin/v1/exemptions/${id}`)).toMatchObject({ status: 200, body: view })
    expect((await call('GET', '/admin/v1/exemptions')).body).toEqual({ items: [], next: null })
    expect((await call('DELETE', `/admin/v1/exemptions/${id}`)).status).toBe(404)
  })

  it('keeps its token from being suspended, and what was found is recorded', async () => {
    const { call, abuse, house } = await anAdminServer()
    const { id: token } = await house.tokens.create('ada')
    await call('POST', '/admin/v1/exemptions', { ...VALID, user: undefined, token })
    const id = await abuse.finds(token, 'ada', 'volume_envelope', 'distinct_sources')
    expect((await call('GET', `/admin/v1/incidents/${id}`)).body).toMatchObject({
      response: 'watch',
      would_be: 'suspend',
    })
  })

  it('ends', async () => {
    const { call, house } = await anAdminServer()
    await call('POST', '/admin/v1/exemptions', VALID)
    house.clock.move(7 * 24 * 3_600_000)
    expect((await call('GET', '/admin/v1/exemptions')).body).toEqual({ items: [], next: null })
  })

  it.each([
    ['of nobody', { user: undefined }, 400, 'user'],
    ['of two', { token: '000000000000' }, 400, 'user'],
    ['of a user who is not there', { user: 'eve' }, 404, undefined],
    ['of a token that is not there', { user: undefined, token: '000000000000' }, 404, undefined],
    ['of no signal', { signals: [] }, 400, 'signals'],
    ['of an unknown signal', { signals: ['*'] }, 400, 'signals[0]'],
    ['without a reason', { reason: undefined }, 400, 'reason'],
    ['without an end', { expires_in: undefined }, 400, 'expires_in'],
    ['that ends at once', { expires_in: 0 }, 400, 'expires_in'],
    ['that is too long', { expires_in: '2161h' }, 400, 'expires_in'],
    ['for a time that is none', { expires_in: 'soon' }, 400, 'expires_in'],
  ])('%s is refused', async (_, change, status, path) => {
    const { call } = await anAdminServer()
    const answer = await call('POST', '/admin/v1/exemptions', { ...VALID, ...change })
    expect(answer.status).toBe(status)
    expect(answer.body).toMatchObject({ error: path === undefined ? {} : { path } })
    expect((await call('GET', '/admin/v1/exemptions')).body).toEqual({ items: [], next: null })
  })

  it('of 90 days is the longest', async () => {
    const { call } = await anAdminServer()
    expect((await call('POST', '/admin/v1/exemptions', { ...VALID, expires_in: '90d' })).status).toBe(201)
  })
})
