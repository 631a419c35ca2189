import { describe, expect, it } from 'vitest'
import { anAdminServer, textOf } from './helper.ts'

const OFTEN = 'volume_envelope'
const PLACES = 'distinct_sources'

/** An admin API with a token of `ada`, and what is needed to find something about it. */
async function aWatchedToken() {
  const api = await anAdminServer()
  const { body } = await api.call('POST', '/admin/v1/users/ada/tokens', {})
  const tokenId = textOf(body, 'id')
  const finds = (...signals: Parameters<typeof api.abuse.finds>[2][]) =>
    api.abuse.finds(tokenId, 'ada', ...signals)
  const token = async () => (await api.call('GET', `/admin/v1/tokens/${tokenId}`)).body
  return { ...api, tokenId, text: textOf(body, 'token'), finds, token }
}

describe('an incident', () => {
  it('is shown with its evidence', async () => {
    const { call, finds, tokenId } = await aWatchedToken()
    const id = await finds(OFTEN, PLACES)
    expect((await call('GET', `/admin/v1/incidents/${id}`)).body).toEqual({
      id,
      token: tokenId,
      user: 'ada',
      end_user: null,
      state: 'open',
      signal: PLACES,
      response: 'suspend',
      would_be: 'suspend',
      score: expect.any(Number) as number,
      evidence: [
        {
          signal: PLACES,
          family: 'identity',
          strength: 1,
          at: '2026-01-01T00:00:00.000Z',
          facts: { count: 7 },
        },
        {
          signal: OFTEN,
          family: 'volume',
          strength: 1,
          at: '2026-01-01T00:00:00.000Z',
          facts: { count: 7 },
        },
      ],
      strikes: 0,
      opened_at: '2026-01-01T00:00:00.000Z',
      updated_at: '2026-01-01T00:00:00.000Z',
      notified_at: '2026-01-01T00:00:00.000Z',
    })
  })

  it.each([
    ['', 1],
    ['?user=ada', 1],
    ['?user=eve', 0],
    ['?token=TOKEN', 1],
    ['?token=000000000000', 0],
    ['?state=open', 1],
    ['?state=dismissed', 0],
    ['?signal=distinct_sources', 1],
    ['?signal=off_hours', 0],
    ['?user=ada&token=TOKEN&state=open&signal=distinct_sources&limit=1', 1],
  ])('is listed by %s', async (query, count) => {
    const { call, finds, tokenId } = await aWatchedToken()
    await finds(OFTEN, PLACES)
    const { body } = await call('GET', `/admin/v1/incidents${query.replace('TOKEN', tokenId)}`)
    expect(body).toMatchObject({ items: { length: count }, next: null })
  })

  it('is listed page by page, newest first', async () => {
    const { call, abuse, house } = await anAdminServer()
    const ids: string[] = []
    for (let index = 0; index < 3; index++) {
      const { id } = await house.tokens.create('ada')
      house.clock.move(1000)
      ids.unshift(await abuse.finds(id, 'ada', OFTEN, PLACES))
    }
    const first = (await call('GET', '/admin/v1/incidents?limit=2')).body
    expect(first).toMatchObject({ items: [{ id: ids[0] }, { id: ids[1] }] })
    const rest = await call('GET', `/admin/v1/incidents?limit=2&cursor=${textOf(first, 'next')}`)
    expect(rest.body).toMatchObject({ items: [{ id: ids[2] }], next: null })
  })

  it.each([
    ['GET', '/admin/v1/incidents?state=lost', 'state'],
    ['GET', '/admin/v1/incidents?signal=nonsense', 'signal'],
    ['GET', '/admin/v1/incidents?color=red', 'color'],
    ['GET', '/admin/v1/incidents/17', 'id'],
  ] as const)('%s %s is refused by name', async (method, url, path) => {
    const { call } = await anAdminServer()
    expect(await call(method, url)).toMatchObject({ status: 400, body: { error: { path } } })
  })

  it.each([
    ['GET', ''],
    ['POST', '/dismiss'],
    ['POST', '/rotate'],
  ] as const)('that is not there: %s %s answers 404', async (method, action) => {
    const { call } = await anAdminServer()
    expect(await call(method, `/admin/v1/incidents/inc_000000000000${action}`)).toMatchObject({
      status: 404,
      body: { error: { code: 'not_found', message: 'There is no such incident.' } },
    })
  })
})

