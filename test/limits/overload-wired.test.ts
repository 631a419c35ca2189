import type { ServerResponse } from 'node:http'
import { Agent, request as httpRequest } from 'node:http'
import { expect, it } from 'vitest'
import { chat, post } from '../helpers/calls.ts'
import { requestLines, startGateway } from '../helpers/gateway.ts'
import { startUpstream } from '../helpers/upstream.ts'
import { until } from '../helpers/wire.ts'

const PATH = '/v1/chat/completions'
const ANSWER =
  '{"id":"1","model":"MiniMax-M3","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2},"base_resp":{"status_code":0}}'

/** One call on a connection of an agent's. @returns its status, and whether the connection had been used before */
function callOn(agent: Agent, url: string, token: string, body: string): Promise<readonly [number, boolean]> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const request = httpRequest(url + PATH, { agent, method: 'POST', headers }, (answer) => {
      answer.resume()
      answer.on('end', () => resolve([answer.statusCode ?? 0, request.reusedSocket]))
    })
    request.on('error', reject)
    request.end(body)
  })
}

it('beyond the requests under way that are allowed, more are refused until one ends, on a connection that goes on', async () => {
  const open: ServerResponse[] = []
  await using upstream = await startUpstream((_request, response) => void open.push(response))
  await using gateway = await startGateway({ upstreamUrl: upstream.url, env: { MAX_INFLIGHT: '2' } })
  const { token } = await gateway.token()
  const calls = [0, 1].map(() => post(gateway.url, token, PATH, chat()))
  await until(() => open.length === 2, 'both calls')

  const refused = await post(gateway.url, token, PATH, chat())
  expect(refused.status).toBe(503)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  expect(await refused.json()).toMatchObject({ error: { code: 'overloaded' } })
  // Who watches over the gateway is answered all the same.
  for (const url of [`${gateway.url}/livez`, `${gateway.adminUrl}/readyz`])
    expect((await fetch(url)).status).toBe(200)
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text()
  expect(metrics).toMatch(/^minimax_gateway_limited_total\{limit="inflight"\} 1$/m)

  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const body = JSON.stringify(chat())
  expect(await callOn(agent, gateway.url, token, body)).toEqual([503, false])
  for (const response of open) response.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER)
  for (const answer of await Promise.all(calls)) expect(answer.status).toBe(200)
  const last = callOn(agent, gateway.url, token, body)
  await until(() => open.length === 3, 'the call after them')
  open[2]?.writeHead(200, { 'content-type': 'application/json' }).end(ANSWER)
  expect(await last).toEqual([200, true])
  agent.destroy()
  await until(() => requestLines(gateway).length === 5, 'all lines')
  expect(
    requestLines(gateway)
      .map(({ outcome }) => outcome)
      .sort(),
  ).toEqual(['gateway_overloaded', 'gateway_overloaded', 'ok', 'ok', 'ok'])
})
