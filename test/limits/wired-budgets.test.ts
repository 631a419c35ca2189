import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chat, CHATS, post } from '../helpers/calls.ts'
import { isRecord, requestLines, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { budgetOf, limitedUser, metricOf, standingOf } from './limited.ts'

const IMAGE = { model: 'image-01', prompt: 'a cat', n: 1 }
const PATH = '/v1/image_generation'

/** What an image costs, by a call that nothing limits. */
async function priceOf(gateway: TestGateway): Promise<bigint> {
  const { token } = await gateway.token({}, 'unlimited')
  const answer = await post(gateway.url, token, PATH, IMAGE)
  await answer.text()
  return BigInt(Math.round(Number(answer.headers.get('x-gateway-charged')) * 1e9))
}

const amount = (nano: bigint): string => (Number(nano) / 1e9).toFixed(9)

describe('a budget', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({ checksBooks: true })
  })
  afterAll(() => gateway.close())

  it.each([
    ['units', { unit: 'images', quantity: 10, period: 'day' }],
    ['money', { period: 'month' }],
  ])('of %s for ten lets exactly ten of 200 parallel calls in', async (name, rule) => {
    const id = `parallel-${name}`
    const budget = 'unit' in rule ? rule : { ...rule, amount: amount(10n * (await priceOf(gateway))) }
    const token = await limitedUser(gateway, { id, limits: { budgets: [budget] } })
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => post(gateway.url, token, PATH, IMAGE)),
    )
    const statuses = await Promise.all(answers.map(async (answer) => (await answer.text(), answer.status)))
    expect(statuses.filter((status) => status === 200)).toHaveLength(10)
    expect(statuses.filter((status) => status === 402)).toHaveLength(190)
    expect(await budgetOf(gateway, id)).toMatchObject({ held: name === 'units' ? 0 : '0' })
    expect(await metricOf(gateway, 'held_usd')).toBe(0)
  })

  it.each(CHATS)('that is used up is refused with 402 in the dialect %s', async (dialect, path) => {
    const limits = { budgets: [{ amount: '0.000000001', period: 'day' }] }
    const token = await limitedUser(gateway, { id: `poor-${dialect}`, limits })
    const answer = await post(gateway.url, token, path, chat())
    const body: unknown = await answer.json()
    expect(answer.status).toBe(402)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    if (dialect === 'native') expect(body).toMatchObject({ base_resp: { status_code: 1008 } })
    else expect(isRecord(body) && isRecord(body.error)).toBe(true)
    expect(requestLines(gateway).at(-1)).toMatchObject({ outcome: 'caller_over_budget' })
  })

  it('that is soft lets calls go on, and is told of once', async () => {
    const limits = { budgets: [{ unit: 'images', quantity: 1, period: 'day', hard: false }] }
    const token = await limitedUser(gateway, { id: 'soft', limits })
    for (let turn = 0; turn < 3; turn++)
      expect((await post(gateway.url, token, PATH, IMAGE)).status).toBe(200)
    expect(await metricOf(gateway, 'soft_budgets_passed_total')).toBe(1)
    expect(await budgetOf(gateway, 'soft')).toMatchObject({ used: 3, hard: false })
  })

  it('of a token holds beside that of its user', async () => {
    const token = await limitedUser(gateway, {
      id: 'both',
      limits: { budgets: [{ unit: 'images', quantity: 100, period: 'day' }] },
      tokenLimits: { budgets: [{ unit: 'images', quantity: 2, period: 'day' }] },
    })
    const statuses: number[] = []
    for (let turn = 0; turn < 3; turn++) statuses.push((await post(gateway.url, token, PATH, IMAGE)).status)
    expect(statuses).toEqual([200, 200, 402])
  })

  it('counts what was used before it was set', async () => {
    const { token } = await gateway.token({}, 'late')
    await (await post(gateway.url, token, PATH, IMAGE)).text()
    await gateway.admin('PATCH', '/admin/v1/users/late', {
      limits: { budgets: [{ unit: 'images', quantity: 2, period: 'day' }] },
    })
    expect(await budgetOf(gateway, 'late')).toMatchObject({ used: 1, left: 1 })
    const statuses: number[] = []
    for (let turn = 0; turn < 2; turn++) statuses.push((await post(gateway.url, token, PATH, IMAGE)).status)
    expect(statuses).toEqual([200, 402])
  })

  it('that a call held for more than it used is charged what it used', async () => {
    const limits = { budgets: [{ amount: '5', period: 'day' }] }
    const token = await limitedUser(gateway, { id: 'settled', limits })
    const answer = await post(gateway.url, token, '/v1/chat/completions', chat({ max_tokens: 100_000 }))
    await answer.text()
    const { used, held } = await budgetOf(gateway, 'settled')
    expect(held).toBe('0')
    expect(used).toBe(answer.headers.get('x-gateway-charged'))
  })

  it('of a plan holds for each of its users, and a change of it from the next call on', async () => {
    await gateway.admin('POST', '/admin/v1/plans', {
      id: 'small',
      limits: { budgets: [{ unit: 'images', quantity: 1, period: 'day' }] },
    })
    const token = await limitedUser(gateway, { id: 'planned', plan: 'small' })
    expect((await post(gateway.url, token, PATH, IMAGE)).status).toBe(200)
    expect((await post(gateway.url, token, PATH, IMAGE)).status).toBe(402)
    await gateway.admin('PATCH', '/admin/v1/plans/small', {
      limits: { budgets: [{ unit: 'images', quantity: 2, period: 'day' }] },
    })
    expect((await post(gateway.url, token, PATH, IMAGE)).status).toBe(200)
    expect((await post(gateway.url, token, PATH, IMAGE)).status).toBe(402)
    expect(await standingOf(gateway, 'planned')).toMatchObject({ budgets: [{ used: 2, left: 0 }] })
  })
})
