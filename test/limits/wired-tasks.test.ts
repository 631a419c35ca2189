import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startEmulator, type Emulator } from '../../emulator/server.ts'
import { post } from '../helpers/calls.ts'
import { startGatewayProcess, type GatewayProcess } from '../helpers/child.ts'
import { ADMIN_TOKEN, isRecord, MASTER_KEY, startGateway } from '../helpers/gateway.ts'
import { budgetOf, limitedUser, metricOf } from './limited.ts'

const VIDEO = { model: 'MiniMax-Hailuo-02', prompt: 'a cat' }
const LIMITS = { budgets: [{ unit: 'videos', quantity: 1, period: 'day' }] }

async function idOf(answer: Response): Promise<string> {
  return /"task_id":\s*"(\d+)"/.exec(await answer.text())?.[1] ?? ''
}

describe('a task', () => {
  it('holds its cost until it has ended, and is charged then', async () => {
    await using gateway = await startGateway({ checksBooks: true })
    const token = await limitedUser(gateway, { id: 'maker', limits: LIMITS })
    const id = await idOf(await post(gateway.url, token, '/v1/video_generation', VIDEO))
    expect(await budgetOf(gateway, 'maker')).toMatchObject({ used: 0, held: 1, left: 0 })
    expect(await metricOf(gateway, 'held_usd')).toBeGreaterThan(0)
    expect((await post(gateway.url, token, '/v1/video_generation', VIDEO)).status).toBe(402)
    await fetch(`${gateway.url}/v1/query/video_generation?task_id=${id}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    await expect.poll(() => budgetOf(gateway, 'maker')).toMatchObject({ used: 1, held: 0 })
    expect(await metricOf(gateway, 'held_usd')).toBe(0)
  })

  it('that fails gives back what was held', async () => {
    await using gateway = await startGateway({ checksBooks: true })
    const token = await limitedUser(gateway, { id: 'maker', limits: LIMITS })
    gateway.emulator.scenario({ match: { times: 1 }, use: 'task-fail:1027' })
    const id = await idOf(await post(gateway.url, token, '/v1/video_generation', VIDEO))
    await fetch(`${gateway.url}/v1/query/video_generation?task_id=${id}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    await expect.poll(() => budgetOf(gateway, 'maker')).toMatchObject({ used: 0, held: 0, left: 1 })
  })
})

describe('a task whose gateway was killed', () => {
  let emulator: Emulator
  const processes: GatewayProcess[] = []
  beforeEach(async () => {
    emulator = await startEmulator({ keys: [MASTER_KEY], taskDelayMs: 0 })
  })
  afterEach(async () => {
    for (const one of processes) await one.stop('SIGKILL')
    await emulator.close()
  })

  async function admin(
    one: GatewayProcess,
    method: string,
    path: string,
    body?: object,
  ): Promise<Record<string, unknown>> {
    const answer = await fetch(`${one.adminUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${ADMIN_TOKEN}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const value: unknown = await answer.json()
    if (!isRecord(value)) throw new Error(`no object: ${path}`)
    return value
  }

  it('is held for again by the next, and calls that were under way are not', async () => {
    const first = await startGatewayProcess(emulator.url)
    processes.push(first)
    await admin(first, 'POST', '/admin/v1/users', { id: 'maker', name: 'maker', limits: LIMITS })
    const { token } = await admin(first, 'POST', '/admin/v1/users/maker/tokens', {})
    await post(first.url, String(token), '/v1/video_generation', VIDEO)
    await first.stop('SIGKILL')
    const second = await startGatewayProcess(emulator.url, { DATA_DIR: first.dataDir })
    processes.push(second)
    const { budgets } = await admin(second, 'GET', '/admin/v1/users/maker/limits')
    expect(budgets).toMatchObject([{ used: 0, held: 1, left: 0 }])
    expect((await post(second.url, String(token), '/v1/video_generation', VIDEO)).status).toBe(402)
  })
})
