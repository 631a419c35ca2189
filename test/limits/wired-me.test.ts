import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chat, post } from '../helpers/calls.ts'
import { isRecord, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { limitedUser, listOf } from './limited.ts'

describe('what users are told of their own limits', () => {
  let gateway: TestGateway
  let token: string
  beforeAll(async () => {
    gateway = await startGateway()
    token = await limitedUser(gateway, {
      id: 'curious',
      limits: {
        requests_per_minute: 60,
        concurrency: 4,
        budgets: [
          { amount: '10', period: 'month' },
          { unit: 'images', quantity: 4, period: 'day' },
        ],
      },
    })
    await (await post(gateway.url, token, '/v1/chat/completions', chat())).text()
    await (await post(gateway.url, token, '/v1/image_generation', { model: 'image-01', prompt: 'x' })).text()
  })
  afterAll(() => gateway.close())

  const get = async (path: string): Promise<unknown> =>
    (await fetch(`${gateway.url}${path}`, { headers: { authorization: `Bearer ${token}` } })).json()

  it('names limits, what is used, held and left, and when they start anew', async () => {
    expect(await get('/gateway/v1/me')).toMatchObject({
      user: 'curious',
      prepaid: false,
      limits: {
        rates: [{ of: 'user', name: 'requests_per_minute', limit: 60, used: 2, left: 58 }],
        concurrency: [{ limit: 4, used: 0, left: 4 }],
        budgets: [
          { currency: 'USD', period: 'month', limit: '10', held: '0' },
          { unit: 'images', period: 'day', limit: 4, used: 1, held: 0, left: 3 },
        ],
        credit: null,
      },
    })
  })

  it('is told by the account operations in the shape of MiniMax, and is no other user’s', async () => {
    const remains = await get('/v1/token_plan/remains')
    expect(remains).toMatchObject({ base_resp: { status_code: 0 } })
    const groups = isRecord(remains) ? listOf(remains.model_remains).filter(isRecord) : []
    expect(groups.find(({ model_name: name }) => name === 'image-01')).toMatchObject({
      current_interval_total_count: 4,
      current_interval_usage_count: 1,
      current_interval_remaining_percent: 75,
    })
    const other = await gateway.token({}, 'other')
    const answer = await fetch(`${gateway.url}/gateway/v1/me`, {
      headers: { authorization: `Bearer ${other.token}` },
    })
    expect(await answer.json()).toMatchObject({
      user: 'other',
      limits: { rates: [], concurrency: [], budgets: [], credit: null },
    })
  })

  it('is refused without a token', async () => {
    expect((await fetch(`${gateway.url}/gateway/v1/me`)).status).toBe(401)
  })
})
