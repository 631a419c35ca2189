import { expect, it } from 'vitest'
import { chat, post } from '../helpers/calls.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 5, 1)

/** A time that the test moves, and waits that end when it says so. */
class Time {
  now = START
  #waits: { readonly callback: () => void; readonly at: number }[] = []

  readonly clock = { now: () => this.now, monotonic: () => performance.now() }
  readonly timer = (callback: () => void, milliseconds: number): (() => void) => {
    const wait = { callback, at: this.now + milliseconds }
    this.#waits.push(wait)
    return () => (this.#waits = this.#waits.filter((one) => one !== wait))
  }

  passes(milliseconds: number): void {
    this.now += milliseconds
    const due = this.#waits.filter(({ at }) => at <= this.now)
    this.#waits = this.#waits.filter(({ at }) => at > this.now)
    for (const { callback } of due) callback()
  }
}

async function from(
  { url }: TestGateway,
  token: string,
  address: string,
  path = '/v1/chat/completions',
  body: unknown = chat(),
): Promise<number> {
  const answer = await post(url, token, path, body, {
    headers: { 'x-forwarded-for': address, 'user-agent': 'axios/1.7' },
  })
  await answer.arrayBuffer()
  return answer.status
}

it('a leaked token is stopped within ten minutes by evidence of two families, told of once, and goes on when the operator says so', async () => {
  const time = new Time()
  await using gateway = await startGateway({
    clock: time.clock,
    timer: time.timer,
    env: { TRUSTED_PROXIES: '127.0.0.1/32' },
  })
  const { id, token } = await gateway.token()
  const other = await gateway.token({}, 'user-2')

  // Eight days of a server that calls from one place.
  for (let window = 0; window < 8 * 12; window++) {
    expect(await from(gateway, token, '198.51.100.7')).toBe(200)
    time.passes(120 * MINUTE)
  }
  expect(await gateway.admin('GET', '/admin/v1/incidents')).toMatchObject({ items: [] })

  // A thief tries it, and shares it: video jobs and ten times its volume from sixty networks.
  let minutes = 0
  let isStopped = false
  expect(await from(gateway, token, '203.0.113.9', '/v1/chat/completions', { model: 'no' })).toBe(400)
  while (!isStopped && minutes < 30) {
    const statuses = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        index % 10 === 0
          ? from(gateway, token, `203.${index}.113.9`, '/v1/video_generation', {
              model: 'MiniMax-Hailuo-2.3',
              prompt: 'a cat',
            })
          : from(gateway, token, `203.${index}.113.9`),
      ),
    )
    isStopped = statuses.every((status) => status === 403)
    minutes++
    for (let step = 0; step < 6; step++) {
      time.passes(10_000)
      // The look that has begun is over when the books of incidents have answered behind it.
      await gateway.admin('GET', '/admin/v1/incidents')
    }
  }
  expect(minutes).toBeLessThanOrEqual(10)

  const { items } = await gateway.admin('GET', `/admin/v1/incidents?token=${id}`)
  expect(items).toHaveLength(1)
  const [incident] = items as [
    { id: string; response: string; evidence: { family: string; strength: number }[] },
  ]
  expect(incident.response).toBe('suspend')
  const sure = incident.evidence.filter(({ strength }) => strength >= 0.5).map(({ family }) => family)
  expect(new Set(sure).size).toBeGreaterThanOrEqual(2)
  expect(JSON.stringify(incident)).not.toContain('203.0.113.9')
  expect(await from(gateway, other.token, '198.51.100.8')).toBe(200)

  await gateway.admin('POST', `/admin/v1/incidents/${incident.id}/dismiss`, { reason: 'a test' })
  expect(await from(gateway, token, '198.51.100.7')).toBe(200)

  // A judgement on a token that is there no more.
  await gateway.admin('PATCH', '/admin/v1/users/user-1', { status: 'suspended' })
  await gateway.admin('DELETE', '/admin/v1/users/user-1?objects=keep')
  const late = await gateway.admin('POST', `/admin/v1/incidents/${incident.id}/dismiss`, {})
  expect(late.state).toBe('dismissed')
})
