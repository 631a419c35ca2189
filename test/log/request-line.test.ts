import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MASTER_KEY, requestLines, startGateway, type TestGateway } from '../helpers/gateway.ts'

let gateway: TestGateway

beforeAll(async () => {
  gateway = await startGateway({ checksBooks: true })
})

afterAll(() => gateway.close())

async function lineOf(
  body: Record<string, unknown>,
  token: string,
): Promise<Record<string, unknown> | undefined> {
  const before = requestLines(gateway).length
  const answer = await fetch(`${gateway.url}/v1/text/chatcompletion_v2?x=secret-query`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  await answer.arrayBuffer()
  return requestLines(gateway)[before]
}

describe('the line that a request leaves in the log', () => {
  it('says who called what, how it ended and how long it took, and nothing else', async () => {
    const { token, id } = await gateway.token()
    const line = await lineOf(
      { model: 'MiniMax-M3', messages: [{ role: 'user', content: 'a secret thought' }] },
      token,
    )
    expect(line).toMatchObject({
      user: 'user-1',
      token: id,
      operation: 'chat.native',
      model: 'MiniMax-M3',
      outcome: 'ok',
      status: 200,
    })
    expect(Object.keys(line ?? {}).sort()).toEqual([
      'bytesIn',
      'bytesOut',
      'charged',
      'durationMs',
      'firstByteMs',
      'level',
      'model',
      'msg',
      'operation',
      'outcome',
      'requestId',
      'status',
      'time',
      'token',
      'upstreamKey',
      'user',
    ])
    expect(JSON.stringify(line)).not.toMatch(/secret/)
    expect(line?.bytesOut).toBeGreaterThan(0)
  })

  it.each([
    ['the master key', () => MASTER_KEY],
    ['a token', (token: string) => token],
  ])('does not repeat %s that was given as a model', async (_name, choose) => {
    const { token } = await gateway.token()
    const secret = choose(token)
    const line = await lineOf({ model: `x ${secret}`, messages: [] }, token)
    expect(line).toMatchObject({ operation: 'chat.native' })
    expect(JSON.stringify(line)).not.toContain(secret)
  })

  it('is one line, whatever is in it', async () => {
    const { token } = await gateway.token()
    const line = await lineOf({ model: 'a\nb\u001b[31m', messages: [] }, token)
    expect(line?.model).toBe('a\nb\u001b[31m')
    expect(gateway.logLines.every((text) => text.indexOf('\n') === text.length - 1)).toBe(true)
  })
})
