import { describe, expect, it } from 'vitest'
import { post } from '../helpers/calls.ts'
import { ADMIN_TOKEN, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { budgetOf, limitedUser } from './limited.ts'

const IMAGE = '/v1/image_generation'
const PICTURE = { model: 'image-01', prompt: 'A lake' }
const VIDEO = { model: 'MiniMax-Hailuo-02', prompt: 'a cat' }
const LIMITS = { budgets: [{ unit: 'videos', quantity: 1, period: 'day' }] }

const remove = (gateway: TestGateway, id: string) =>
  gateway.admin('DELETE', `/admin/v1/users/${id}?objects=keep`)

async function add(gateway: TestGateway, id: string): Promise<Response> {
  return await fetch(`${gateway.adminUrl}/admin/v1/users`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ id }),
  })
}

describe('who is added under the id of an earlier user', () => {
  it('gets none of their answers', async () => {
    await using gateway = await startGateway()
    const headers = { 'idempotency-key': 'the-same' }
    const ask = async (token: string) => {
      const answer = await post(gateway.url, token, IMAGE, PICTURE, { headers })
      await answer.arrayBuffer()
      return [answer.status, answer.headers.get('idempotency-replayed')]
    }
    const first = await limitedUser(gateway, { id: 'ada' })
    expect([await ask(first), await ask(first)]).toEqual([
      [200, null],
      [200, 'true'],
    ])
    await remove(gateway, 'ada')
    const second = await limitedUser(gateway, { id: 'ada' })
    expect([await ask(second), await ask(second)]).toEqual([
      [200, null],
      [200, 'true'],
    ])
    expect(gateway.emulator.accepted.get('image.create')).toBe(2)
  })

  it('is not added while a task of theirs runs, and pays for none of it afterwards', async () => {
    await using gateway = await startGateway({
      emulator: { taskDelayMs: 0 },
      env: { TASK_POLL_MIN: '1s', TASK_POLL_MAX: '1s' },
    })
    const token = await limitedUser(gateway, { id: 'ada', limits: LIMITS })
    await (await post(gateway.url, token, '/v1/video_generation', VIDEO)).arrayBuffer()
    await remove(gateway, 'ada')
    const refused = await add(gateway, 'ada')
    expect([refused.status, await refused.json()]).toMatchObject([
      409,
      {
        error: {
          code: 'conflict',
          path: 'id',
          message: expect.stringContaining('still under way') as string,
        },
      },
    ])
    expect((await add(gateway, 'bob')).status).toBe(201)
    await expect
      .poll(async () => (await add(gateway, 'ada')).status, { timeout: 20_000, interval: 250 })
      .toBe(201)
    await gateway.admin('PATCH', '/admin/v1/users/ada', { limits: LIMITS })
    expect(await budgetOf(gateway, 'ada')).toMatchObject({ used: 0, held: 0, left: 1 })
  })
})
