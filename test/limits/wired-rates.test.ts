import Anthropic, { RateLimitError as AnthropicRateLimitError } from '@anthropic-ai/sdk'
import OpenAI, { RateLimitError } from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chat, CHATS, post } from '../helpers/calls.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { limitedUser, listOf } from './limited.ts'

describe('rates of a user', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({ checksBooks: true })
  })
  afterAll(() => gateway.close())

  it('let in exactly so many requests a minute, and say how many are left', async () => {
    const token = await limitedUser(gateway, { id: 'rpm', limits: { requests_per_minute: 5 } })
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => post(gateway.url, token, '/v1/chat/completions', chat())),
    )
    await Promise.all(answers.map((answer) => answer.text()))
    const let_in = answers.filter(({ status }) => status === 200)
    expect(let_in).toHaveLength(5)
    const left = let_in.map(({ headers }) => headers.get('x-ratelimit-remaining-requests'))
    expect(left.toSorted()).toEqual(['0', '1', '2', '3', '4'])
    expect(let_in[0]?.headers.get('ratelimit-policy')).toBe('"requests";q=5;w=60')
    expect(let_in[0]?.headers.get('x-ratelimit-limit-requests')).toBe('5')
    const refused = answers.find(({ status }) => status === 429)
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(refused?.headers.get('ratelimit')).toMatch(/^"requests";r=0;t=\d+$/)
  })

  it('count tokens by what a call may use, and then by what it used', async () => {
    const token = await limitedUser(gateway, { id: 'tpm', limits: { tokens_per_minute: 1_000 } })
    const first = await post(gateway.url, token, '/v1/chat/completions', chat({ max_tokens: 900 }))
    await first.text()
    expect(first.status).toBe(200)
    // Had the worst case counted, there would be no room for this one.
    const second = await post(gateway.url, token, '/v1/chat/completions', chat({ max_tokens: 600 }))
    await second.text()
    expect(second.status).toBe(200)
    const third = await post(gateway.url, token, '/v1/chat/completions', chat({ max_tokens: 990 }))
    expect(third.status).toBe(429)
    expect(await third.text()).toContain('tokens')
  })

  it.each(CHATS)('are told in the headers of the dialect %s', async (dialect, path) => {
    const limits = { requests_per_minute: 10, tokens_per_minute: 100_000 }
    const token = await limitedUser(gateway, { id: `headers-${dialect}`, limits })
    const { headers } = await post(gateway.url, token, path, chat({ stream: true }))
    const prefix =
      dialect === 'anthropic' ? 'anthropic-ratelimit-requests-limit' : 'x-ratelimit-limit-requests'
    expect(headers.get(prefix)).toBe('10')
    expect(headers.get('ratelimit')).toContain('"tokens";r=')
  })

  it('of one model do not stand in the way of another', async () => {
    const limits = { models: { 'MiniMax-M3': { requests_per_minute: 1 } } }
    const token = await limitedUser(gateway, { id: 'model', limits })
    const statuses: number[] = []
    for (const model of ['MiniMax-M3', 'MiniMax-M3', 'MiniMax-M2.5'])
      statuses.push((await post(gateway.url, token, '/v1/chat/completions', chat({ model }))).status)
    expect(statuses).toEqual([200, 429, 200])
  })

  it('raise the errors of the SDKs', async () => {
    const token = await limitedUser(gateway, { id: 'sdk', limits: { requests_per_minute: 1 } })
    await (await post(gateway.url, token, '/v1/chat/completions', chat())).text()
    const openai = new OpenAI({ apiKey: token, baseURL: `${gateway.url}/v1`, maxRetries: 0 })
    const messages = [{ role: 'user' as const, content: 'Good morning' }]
    await expect(openai.chat.completions.create({ model: 'MiniMax-M3', messages })).rejects.toThrow(
      RateLimitError,
    )
    const anthropic = new Anthropic({ apiKey: token, baseURL: `${gateway.url}/anthropic`, maxRetries: 0 })
    await expect(
      anthropic.messages.create({ model: 'MiniMax-M3', max_tokens: 10, messages }),
    ).rejects.toThrow(AnthropicRateLimitError)
  })

  it('do not count what MiniMax refused for the limits of the account', async () => {
    const token = await limitedUser(gateway, { id: 'refunded', limits: { requests_per_minute: 2 } })
    for (let turn = 0; turn < 4; turn++) {
      const answer = await post(
        gateway.url,
        token,
        '/v1/text/chatcompletion_v2',
        chat({ model: 'scenario:base_resp@1002' }),
      )
      expect(await answer.text()).toContain('1002')
    }
    const ok = await post(gateway.url, token, '/v1/text/chatcompletion_v2', chat())
    expect(ok.headers.get('x-ratelimit-remaining-requests')).toBe('1')
  })

  it('of calls at a time are exact, and free again when a call ends, however it ends', async () => {
    const token = await limitedUser(gateway, { id: 'concurrent', limits: { concurrency: 3 } })
    const slow = chat({ model: 'scenario:stall-headers' })
    const leaving = new AbortController()
    const pending = Array.from({ length: 3 }, () =>
      post(
        gateway.url,
        token,
        '/v1/chat/completions',
        { ...slow, stream: true },
        { signal: leaving.signal },
      ).catch(() => undefined),
    )
    await expect
      .poll(async () => {
        const { concurrency } = await gateway.admin('GET', '/admin/v1/users/concurrent/limits')
        return listOf(concurrency)[0]
      })
      .toMatchObject({ used: 3 })
    expect((await post(gateway.url, token, '/v1/chat/completions', chat())).status).toBe(429)
    leaving.abort()
    await Promise.all(pending)
    await expect
      .poll(async () => (await post(gateway.url, token, '/v1/chat/completions', chat())).status)
      .toBe(200)
  })
})
