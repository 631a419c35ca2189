import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chat, post, speech } from '../helpers/calls.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { speak } from '../metering/sockets.ts'
import { budgetOf, limitedUser, metricOf, standingOf } from './limited.ts'

const MISBEHAVIOURS = [
  'base_resp@1002',
  'base_resp@1008',
  'base_resp@1027',
  'http@500,1000',
  'http@429,1002',
  'reset@200',
  'reset-body',
  'reset-headers',
  'cut@150',
  'garbage',
  'html',
  'delay@5',
  'error-event@2',
  'stall@1',
  'stall-headers',
  'words@5',
] as const

/** Beside requests that succeed there are ones that every stage refuses. */
const PATHS = ['/v1/chat/completions', '/anthropic/v1/messages', '/v1/text/chatcompletion_v2'] as const

describe('after chaos', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({ env: { UPSTREAM_CONCURRENCY: '8', UPSTREAM_QUEUE_TIME: '2s' } })
  })
  afterAll(() => gateway.close())

  it('nothing is held, no call is under way, and what was spent is what the ledger says', async () => {
    const limits = {
      requests_per_minute: 10_000,
      tokens_per_minute: 100_000_000,
      concurrency: 12,
      budgets: [
        { amount: '50', period: 'day' },
        { unit: 'output_tokens', quantity: 10_000_000, period: 'month' },
      ],
    }
    const token = await limitedUser(gateway, { id: 'chaotic', limits, tokenLimits: { concurrency: 10 } })
    let turn = 0
    async function one(): Promise<void> {
      const at = turn++
      const path = PATHS[at % PATHS.length] ?? PATHS[0]
      const scenario = MISBEHAVIOURS[at % MISBEHAVIOURS.length] ?? 'words@5'
      const leaving = new AbortController()
      // Those that never end by themselves end when their caller leaves, the others at every moment of their lives.
      const isEndless = scenario.startsWith('stall')
      const body =
        at % 5 === 0 ? speech() : chat({ model: `scenario:${scenario}`, stream: at % 3 !== 0 || isEndless })
      const target = at % 5 === 0 ? '/v1/t2a_v2' : path
      const done = post(gateway.url, token, target, body, { signal: leaving.signal })
        .then((answer) => answer.text())
        .catch(() => undefined)
      if (isEndless || at % 4 === 0) {
        await gateway.emulator.waitFor((request) => request.path === target).catch(() => undefined)
        leaving.abort()
      }
      await done
    }
    const workers = Array.from({ length: 16 }, async () => {
      for (let round = 0; round < 15; round++) await one()
    })
    await Promise.all([...workers, speak({ url: gateway.url, token, texts: ['Good morning', 'Good night'] })])
    await expect.poll(() => metricOf(gateway, 'holds'), { timeout: 10_000 }).toBe(0)
    expect(await metricOf(gateway, 'held_usd')).toBe(0)
    const { concurrency } = await standingOf(gateway, 'chaotic')
    expect(concurrency).toMatchObject([{ used: 0 }])
    const { used, held } = await budgetOf(gateway, 'chaotic')
    const { items } = await gateway.admin('GET', '/admin/v1/usage?group_by=user')
    expect(held).toBe('0')
    expect(items).toMatchObject([{ charged: used }])
  }, 60_000)
})
