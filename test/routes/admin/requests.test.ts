import { describe, expect, it, vi } from 'vitest'
import { aRow, fakeLedger } from '../../helpers/ledger.ts'
import { anAdminServer, textOf } from './helper.ts'

const rows = [
  aRow(1),
  aRow(2, { userId: 'eve', tokenId: '00000000000E', operation: 'speech.sync', modality: 'speech' }),
  aRow(3, { outcome: 'provider_error', httpStatus: 502, list: 0n, charged: 0n, usage: {} }),
  aRow(4, { state: 'open', outcome: null, durationMs: null, firstByteMs: null, settledAt: null, model: '' }),
]

const ids = (body: unknown): number[] => {
  const { items } = body as { items: { request_id: string }[] }
  return items.map((item) => parseInt(item.request_id, 16))
}

const withRows = () => anAdminServer({ ledger: fakeLedger(rows) })

const first = {
  request_id: '00000000000000000000000000000001',
  at: '2026-01-01T00:00:01.000Z',
  user: 'ada',
  token: '00000000000A',
  session: null,
  end_user: null,
  operation: 'chat.native',
  modality: 'chat',
  model: 'MiniMax-M3',
  outcome: 'ok',
  http_status: 200,
  provider_code: 0,
  usage: { input_tokens: 10, output_tokens: 20 },
  list_price: '0.000123',
  charged: '0.0000492',
  currency: 'USD',
  multiplier: '0.4',
  price_version: '2026-01-01',
  estimated: false,
  duration_ms: 1234.5,
  first_byte_ms: 100,
  bytes_in: 200,
  bytes_out: 300,
  upstream_key: 'main',
  state: 'settled',
  settled_at: '2026-01-01T00:01:01.000Z',
}

describe('the admin API of requests', () => {
  it('shows every field of a call, money as decimal text', async () => {
    const { call } = await withRows()
    const { status, body } = await call('GET', `/admin/v1/requests/${first.request_id}`)
    expect([status, body]).toEqual([200, first])
  })

  it('shows a call that is under way with null for what is not known yet', async () => {
    const { call } = await withRows()
    expect((await call('GET', `/admin/v1/requests/${'4'.padStart(32, '0')}`)).body).toMatchObject({
      state: 'open',
      outcome: null,
      model: '',
      duration_ms: null,
      first_byte_ms: null,
      settled_at: null,
    })
  })

  it('keeps amounts that no floating-point number holds', async () => {
    const ledger = fakeLedger([aRow(1, { list: 9_007_199_254_740_993_000_000_001n })])
    const { call } = await anAdminServer({ ledger })
    const { body } = await call('GET', '/admin/v1/requests')
    expect(body).toMatchObject({ items: [{ list_price: '9007199254740993.000000001' }] })
  })

  it.each([
    ['', [4, 3, 2, 1]],
    ['user=eve', [2]],
    ['token=00000000000A', [4, 3, 1]],
    ['operation=speech.sync', [2]],
    ['operation=chat.native&outcome=ok', [1]],
    ['from=2026-01-01T00:00:03Z', [4, 3]],
    ['to=2026-01-01T00:00:03Z', [2, 1]],
    ['from=2026-01-01T08:00:02%2B08:00&to=1767225603000', [2]],
    ['from=2026-01-01&to=2026-01-02', [4, 3, 2, 1]],
    ['from=2027-01-01', []],
    ['user=nobody', []],
  ])('lists newest first what %j asks for', async (query, expected) => {
    const { call } = await withRows()
    const { status, body } = await call('GET', `/admin/v1/requests?${query}`)
    expect([status, ids(body)]).toEqual([200, expected])
  })

  it('lists page by page', async () => {
    const { call } = await withRows()
    const page = await call('GET', '/admin/v1/requests?user=ada&limit=2')
    expect(ids(page.body)).toEqual([4, 3])
    const rest = await call('GET', `/admin/v1/requests?user=ada&limit=2&cursor=${textOf(page.body, 'next')}`)
    expect(ids(rest.body)).toEqual([1])
    expect(rest.body).toMatchObject({ next: null })
  })

  it('asks for the calls of a token among those of its user', async () => {
    const ledger = fakeLedger(rows)
    const list = vi.spyOn(ledger, 'list')
    const { call, house } = await anAdminServer({ ledger })
    const { record } = await house.tokens.create('ada')
    await call('GET', `/admin/v1/requests?token=${record.id}`)
    await call('GET', `/admin/v1/requests?token=${record.id}&user=eve`)
    expect(list.mock.calls.map(([, filter]) => filter)).toMatchObject([
      { userId: 'ada', tokenId: record.id },
      { userId: 'eve', tokenId: record.id },
    ])
  })

  it.each([
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['cursor=', 'cursor'],
    ['cursor=x', 'cursor'],
    ['user=a%2Fb', 'user'],
    ['user=ada&user=eve', 'user'],
    ['token=mmg_x', 'token'],
    ['operation=chat.natve', 'operation'],
    ['operation=', 'operation'],
    ['outcome=failed', 'outcome'],
    ['outcome=', 'outcome'],
    ['from=yesterday', 'from'],
    ['from=1767225600', 'from'],
    ['from=2026-01-01T08:00:02+08:00', 'from'],
    ['to=2026-02-30', 'to'],
    ['to=', 'to'],
    ['from=2026-01-02&to=2026-01-01', 'from'],
    ['from=2026-01-01&to=2026-01-01', 'from'],
    ['model=x', 'model'],
    ['user_id=ada', 'user_id'],
  ])('refuses the query %s, and says where', async (query, path) => {
    const { call } = await withRows()
    const { status, body } = await call('GET', `/admin/v1/requests?${query}`)
    expect([status, body]).toMatchObject([400, { error: { code: 'invalid_query', path } }])
  })

  it.each([
    ['f'.repeat(32), 404, 'not_found'],
    ['F'.repeat(32), 400, 'invalid_request'],
    ['x', 400, 'invalid_request'],
  ])('does not show the call %s', async (id, expected, code) => {
    const { call } = await withRows()
    const { status, body } = await call('GET', `/admin/v1/requests/${id}`)
    expect([status, body]).toMatchObject([expected, { error: { code } }])
  })
})
