import type { ServerResponse } from 'node:http'
import { expect, it } from 'vitest'
import { chat, post } from '../helpers/calls.ts'
import { startGateway } from '../helpers/gateway.ts'
import { startUpstream } from '../helpers/upstream.ts'
import { until } from '../helpers/wire.ts'

const ANSWER =
  '{"id":"1","model":"MiniMax-M3","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2},"base_resp":{"status_code":0}}'

it('while one user floods, the call of another is the next but one', async () => {
  const seen: string[] = []
  const open: ServerResponse[] = []
  await using upstream = await startUpstream((_request, response, body) => {
    seen.push(/"content":"(\w+)"/.exec(body.toString())?.[1] ?? '')
    open.push(response)
  })
  await using gateway = await startGateway({
    upstreamUrl: upstream.url,
    env: { UPSTREAM_CONCURRENCY: '2', UPSTREAM_QUEUE_TIME: '1m' },
  })
  const one = await gateway.token()
  const other = await gateway.token({}, 'user-2')
  const call = (token: string, content: string): Promise<Response> =>
    post(gateway.url, token, '/v1/chat/completions', chat({ messages: [{ role: 'user', content }] }))
  const underway = async (): Promise<number> => {
    const text = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
    return Number(/^minimax_gateway_inflight\{operation="chat\.openai"\} (\d+)$/m.exec(text)?.[1] ?? 0)
  }
  const release = (): unknown =>
    open.shift()?.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER)

  const calls = Array.from({ length: 12 }, () => call(one.token, 'flood'))
  await expect.poll(underway, { timeout: 10_000 }).toBe(12)
  calls.push(call(other.token, 'quiet'))
  await expect.poll(underway, { timeout: 10_000 }).toBe(13)
  expect(seen).toEqual(['flood', 'flood'])
  for (let released = 1; released <= 11; released++) {
    release()
    await until(() => seen.length === 2 + released, 'the next call')
  }
  expect(seen.indexOf('quiet')).toBeLessThanOrEqual(3)
  release()
  release()
  for (const answer of await Promise.all(calls)) expect(answer.status).toBe(200)
})
