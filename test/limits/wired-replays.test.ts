import { describe, expect, it } from 'vitest'
import { post, speech } from '../helpers/calls.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { sendRaw } from '../helpers/wire.ts'
import { limitedUser, metricOf } from './limited.ts'

const IMAGE = '/v1/image_generation'
const PICTURE = { model: 'image-01', prompt: 'A lake' }
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

const withKey = async (gateway: TestGateway, token: string, key: string) => {
  const answer = await post(gateway.url, token, IMAGE, PICTURE, { headers: { 'idempotency-key': key } })
  await answer.arrayBuffer()
  return answer
}

/** Answers of the gateway itself, none of which reaches upstream. */
const OWN: readonly (readonly [string, (gateway: TestGateway, token: string) => Promise<Response>])[] = [
  ['a replayed answer', (gateway, token) => withKey(gateway, token, 'same')],
  [
    'a list of their own files',
    ({ url }, token) => fetch(`${url}/v1/files/list?purpose=t2a_async_input`, { headers: bearer(token) }),
  ],
  ['their quota', ({ url }, token) => fetch(`${url}/v1/token_plan/remains`, { headers: bearer(token) })],
  ['their usage', ({ url }, token) => fetch(`${url}/gateway/v1/usage`, { headers: bearer(token) })],
]

describe('answers for which nothing goes upstream', () => {
  it.each(OWN)('count as requests: %s', async (_, ask) => {
    await using gateway = await startGateway({ checksBooks: true })
    const token = await limitedUser(gateway, { id: 'ada', limits: { requests_per_minute: 4 } })
    await withKey(gateway, token, 'same')
    const statuses: number[] = []
    for (let at = 0; at < 5; at++) {
      const answer = await ask(gateway, token)
      if (!answer.bodyUsed) await answer.arrayBuffer()
      statuses.push(answer.status)
      if (answer.status === 429) expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    }
    expect(statuses).toEqual([200, 200, 200, 429, 429])
    expect(gateway.emulator.accepted.get('image.create')).toBe(1)
    expect(await metricOf(gateway, 'held_usd')).toBe(0)
  })

  it('cost nothing and need no money', async () => {
    await using gateway = await startGateway({ checksBooks: true })
    const token = await limitedUser(gateway, {
      id: 'ada',
      limits: { budgets: [{ unit: 'images', quantity: 1, period: 'day' }] },
    })
    expect((await withKey(gateway, token, 'same')).status).toBe(200)
    expect((await withKey(gateway, token, 'other')).status).toBe(402)
    const again = await withKey(gateway, token, 'same')
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true'])
    expect((await gateway.admin('GET', '/admin/v1/requests?user=ada')).items).toHaveLength(1)
  })

  it('tell how the limits of a minute stand', async () => {
    await using gateway = await startGateway()
    const token = await limitedUser(gateway, { id: 'ada', limits: { requests_per_minute: 9 } })
    await withKey(gateway, token, 'same')
    const again = await withKey(gateway, token, 'same')
    expect(again.headers.get('ratelimit')).toMatch(/^"requests";r=7;t=\d+$/)
    expect(again.headers.get('x-ratelimit-remaining-requests')).toBe('7')
  })

  it('wait for no place of their own, and have none while a call has it', async () => {
    await using gateway = await startGateway()
    const token = await limitedUser(gateway, { id: 'ada', limits: { concurrency: 1 } })
    for (let at = 0; at < 20; at++) expect((await withKey(gateway, token, 'same')).status).toBe(200)
    const slow = post(gateway.url, token, '/v1/t2a_v2', speech({ model: 'scenario:delay:400' }))
    await gateway.emulator.waitFor(({ operation, complete }) => operation === 'speech.sync' && complete)
    expect((await withKey(gateway, token, 'same')).status).toBe(429)
    await (await slow).arrayBuffer()
    expect((await withKey(gateway, token, 'same')).status).toBe(200)
  })

  it('leave their place when the caller leaves', async () => {
    await using gateway = await startGateway()
    const token = await limitedUser(gateway, { id: 'ada', limits: { concurrency: 1 } })
    const head = `GET /v1/token_plan/remains HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nConnection: close\r\n\r\n`
    for (let at = 0; at < 10; at++) expect((await sendRaw(gateway.url, head)).status).toBe(200)
  })

  it('are given to whoever asks how their limits stand, however many requests they made', async () => {
    await using gateway = await startGateway()
    const token = await limitedUser(gateway, {
      id: 'ada',
      limits: { requests_per_minute: 1, concurrency: 1 },
    })
    expect((await withKey(gateway, token, 'a')).status).toBe(200)
    expect((await withKey(gateway, token, 'b')).status).toBe(429)
    for (let at = 0; at < 3; at++) {
      const me = await fetch(`${gateway.url}/gateway/v1/me`, { headers: bearer(token) })
      expect(await me.json()).toMatchObject({ limits: { rates: [{ used: 1, left: 0 }] } })
    }
  })
})
