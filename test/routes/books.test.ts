import { describe, expect, it } from 'vitest'
import { main } from '../../src/cli/main.ts'
import { ADMIN_TOKEN, isRecord, type TestGateway } from '../helpers/gateway.ts'
import { sharedGateway } from '../helpers/shared.ts'
import { until, Wire } from '../helpers/wire.ts'

const shared = sharedGateway()

/** A chat call of the holder of a token. @returns the id of the request */
async function chat(gateway: TestGateway, token: string, model = 'MiniMax-M3'): Promise<string> {
  const answer = await fetch(`${gateway.url}/v1/text/chatcompletion_v2`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] }),
  })
  expect(answer.status).toBe(200)
  await answer.arrayBuffer()
  return answer.headers.get('x-request-id') ?? ''
}

async function ownUsage(gateway: TestGateway, token: string, query = ''): Promise<unknown[]> {
  const answer = await fetch(`${gateway.url}/gateway/v1/usage${query}`, {
    headers: { authorization: `Bearer ${token}` },
  })
  expect(answer.status).toBe(200)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/)
  return itemsOf(await answer.json())
}

function itemsOf(body: unknown): unknown[] {
  return isRecord(body) && Array.isArray(body.items) ? body.items : expect.fail('there are no items')
}

describe('what went through the gateway', () => {
  it('is read from the books: by its id, in the list, in totals, by its own user and by no other', async () => {
    const { gateway } = shared()
    const ada = await gateway.token({}, 'ada')
    const eve = await gateway.token({}, 'eve')
    const ids = [await chat(gateway, ada.token), await chat(gateway, ada.token)]
    const other = await chat(gateway, eve.token, 'abab6.5s-chat')

    const [id = ''] = ids
    const row = await gateway.admin('GET', `/admin/v1/requests/${id}`)
    expect(row).toMatchObject({
      request_id: id,
      user: 'ada',
      token: ada.id,
      operation: 'chat.native',
      modality: 'chat',
      model: 'MiniMax-M3',
      outcome: 'ok',
      http_status: 200,
      state: 'settled',
      currency: 'USD',
    })
    expect(Number(row.charged)).toBeGreaterThan(0)

    const list = async (query: string): Promise<unknown[]> =>
      itemsOf(await gateway.admin('GET', `/admin/v1/requests?${query}`)).map((item) =>
        isRecord(item) ? item.request_id : undefined,
      )
    expect(await list('user=ada')).toEqual([...ids].reverse())
    expect(await list(`token=${eve.id}`)).toEqual([other])
    expect(await list('user=ada&to=2020-01-01')).toEqual([])

    const totals = itemsOf(await gateway.admin('GET', '/admin/v1/usage?group_by=user'))
    expect(totals).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({ user: 'ada', requests: 2, failures: 0 }),
        expect.objectContaining({ user: 'eve', requests: 1, failures: 0 }),
      ]) as unknown[],
    )

    expect(await ownUsage(gateway, ada.token)).toMatchObject([{ model: 'MiniMax-M3', requests: 2 }])
    expect(await ownUsage(gateway, eve.token)).toMatchObject([{ model: 'abab6.5s-chat', requests: 1 }])
    expect(await ownUsage(gateway, eve.token, '?group_by=token')).toMatchObject([{ token: eve.id }])
    expect(await ownUsage(gateway, (await gateway.token({}, 'new')).token)).toEqual([])

    const out: string[] = []
    const code = await main(
      ['usage', '--by', 'model', '--user', 'eve', '--from', '1h', '--url', gateway.adminUrl],
      {
        env: { ADMIN_TOKEN },
        out: (line) => out.push(line),
        err: () => undefined,
        isTerminal: false,
      },
    )
    expect([code, out[1]]).toEqual([0, expect.stringMatching(/^abab6\.5s-chat\t1\t0\t0\t/)])
  })
})

describe('a question about usage that is none on the wire', () => {
  it.each([
    ['with a body', 'Content-Length: 2\r\n\r\n{}'],
    ['with a body that never comes', 'Content-Length: 1000000\r\n\r\n'],
    ['with a body in pieces', 'Transfer-Encoding: chunked\r\n\r\n'],
    [
      'as a WebSocket',
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    ],
  ])('%s is refused, and its connection ends', async (_, rest) => {
    const { gateway, token } = shared()
    using wire = await Wire.open(gateway.url)
    wire.write(`GET /gateway/v1/usage HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n${rest}`)
    await until(() => wire.ended !== undefined, 'the end of the connection')
    expect(wire.answers.map(({ status }) => status)).toEqual([400])
    expect(wire.text).toContain('"code":"invalid_request"')
  })
})

describe('an address of the gateway itself that is none', () => {
  it.each([
    ['GET', '/gateway/v1/usage/'],
    ['GET', '/gateway/v1/Usage'],
    ['POST', '/gateway/v1/usage'],
    ['GET', '/gateway/v1/requests'],
    ['GET', '/admin/v1/usage'],
    ['GET', '/admin/v1/requests'],
  ])('%s %s is not found on the public listener, whoever asks', async (method, path) => {
    const { gateway, token } = shared()
    for (const credential of [token, ADMIN_TOKEN]) {
      const answer = await fetch(gateway.url + path, {
        method,
        headers: { authorization: `Bearer ${credential}` },
      })
      expect(answer.status).toBe(404)
      await answer.arrayBuffer()
    }
    expect(gateway.emulator.requests).toEqual([])
  })
})
