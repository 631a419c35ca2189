import { describe, expect, it } from 'vitest'
import { START } from '../../auth/helper.ts'
import { aTotal, fakeLedger } from '../../helpers/ledger.ts'
import { anAdminServer } from './helper.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

async function asking(query: string) {
  const ledger = fakeLedger([], [aTotal('k', { list: 3_000_000_000n, charged: 1_200_000_000n }), aTotal('')])
  const { call, house } = await anAdminServer({ ledger })
  house.clock.move(HOUR / 2)
  const { status, body } = await call('GET', `/admin/v1/usage${query}`)
  return { status, body, asked: ledger.asked }
}

const item = {
  requests: 3,
  failures: 1,
  estimated: 1,
  usage: { input_tokens: 30, audio_seconds: 1.5 },
  list_price: '3',
  charged: '1.2',
  currency: 'USD',
}

describe('the admin API of usage', () => {
  it.each(['user', 'token', 'model', 'modality', 'operation'])('adds up by %s', async (group) => {
    const { status, body, asked } = await asking(`?group_by=${group}`)
    const small = { ...item, list_price: '0.000000002', charged: '0.000000001' }
    expect([status, body]).toEqual([
      200,
      {
        items: [
          { [group]: 'k', ...item },
          { [group]: '', ...small },
        ],
        from: '2025-12-02T00:00:00.000Z',
        to: '2026-01-01T01:00:00.000Z',
        group_by: group,
      },
    ])
    expect(asked).toMatchObject([{ groupBy: group }])
  })

  it('adds up by user over the last 30 days, this hour included, when nothing is said', async () => {
    const { body, asked } = await asking('')
    expect(asked).toEqual([{ groupBy: 'user', from: START - 30 * DAY, to: START + HOUR, userId: undefined }])
    expect(body).toMatchObject({ group_by: 'user' })
  })

  it.each<[string, number, number]>([
    ['from=2025-12-31', START - DAY, START + HOUR],
    ['to=2025-12-31', START - 31 * DAY, START - DAY],
    ['from=2025-12-31T10:59:59Z&to=2025-12-31T11:00:00Z', START - 14 * HOUR, START - 13 * HOUR],
    ['from=2025-12-31T10:00:00Z&to=2025-12-31T11:00:01Z', START - 14 * HOUR, START - 12 * HOUR],
    ['from=0', 0, START + HOUR],
    ['from=0&to=1970-01-02', 0, DAY],
    ['to=1970-01-02', 0, DAY],
  ])('adds up every hour that %s touches, and says which', async (query, from, to) => {
    const { body, asked } = await asking(`?${query}`)
    expect(asked).toMatchObject([{ from, to }])
    expect(body).toMatchObject({ from: new Date(from).toISOString(), to: new Date(to).toISOString() })
  })

  it('adds up one user alone', async () => {
    expect((await asking('?group_by=model&user=ada')).asked).toMatchObject([
      { userId: 'ada', groupBy: 'model' },
    ])
  })

  it.each([
    ['group_by=price', 'group_by'],
    ['group_by=', 'group_by'],
    ['group_by=user&group_by=model', 'group_by'],
    ['user=..', 'user'],
    ['from=x', 'from'],
    ['to=x', 'to'],
    ['from=2026-01-01T01:00:00Z', 'from'],
    ['from=2025-01-02&to=2025-01-01', 'from'],
    ['from=2025-01-01&to=2025-01-01', 'from'],
    ['limit=1', 'limit'],
    ['token=00000000000A', 'token'],
  ])('refuses the query %s, says where, and asks nothing', async (query, path) => {
    const { status, body, asked } = await asking(`?${query}`)
    expect([status, body, asked]).toMatchObject([400, { error: { code: 'invalid_query', path } }, []])
  })
})
