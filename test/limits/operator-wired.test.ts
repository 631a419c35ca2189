import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { chat, CHAT_PATH, post } from '../helpers/calls.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'

let gateway: TestGateway
let token: string

beforeEach(async () => {
  gateway = await startGateway({ env: { OVERLOAD_DELAY: '0s' }, checksBooks: true })
  await gateway.admin('POST', '/admin/v1/plans', { id: 'trial', prepaid: true, free_credit: '0.01' })
  await gateway.admin('POST', '/admin/v1/users', { id: 'ada', plan: 'trial' })
  const issued = await gateway.admin('POST', '/admin/v1/users/ada/tokens', {})
  token = String(issued.token)
})

afterEach(() => gateway.close())

async function call(): Promise<{ status: number; charged: string | null; text: string }> {
  const answer = await post(gateway.url, token, CHAT_PATH, chat())
  return {
    status: answer.status,
    charged: answer.headers.get('x-gateway-charged'),
    text: await answer.text(),
  }
}

const balance = () => gateway.admin('GET', '/admin/v1/users/ada/balance')
const give = (amount: string) =>
  gateway.admin('POST', '/admin/v1/users/ada/credits', { amount, reason: 'a test' })

describe('what the operator sets', () => {
  it('is spent by calls, down to nothing and no further, and can be given anew', async () => {
    expect(await balance()).toMatchObject({ balance: '0.01', held: '0' })
    const first = await call()
    expect(first.status).toBe(200)
    const { balance: left } = await balance()
    expect(Number(left)).toBeCloseTo(0.01 - Number.parseFloat(first.charged ?? ''), 9)

    expect(await give(`-${String(left)}`)).toMatchObject({ balance: '0' })
    const refused = await call()
    expect([refused.status, refused.text]).toEqual([402, expect.stringContaining('credit_exhausted')])

    await give('1')
    expect((await call()).status).toBe(200)
    expect(await balance()).toMatchObject({ held: '0' })
  })

  it('holds from the next request on: limits of a plan and of a user', async () => {
    await gateway.admin('PATCH', '/admin/v1/plans/trial', { limits: { requests_per_minute: 1 } })
    expect([(await call()).status, (await call()).status]).toEqual([200, 429])
    await gateway.admin('PATCH', '/admin/v1/users/ada', { limits: { requests_per_minute: null } })
    expect((await call()).status).toBe(200)
    const budgets = [{ amount: '0', period: 'day' }]
    await gateway.admin('PATCH', '/admin/v1/users/ada', { limits: { requests_per_minute: null, budgets } })
    const refused = await call()
    expect([refused.status, refused.text]).toEqual([402, expect.stringContaining('budget_exceeded')])
  })

  it('is shown with what was used of it', async () => {
    const budgets = [{ amount: '1', period: 'month' }]
    await gateway.admin('PATCH', '/admin/v1/users/ada', { limits: { requests_per_minute: 60, budgets } })
    const { charged } = await call()
    expect(await gateway.admin('GET', '/admin/v1/users/ada/limits')).toMatchObject({
      rates: [{ of: 'user', name: 'requests_per_minute', limit: 60, used: 1, left: 59 }],
      budgets: [{ limit: '1', used: (charged ?? '').split(' ')[0], held: '0' }],
    })
  })

  it('counts from nothing for users who were charged before they paid ahead', async () => {
    await gateway.admin('PATCH', '/admin/v1/users/ada', { plan: null })
    await gateway.admin('POST', '/admin/v1/users', { id: 'bob' })
    const { token: bobs } = await gateway.admin('POST', '/admin/v1/users/bob/tokens', {})
    expect((await post(gateway.url, String(bobs), CHAT_PATH, chat())).status).toBe(200)
    await gateway.admin('PATCH', '/admin/v1/users/bob', { plan: 'trial' })
    expect(await gateway.admin('GET', '/admin/v1/users/bob/balance')).toMatchObject({ balance: '0.01' })
  })

  it('is redeemed by the code that a user was given', async () => {
    const made = await gateway.admin('POST', '/admin/v1/credit-codes', { amount: '5' })
    const [{ code = '' } = {}] = made.codes as { code?: string }[]
    const redeem = () => post(gateway.url, token, '/gateway/v1/redemptions', { code: code.toLowerCase() })
    expect((await redeem()).status).toBe(201)
    expect((await redeem()).status).toBe(409)
    expect(await balance()).toMatchObject({ balance: '5.01' })
  })
})
