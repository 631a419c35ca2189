import { describe, expect, it } from 'vitest'
import { checkTotals, settledRows, sumsOf } from '../../emulator/demo/books.ts'

const item = (requestId: string, state: string) => ({
  request_id: requestId,
  operation: 'music.create',
  state,
  usage: { songs: 1, unheard_of: 2 },
  list_price: '0.15',
  charged: '0.06',
  currency: 'USD',
})

/** An admin API that gives one answer after the other, and the last one for ever. */
function api(...answers: readonly Readonly<Record<string, unknown>>[]) {
  const asked: string[] = []
  const ask = (path: string) => {
    asked.push(path)
    return Promise.resolve(answers[Math.min(asked.length, answers.length) - 1] ?? {})
  }
  return { ask, asked }
}

describe('the books that the demo reads', () => {
  it('are read again until nothing in them changes any more', async () => {
    const { ask, asked } = api(
      { items: [item('r1', 'pending')], next: null },
      { items: [item('r1', 'settled')], next: null },
    )
    const [row] = await settledRows(ask, 'demo')
    expect(row).toMatchObject({ state: 'settled', usage: { songs: 1 }, list: 150_000_000n })
    expect(asked).toHaveLength(2)
  })

  it('are taken as they are when the time is up', async () => {
    const { ask } = api({ items: [item('r1', 'open')], next: null })
    expect(await settledRows(ask, 'demo', 0)).toMatchObject([{ state: 'open' }])
  })

  it('are read to their last page', async () => {
    const { ask, asked } = api(
      { items: [item('r2', 'settled')], next: 'a+b' },
      { items: [item('r1', 'settled')], next: null },
    )
    const rows = await settledRows(ask, 'demo')
    expect(rows.map(({ requestId }) => requestId)).toEqual(['r2', 'r1'])
    expect(asked[1]).toMatch(/&cursor=a%2Bb$/)
    expect(sumsOf(rows)).toEqual({ list: 300_000_000n, charged: 120_000_000n, currency: 'USD' })
  })

  it('must agree with their totals', async () => {
    const { ask } = api({ items: [item('r1', 'settled')], next: null })
    const rows = await settledRows(ask, 'demo')
    await checkTotals(api({ items: [{ list_price: '0.15', charged: '0.06' }] }).ask, 'demo', rows)
    const other = api({ items: [{ list_price: '0.15', charged: '0.05' }] })
    await expect(checkTotals(other.ask, 'demo', rows)).rejects.toThrow('the totals are not the sums')
  })
})
