import { describe, expect, it } from 'vitest'
import { chat, post } from '../helpers/calls.ts'
import { startGateway } from '../helpers/gateway.ts'
import { startUpstream } from '../helpers/upstream.ts'
import { giveObjects } from '../helpers/owned.ts'

const TEXT = '{"base_resp":{"status_code":1024,"status_msg":"internal error"}}'

describe('D4: a 503 of upstream', () => {
  it.each([
    ['GET', '/v1/files/retrieve?file_id=1234'],
    ['GET', '/v1/models'],
    ['DELETE', '/v2/video_generation/1234'],
    ['POST', '/v1/text/chatcompletion_v2'],
  ])('costs one request and is passed on: %s %s', async (method, path) => {
    let hits = 0
    await using upstream = await startUpstream((_request, response) => {
      hits++
      response.writeHead(503, { 'content-type': 'application/json', 'retry-after': '1' }).end(TEXT)
    })
    await using gateway = await startGateway({ upstreamUrl: upstream.url })
    const { token } = await gateway.token()
    await giveObjects(gateway)
    const started = performance.now()
    const answer =
      method === 'POST'
        ? await post(gateway.url, token, path, chat())
        : await fetch(`${gateway.url}${path}`, { method, headers: { authorization: `Bearer ${token}` } })
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(await answer.text()).toBe(TEXT)
    expect(hits).toBe(1)
    // The second that upstream asked for is the caller's to wait.
    expect(performance.now() - started).toBeLessThan(900)
  })
})
