import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { speak } from '../metering/sockets.ts'
import { budgetOf, limitedUser, metricOf } from './limited.ts'

describe('a session over a WebSocket', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({ checksBooks: true })
  })
  afterAll(() => gateway.close())

  it('is refused before it is accepted when the budget has no room for one', async () => {
    const limits = { budgets: [{ unit: 'characters', quantity: 10, period: 'day' }] }
    const token = await limitedUser(gateway, { id: 'quiet', limits })
    const { messages, code } = await speak({ url: gateway.url, token, texts: ['Good morning'] })
    expect(messages).toEqual([])
    expect(code).toBe(1006)
  })

  it('is charged what it spoke, and holds nothing afterwards', async () => {
    const limits = { budgets: [{ unit: 'characters', quantity: 50_000, period: 'day' }], concurrency: 1 }
    const token = await limitedUser(gateway, { id: 'speaker', limits })
    await speak({ url: gateway.url, token, texts: ['Good morning', 'Good night'] })
    await expect.poll(() => metricOf(gateway, 'holds'), { timeout: 10_000 }).toBe(0)
    expect(await budgetOf(gateway, 'speaker')).toMatchObject({ used: 22, held: 0 })
  })

  it('ends when it has used what is left', async () => {
    const limits = { budgets: [{ unit: 'characters', quantity: 10_020, period: 'day' }] }
    const token = await limitedUser(gateway, { id: 'talker', limits })
    const { messages, code } = await speak({
      url: gateway.url,
      token,
      texts: Array.from({ length: 20 }, () => 'x'.repeat(1000)),
    })
    expect(code).toBe(1008)
    expect(messages.at(-1)).toContain('task_failed')
    await expect.poll(() => metricOf(gateway, 'holds'), { timeout: 10_000 }).toBe(0)
    expect(await budgetOf(gateway, 'talker')).toMatchObject({ used: 10_000, held: 0 })
  })
})
