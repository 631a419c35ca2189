import { describe, expect, it } from 'vitest'
import { probe, type ProbeAnswer } from '../../src/proxy/key-probe.ts'

const KEY = { name: 'main', account: 'acme', authorization: 'Bearer sk-test' }

const answered = (kind: 'key' | 'balance', status: number, body: string): Promise<ProbeAnswer> =>
  probe(() => Promise.resolve({ status, body: Buffer.from(body) }), kind, KEY)

const refused = (code: number) => JSON.stringify({ base_resp: { status_code: code, status_msg: 'no' } })

describe('a question about a key', () => {
  it.each([
    [200, '{"object":"list","data":[]}', 'good'],
    [404, '404 page not found', 'good'],
    [429, refused(1002), 'good'],
    [200, refused(1008), 'good'],
    [200, refused(1004), 'bad'],
    [401, '{"error":{"message":"invalid api key (2049)"}}', 'bad'],
    [401, '', 'bad'],
    [500, '{}', 'unknown'],
    [502, '<html>', 'unknown'],
  ])('is answered by HTTP %d and %s: %s', async (status, body, result) => {
    expect((await answered('key', status, body)).result).toBe(result)
  })

  it('is not answered when nothing comes back, and that is no fault of the key', async () => {
    const lost = probe(() => Promise.reject(new Error('ECONNREFUSED')), 'key', KEY)
    expect(await lost).toEqual({ result: 'unknown', status: 0, code: undefined })
  })
})

describe('a question about the balance', () => {
  it.each([
    ['{"available_amount":"98.00"}', 'good'],
    ['{"available_amount":12.5}', 'good'],
    ['{"available_amount":"0.00"}', 'bad'],
    ['{"available_amount":"-3"}', 'bad'],
    [refused(1008), 'bad'],
    [refused(2061), 'unknown'],
    ['{"available_amount":"much"}', 'unknown'],
    ['{}', 'unknown'],
    ['404 page not found', 'unknown'],
  ])('is answered by %s: %s', async (body, result) => {
    expect((await answered('balance', 200, body)).result).toBe(result)
  })

  it('names the group of the account', async () => {
    const paths: string[] = []
    const ask = (_: unknown, path: string) => {
      paths.push(path)
      return Promise.resolve({ status: 200, body: Buffer.from('{}') })
    }
    await probe(ask, 'balance', KEY, '123')
    await probe(ask, 'key', KEY, '123')
    expect(paths).toEqual(['/account/query_balance?GroupId=123', '/v1/models'])
  })
})
