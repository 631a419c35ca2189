import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newRequestId } from '../../src/lib/ids.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { LedgerStore } from '../../src/store/store.ts'
import { aCode } from '../contract/credits.ts'
import { anOpening, aSettlement, aTask, START } from '../contract/ledger-kit.ts'
import { aPlan } from '../contract/plans.ts'
import { aToken, aUser } from '../contract/store.ts'
import { asBefore } from './earlier.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gateway-limits-'))
  path = join(folder, 'gateway.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

function change(statement: string, ...values: string[]): void {
  const database = new DatabaseSync(path)
  database.prepare(statement).run(...values)
  database.close()
}

describe('a code that threads with connections of their own redeem at the same time', () => {
  it('gives no more than its uses, and no user more than once', async () => {
    const store = await openSqliteStore({ path })
    await store.credits.addCode(aCode({ uses: 25 }))
    const users = Array.from({ length: 40 }, (_, index) => `user ${index}`)
    const threads = Array.from({ length: 4 }, (_, index) => {
      const turned = [...users.slice(index * 10), ...users.slice(0, index * 10)]
      return new Worker(new URL('./redeem.child.ts', import.meta.url), {
        workerData: { path, users: turned },
      })
    })
    await Promise.all(threads.map((thread) => once(thread, 'message')))
    const ends = threads.map((thread) => once(thread, 'message'))
    for (const thread of threads) thread.postMessage('go')
    const results = (await Promise.all(ends)).flatMap(([given]: unknown[]) => {
      const all: unknown[] = Array.isArray(given) ? given : []
      return all
    })
    expect(results).toHaveLength(160)
    expect(results.filter((result) => result === 'redeemed')).toHaveLength(25)
    const totals = await Promise.all(users.map((user) => store.credits.total(user)))
    expect(totals.filter((total) => total === 7n)).toHaveLength(25)
    expect(totals.filter((total) => total === 0n)).toHaveLength(15)
    expect((await store.credits.listCodes({ limit: 1 })).items).toMatchObject([{ used: 25 }])
    await store.close()
  }, 60_000)
})

describe('limits that are damaged', () => {
  const DAMAGED = [
    'null',
    '[]',
    '',
    '{',
    '"x"',
    '{"requests_per_minute":1}',
    '{"requestsPerMinute":"60"}',
    '{"requestsPerMinute":0}',
    '{"requestsPerMinute":1e400}',
    '{"budgets":{}}',
    '{"budgets":[{"period":"day","hard":true}]}',
    '{"budgets":[{"period":"day","hard":true,"amount":5}]}',
    '{"budgets":[{"period":"day","hard":true,"amount":"-5"}]}',
    '{"budgets":[{"period":"day","hard":true,"amount":"5","unit":"images","quantity":1}]}',
    '{"budgets":[{"period":"week","hard":true,"amount":"5"}]}',
    '{"budgets":[{"period":"day","hard":true,"unit":"pictures","quantity":1}]}',
    '{"models":{"M1":{"budgets":[]}}}',
  ]

  it('are an error wherever they stand, and never none', async () => {
    const store = await openSqliteStore({ path })
    await store.plans.add(aPlan())
    await store.users.add(aUser({ plan: 'pro', limits: {} }))
    await store.tokens.add(aToken({ limits: {} }))
    for (const table of ['plans', 'users', 'tokens']) {
      for (const damaged of DAMAGED) {
        change(`update ${table} set limits = ?`, damaged)
        await expect(store.tokens.findByHash('hash of token1'), damaged).rejects.toThrow()
      }
      change(`update ${table} set limits = '{}'`)
      await store.tokens.findByHash('hash of token1')
    }
    change(`update plans set models = ?`, '{}')
    await expect(store.plans.get('pro')).rejects.toThrow()
    await store.close()
  })
})

async function writeCalls(ledger: LedgerStore): Promise<void> {
  const [requestId, pending] = [newRequestId(START), newRequestId(START + 1)]
  await ledger.write([
    { kind: 'open', opening: anOpening({ requestId }) },
    { kind: 'settle', settlement: aSettlement({ requestId }) },
    { kind: 'open', opening: anOpening({ requestId: pending }) },
    {
      kind: 'pend',
      settlement: aSettlement({ requestId: pending }),
      task: aTask({ requestId: pending }),
    },
  ])
}

it('a database without limits keeps everything when it is opened, and nothing is limited', async () => {
  const first = await openSqliteStore({ path })
  const user = aUser({ plan: 'pro', multiplier: '0.4' })
  const token = aToken({ operations: ['chat.*'] })
  await first.users.add(user)
  await first.tokens.add(token)
  await writeCalls(first.ledger)
  const query = { limit: 10 }
  const rows = await first.ledger.list(query, {})
  const tasks = await first.ledger.runningTasks(null, 10)
  await first.close()
  await asBefore(path, '0005-objects')
  const second = await openSqliteStore({ path })
  expect(await second.tokens.findByHash(token.hash)).toEqual({ token, user, plan: null })
  expect(await second.ledger.list(query, {})).toEqual(rows)
  expect(await second.ledger.runningTasks(null, 10)).toEqual(tasks)
  expect([rows.items.length, tasks.length]).toEqual([2, 1])
  const spent = { dimension: 'user', id: 'ada', from: 0, to: Infinity, currency: 'USD' } as const
  expect((await second.ledger.spent(spent)).charged).toBe(400n)
  expect(await second.credits.total('ada')).toBe(0n)
  expect((await second.plans.list({ limit: 10 })).items).toEqual([])
  await second.close()
})
