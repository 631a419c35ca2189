import { describe, expect, it } from 'vitest'
import { chat, CHAT_PATH, post } from '../helpers/calls.ts'
import { ADMIN_TOKEN, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { until } from '../helpers/wire.ts'

const NAMES = ['main', 'second', 'third'] as const
const keyOf = (name: string): string => `sk-of-${name}-0123456789abcdef`
const [BUSIEST] = NAMES
const AT_A_TIME = 50
const BEFORE = 100
const CALLS = 500

interface Done {
  readonly status: number
  readonly startedAt: number
  readonly endedAt: number
}

async function startWithThree(): Promise<TestGateway> {
  return await startGateway({
    env: {
      MINIMAX_API_KEY: '',
      // The first one has the most to carry.
      MINIMAX_API_KEYS: NAMES.map((name, at) => `${name}*${at === 0 ? 3 : 1}=${keyOf(name)}`).join(','),
      UPSTREAM_KEY_RETRY: '1s',
      // Codes of too many calls slow the pace down; on a slow machine nobody is to be refused for that.
      UPSTREAM_QUEUE_TIME: '30s',
    },
    emulator: { keys: NAMES.map(keyOf), chunkDelayMs: 2 },
  })
}

async function gauge(gateway: TestGateway, series: string): Promise<number> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
  const text = await (await fetch(`${gateway.adminUrl}/metrics`, { headers })).text()
  const line = text.split('\n').find((one) => one.startsWith(`minimax_gateway_${series} `))
  return Number(line?.slice(line.lastIndexOf(' ')))
}

async function untilGauge(gateway: TestGateway, series: string, value: number): Promise<void> {
  let seen = NaN
  const look = async (): Promise<void> => {
    seen = await gauge(gateway, series)
    if (seen !== value) setTimeout(() => void look(), 20).unref()
  }
  void look()
  await until(() => seen === value, `${series} = ${value}`, 10_000)
}

/** So many calls at a time, half of them streams, until all are done. @param after runs once so many have ended */
async function load(gateway: TestGateway, token: string, after: () => void): Promise<readonly Done[]> {
  const done: Done[] = []
  let begun = 0
  const one = async (): Promise<void> => {
    while (begun < CALLS) {
      const call = begun++
      const startedAt = performance.now()
      const answer = await post(gateway.url, token, CHAT_PATH, chat({ stream: call % 2 === 0 }))
      const text = await answer.text()
      const isWhole = answer.status !== 200 || text.includes(call % 2 === 0 ? '[DONE]' : '"choices"')
      done.push({ status: isWhole ? answer.status : 0, startedAt, endedAt: performance.now() })
      if (done.length === BEFORE) after()
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, one))
  return done
}

describe.each([
  { code: 1004, state: 'invalid', isRetried: false },
  { code: 1008, state: 'spent', isRetried: false },
  { code: 1002, state: 'cooling', isRetried: true },
])('when the busiest key is answered with $code under load', ({ code, state, isRetried }) => {
  it('only calls that had it fail, the metrics show it, and it is used again when it works', async () => {
    await using gateway = await startWithThree()
    const { token } = await gateway.token()
    const done = await load(gateway, token, () => {
      gateway.emulator.scenario({ match: { key: keyOf(BUSIEST) }, use: { refuse: { code } } })
    })
    expect(done).toHaveLength(CALLS)
    const failed = done.filter(({ status }) => status !== 200)
    expect(failed.map(({ status }) => status)).toEqual(failed.map(() => 503))
    const sent = gateway.emulator.requests.filter(({ operation }) => operation === 'chat.openai').length
    if (isRetried) expect([failed.length, sent > CALLS]).toEqual([0, true])
    else expect([failed.length > 0, sent]).toEqual([true, CALLS])
    expect(failed.length).toBeLessThanOrEqual(AT_A_TIME)
    // Whoever came when the first of them had failed was not sent there any more.
    const known = Math.min(...failed.map(({ endedAt }) => endedAt))
    for (const { startedAt } of failed) expect(startedAt).toBeLessThan(known)

    const isUp = state === 'cooling' ? 1 : 0
    if (!isRetried) await untilGauge(gateway, `upstream_key_state{key="${BUSIEST}",state="${state}"}`, 1)
    expect(await gauge(gateway, `upstream_key_up{key="${BUSIEST}"}`)).toBe(isUp)
    for (const name of NAMES) await untilGauge(gateway, `upstream_key_inflight{key="${name}"}`, 0)

    gateway.emulator.reset()
    if (state === 'invalid') await untilGauge(gateway, `upstream_key_up{key="${BUSIEST}"}`, 1)
    await untilUsed(gateway, token)
    await untilGauge(gateway, `upstream_key_up{key="${BUSIEST}"}`, 1)
  }, 60_000)
})

/** Calls until one is sent with the key that was lost. */
async function untilUsed(gateway: TestGateway, token: string): Promise<void> {
  const end = performance.now() + 20_000
  while (performance.now() < end) {
    const answer = await post(gateway.url, token, CHAT_PATH, chat())
    await answer.text()
    expect(answer.status).toBe(200)
    const isUsed = gateway.emulator.requests.some(
      ({ operation, headers }) =>
        operation === 'chat.openai' && headers.authorization === `Bearer ${keyOf(BUSIEST)}`,
    )
    if (isUsed) return
  }
  throw new Error('the key was not used again')
}
