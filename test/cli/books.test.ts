import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { aRow, aTotal, fakeLedger } from '../helpers/ledger.ts'
import { aGateway, run } from './helper.ts'

const NOW = Date.UTC(2026, 0, 8, 12)
const DAY = 86_400_000

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: NOW }))
afterEach(() => void vi.useRealTimers())

async function withBooks() {
  const rows = [
    aRow(1),
    aRow(2, { userId: 'eve', model: '', usage: {}, outcome: 'provider_error', charged: 0n }),
    aRow(3, { state: 'open', outcome: null, durationMs: null, settledAt: null }),
  ]
  const ledger = fakeLedger(rows, [
    aTotal('ada', { list: 3_000_000_000n, charged: 1_200_000_000n }),
    aTotal(''),
  ])
  const { env, house } = await aGateway({ ledger })
  // The gateway's clock stands at 1 January; here it is to be the same moment for both.
  house.clock.move(7.5 * DAY)
  return { env, ledger }
}

describe('usage', () => {
  it('prints a total in each line, and the hours on stderr', async () => {
    const { env } = await withBooks()
    expect(await run('usage', env)).toEqual({
      code: 0,
      out: [
        'USER\tREQUESTS\tFAILURES\tESTIMATED\tLIST\tCHARGED\tCURRENCY\tUSAGE',
        'ada\t3\t1\t1\t3\t1.2\tUSD\t30 input_tokens, 1.5 audio_seconds',
        '-\t3\t1\t1\t0.000000002\t0.000000001\tUSD\t30 input_tokens, 1.5 audio_seconds',
      ],
      err: 'From 2025-12-09T12:00:00.000Z to 2026-01-08T13:00:00.000Z.',
    })
  })

  it('prints what the API says when JSON is asked for', async () => {
    const { env } = await withBooks()
    const { out, err } = await run('usage --by model --json', env)
    expect(err).toBe('')
    expect(JSON.parse(out.join())).toMatchObject({
      group_by: 'model',
      items: [{ model: 'ada' }, { model: '' }],
    })
  })

  it.each<[string, object]>([
    ['--by token --user ada', { groupBy: 'token', userId: 'ada' }],
    ['--from 7d', { from: NOW - 7 * DAY }],
    ['--from 24h --to 12h', { from: NOW - DAY, to: NOW - DAY / 2 }],
    ['--from 2026-01-01 --to 2026-01-02T00:00:00Z', { from: NOW - 7.5 * DAY, to: NOW - 6.5 * DAY }],
    [`--from ${NOW - DAY}`, { from: NOW - DAY }],
    ['--from 99999d', { from: 0 }],
  ])('%s asks for just that', async (options, asked) => {
    const { env, ledger } = await withBooks()
    expect((await run(`usage ${options}`, env)).code).toBe(0)
    expect(ledger.asked).toMatchObject([asked])
  })

  it.each([
    ['usage --by price', 'The field "group_by" is not right.'],
    ['usage --from yesterday', '"from" is not a time'],
    ['usage --from 1d --to 2d', '"from" must be before "to".'],
    ['requests --limit many', 'The field "limit" is not right.'],
    ['requests --operation chat.natve', 'There is no such operation.'],
    ['requests --outcome failed', 'The field "outcome" is not right.'],
  ])('%s is told what is wrong', async (line, message) => {
    const { env } = await withBooks()
    const { code, out, err } = await run(line, env)
    expect([code, out]).toEqual([1, []])
    expect(err).toContain(message)
  })
})

describe('requests', () => {
  it('prints a call in each line, newest first', async () => {
    const { env } = await withBooks()
    const { out, err } = await run('requests', env)
    expect(err).toBe('')
    expect(out.map((line) => line.split('\t'))).toEqual([
      ['AT', 'ID', 'USER', 'OPERATION', 'MODEL', 'OUTCOME', 'STATE', 'MS', 'CHARGED', 'CURRENCY', 'USAGE'],
      expect.arrayContaining(['open']),
      expect.arrayContaining(['eve', 'provider_error', '0', '-']),
      [
        '2026-01-01T00:00:01.000Z',
        '1'.padStart(32, '0'),
        'ada',
        'chat.native',
        'MiniMax-M3',
        'ok',
        'settled',
        '1234.5',
        '0.0000492',
        'USD',
        '10 input_tokens, 20 output_tokens',
      ],
    ])
  })

  it('prints one page, and how to go on', async () => {
    const { env } = await withBooks()
    const first = await run('requests --limit 2', env)
    expect([first.out.length, first.err]).toEqual([3, 'There are more: --cursor 2'])
    const second = await run('requests --limit 2 --cursor 2 --json', env)
    expect(JSON.parse(second.out.join())).toMatchObject({ items: [{ user: 'ada' }], next: null })
  })

  it.each<[string, number]>([
    ['--user eve', 1],
    ['--token 00000000000A --outcome ok', 1],
    [`--token mmg_00000000000A_${'x'.repeat(49)}`, 3],
    ['--operation chat.native --from 8d --to 1d', 3],
    ['--from 7d', 0],
  ])('%s narrows the list', async (options, count) => {
    const { env } = await withBooks()
    expect((await run(`requests ${options}`, env)).out).toHaveLength(count + 1)
  })

  it('show prints every field of a call', async () => {
    const { env } = await withBooks()
    const id = '1'.padStart(32, '0')
    const { out } = await run(`requests show ${id}`, env)
    for (const line of [
      `request_id\t${id}`,
      'charged\t0.0000492',
      'estimated\tfalse',
      'usage\t10 input_tokens, 20 output_tokens',
    ]) {
      expect(out).toContain(line)
    }
    const json = await run(`requests show ${id} --json`, env)
    expect(JSON.parse(json.out.join())).toMatchObject({ request_id: id, usage: { input_tokens: 10 } })
  })

  it('show says when the books have no such call', async () => {
    const { env } = await withBooks()
    const { code, err } = await run(`requests show ${'f'.repeat(32)}`, env)
    expect(code).toBe(1)
    expect(err).toContain('The books have no such request')
  })
})
