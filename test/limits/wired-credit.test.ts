import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chat, post } from '../helpers/calls.ts'
import { isRecord, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { limitedUser, listOf, metricOf } from './limited.ts'

const IMAGE = { model: 'image-01', prompt: 'a cat', n: 1 }

describe('a user who pays ahead', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({ checksBooks: true })
  })
  afterAll(() => gateway.close())

  const balance = (id: string) => gateway.admin('GET', `/admin/v1/users/${id}/balance`)
  const image = (token: string) => post(gateway.url, token, '/v1/image_generation', IMAGE)

  it('without credit is refused with 402, and nothing goes upstream', async () => {
    const token = await limitedUser(gateway, { id: 'broke', prepaid: true })
    const accepted = gateway.emulator.acceptLog().length
    expect((await image(token)).status).toBe(402)
    expect((await post(gateway.url, token, '/v1/chat/completions', chat())).status).toBe(402)
    expect(gateway.emulator.acceptLog()).toHaveLength(accepted)
  })

  it('spends exactly what they were given', async () => {
    const token = await limitedUser(gateway, { id: 'paying', prepaid: true })
    const first = await gateway.token({}, 'free-rider')
    const price = Number((await image(first.token)).headers.get('x-gateway-charged'))
    const amount = (7 * price + price / 2).toFixed(9)
    await gateway.admin('POST', '/admin/v1/users/paying/credits', { amount, reason: 'paid' })
    const answers = await Promise.all(Array.from({ length: 50 }, () => image(token)))
    await Promise.all(answers.map((answer) => answer.text()))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(7)
    expect(await balance('paying')).toMatchObject({ held: '0' })
    expect(Number((await balance('paying')).balance)).toBeCloseTo(price / 2, 9)
    expect(await metricOf(gateway, 'held_usd')).toBe(0)
  })

  it('gets the free credit of their plan once, and no debt of an earlier user of their id', async () => {
    await gateway.admin('POST', '/admin/v1/plans', { id: 'trial', prepaid: true, free_credit: '1.5' })
    const token = await limitedUser(gateway, { id: 'trier', plan: 'trial' })
    await (await image(token)).text()
    await gateway.admin('PATCH', '/admin/v1/users/trier', { plan: 'trial' })
    expect(Number((await balance('trier')).available)).toBeLessThan(1.5)
    await gateway.admin('PATCH', '/admin/v1/users/trier', { status: 'suspended' })
    await gateway.admin('DELETE', '/admin/v1/users/trier?objects=keep')
    await limitedUser(gateway, { id: 'trier', plan: 'trial' })
    expect(await balance('trier')).toMatchObject({ balance: '1.5', available: '1.5', held: '0' })
  })

  it('who used the gateway before is charged only for what comes after', async () => {
    const { token } = await gateway.token({}, 'convert')
    await (await image(token)).text()
    await gateway.admin('PATCH', '/admin/v1/users/convert', { prepaid: true })
    expect(await balance('convert')).toMatchObject({ balance: '0' })
    expect((await image(token)).status).toBe(402)
    await gateway.admin('POST', '/admin/v1/users/convert/credits', { amount: '1', reason: 'paid' })
    expect((await image(token)).status).toBe(200)
  })

  it('redeems a code by themselves, once', async () => {
    const token = await limitedUser(gateway, { id: 'redeemer', prepaid: true })
    const { codes } = await gateway.admin('POST', '/admin/v1/credit-codes', { amount: '2', uses: 5 })
    const [first] = listOf(codes)
    const code = isRecord(first) ? first.code : first
    const redeem = () => post(gateway.url, token, '/gateway/v1/redemptions', { code })
    const answer = await redeem()
    expect(answer.status).toBe(201)
    expect(await answer.json()).toEqual({ amount: '2', currency: 'USD' })
    expect((await redeem()).status).toBe(409)
    expect(await balance('redeemer')).toMatchObject({ available: '2' })
    expect((await image(token)).status).toBe(200)
  })

  it('is told by the account operations what they have, in the shape of MiniMax', async () => {
    const token = await limitedUser(gateway, { id: 'asker', prepaid: true })
    await gateway.admin('POST', '/admin/v1/users/asker/credits', { amount: '12.5', reason: 'paid' })
    const answer = await fetch(`${gateway.url}/account/query_balance`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(await answer.json()).toMatchObject({
      available_amount: '12.50',
      owed_amount: '0.00',
      base_resp: { status_code: 0 },
    })
  })
})