describe('a dismissal', () => {
  it('reinstates the token, and keeps its signals quiet', async () => {
    const { call, finds, token, tokenId } = await aWatchedToken()
    const id = await finds(OFTEN, PLACES)
    expect(await token()).toMatchObject({ status: 'suspended', suspended_by: id })
    const answer = await call('POST', `/admin/v1/incidents/${id}/dismiss`, { reason: 'load test' })
    expect(answer).toMatchObject({ status: 200, body: { id, state: 'dismissed' } })
    expect(await token()).toMatchObject({ status: 'active', suspended_at: null })
    expect(await finds(OFTEN, PLACES)).toBe(id)
    expect((await call('GET', '/admin/v1/exemptions')).body).toMatchObject({
      items: [
        {
          user: null,
          token: tokenId,
          signals: [PLACES, OFTEN],
          reason: expect.stringContaining('load test') as string,
        },
      ],
    })
  })

  it('needs no reason and may be repeated', async () => {
    const { call, finds } = await aWatchedToken()
    const url = `/admin/v1/incidents/${await finds(OFTEN)}/dismiss`
    expect(await call('POST', url)).toMatchObject({ status: 200, body: { state: 'dismissed' } })
    expect(await call('POST', url)).toMatchObject({ status: 200, body: { state: 'dismissed' } })
    expect((await call('GET', '/admin/v1/exemptions')).body).toMatchObject({ items: { length: 1 } })
  })
})

describe('the rotation of an incident', () => {
  it('gives a new token, ends the old one and closes the incident', async () => {
    const { call, finds, token, house, text } = await aWatchedToken()
    const id = await finds(OFTEN, PLACES)
    const { status, body } = await call('POST', `/admin/v1/incidents/${id}/rotate`)
    expect(status).toBe(200)
    const fresh = textOf(body, 'token')
    expect((await house.authenticator.authenticate(fresh)).tokenId).toBe(textOf(body, 'id'))
    await expect((async () => house.authenticator.authenticate(text))()).rejects.toThrow()
    expect(await token()).toMatchObject({ replaced_by: textOf(body, 'id') })
    expect((await call('GET', `/admin/v1/incidents/${id}`)).body).toMatchObject({ state: 'closed' })
  })

  it('of a token that has ended already is refused', async () => {
    const { call, finds, tokenId } = await aWatchedToken()
    const id = await finds(OFTEN)
    await call('DELETE', `/admin/v1/tokens/${tokenId}`)
    expect((await call('POST', `/admin/v1/incidents/${id}/rotate`)).status).toBe(409)
  })
})

describe('the end of a token', () => {
  it.each([
    ['DELETE', '', undefined, 'closed'],
    ['POST', '/rotate', {}, 'closed'],
    ['POST', '/rotate', { grace: '1h' }, 'open'],
  ] as const)('by %s %s %o leaves its incident %s', async (method, action, body, state) => {
    const { call, finds, tokenId } = await aWatchedToken()
    const id = await finds(OFTEN)
    expect((await call(method, `/admin/v1/tokens/${tokenId}${action}`, body)).status).toBe(200)
    expect((await call('GET', `/admin/v1/incidents/${id}`)).body).toMatchObject({ state })
  })
})

describe('the sources of a user', () => {
  it('are networks, by token', async () => {
    const { call, finds, tokenId } = await aWatchedToken()
    await finds(OFTEN)
    expect((await call('GET', '/admin/v1/users/ada/sources')).body).toEqual({
      items: [
        {
          token: tokenId,
          prefix: '192.0.2.0/24',
          client: 'curl',
          country: null,
          first_seen: '1970-01-01T00:00:00.001Z',
          last_seen: '1970-01-01T00:00:00.002Z',
          calls: 1,
        },
      ],
    })
  })

  it('of nobody are not there', async () => {
    const { call } = await anAdminServer()
    expect((await call('GET', '/admin/v1/users/eve/sources')).status).toBe(404)
  })
})
