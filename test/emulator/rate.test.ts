import { describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { Rate } from '../../emulator/rate.ts'
import { ask, at, AUTH, chat, emulated, post, speech } from './kit.ts'

const emulator = emulated({ rateLimit: { requests: 2 } })

describe("the account's limit of requests", () => {
  it('lets so many pass in any window, and forgets them in time', () => {
    const rate = new Rate({ requests: 2, windowMs: 100 })
    const admitted = [0, 50, 60, 99, 100, 120, 150, 151].map((now) => rate.admits(now))
    expect(admitted).toEqual([true, true, false, false, true, false, true, false])
    expect(rate.refused).toBe(4)
  })

  it.each([
    ['native', '/v1/text/chatcompletion_v2', 200, 'base_resp.status_code', 1002],
    ['openai', '/v1/chat/completions', 429, 'error.type', 'rate_limit_error'],
    ['anthropic', '/anthropic/v1/messages', 429, 'error.type', 'rate_limit_error'],
  ])('is told in the dialect: %s', async (_dialect, path, status, where, expected) => {
    const { url } = emulator()
    await ask(`${url}/v1/t2a_v2`, speech())
    await ask(`${url}/v1/t2a_v2`, speech())
    const answer = await post(`${url}${path}`, chat('MiniMax-M3', { max_tokens: 10 }))
    expect(answer.status).toBe(status)
    const body: unknown = await answer.json()
    expect(at(body, where)).toBe(expected)
    if (status === 429) expect(at(body, 'error.message')).toMatch(/\(1002\)$/)
    expect(emulator().rateRefusals()).toBe(1)
  })

  it('is the same for every key, and not touched by calls without one', async () => {
    const { url } = emulator()
    const path = `${url}/v1/t2a_v2`
    await ask(path, speech(), { authorization: '' })
    const codes = []
    for (const key of ['one', 'two', 'three'])
      codes.push(at(await ask(path, speech(), { authorization: `Bearer ${key}` }), 'base_resp.status_code'))
    expect(codes).toEqual([0, 0, 1002])
  })

  it('holds for WebSockets', async () => {
    const { url, limitRate } = emulator()
    limitRate({ requests: 0 })
    const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/v1/t2a_v2`, { headers: AUTH })
    const failed = new Promise<unknown>((resolve, reject) => {
      socket.on('error', reject)
      socket.on('message', (data: Buffer) => {
        const message: unknown = JSON.parse(data.toString())
        if (at(message, 'event') === 'connected_success')
          socket.send(JSON.stringify({ event: 'task_start', ...speech() }))
        if (at(message, 'event') === 'task_failed') resolve(message)
      })
    })
    expect(at(await failed, 'base_resp.status_code')).toBe(1002)
    socket.terminate()
  })

  it('can be set and taken away from outside', async () => {
    const { url } = emulator()
    const codes = []
    for (const limit of [{ requests: 1, window_ms: 60_000 }, {}]) {
      await post(`${url}/__emulator/rate`, limit)
      for (let count = 0; count < 2; count++)
        codes.push(at(await ask(`${url}/v1/t2a_v2`, speech()), 'base_resp.status_code'))
    }
    expect(codes).toEqual([0, 1002, 0, 0])
  })
})
