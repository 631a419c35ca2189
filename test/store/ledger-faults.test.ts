import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newRequestId } from '../../src/lib/ids.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { LedgerChange } from '../../src/store/store.ts'
import { everyRow, expectTotalsLikeRows } from '../contract/ledger.ts'
import { anOpening, aSettlement, START } from '../contract/ledger-kit.ts'

const WRITER = join(import.meta.dirname, 'ledger-writer.child.ts')

function call(bytes = 0): readonly LedgerChange[] {
  const requestId = newRequestId(START)
  return [
    { kind: 'open', opening: anOpening({ requestId, model: 'x'.repeat(bytes) }) },
    { kind: 'settle', settlement: aSettlement({ requestId, model: 'x'.repeat(bytes) }) },
  ]
}

describe('the books in a SQLite file', () => {
  let folder: string
  let path: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gateway-books-'))
    path = join(folder, 'gateway.db')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  function change<Result>(use: (database: DatabaseSync) => Result): Result {
    const database = new DatabaseSync(path)
    try {
      return use(database)
    } finally {
      database.close()
    }
  }

  /** Kills a process that writes, after it said that so many batches are on disk. @returns the calls that it said are */
  async function killedAfter(batches: number): Promise<readonly string[]> {
    const child = fork(WRITER, [path], { stdio: 'ignore', execArgv: [] })
    const written: string[] = []
    let said = 0
    child.on('message', (ids: readonly string[]) => {
      written.push(...ids)
      if (++said === batches) child.kill('SIGKILL')
    })
    await once(child, 'exit')
    return written
  }

  it(
    'keeps every call that was answered, and its totals, through kill -9',
    { timeout: 120_000 },
    async () => {
      const written: string[] = []
      for (const batches of [1, 7, 40]) {
        written.push(...(await killedAfter(batches)))
        expect(change((database) => database.prepare('pragma integrity_check').get())).toEqual({
          integrity_check: 'ok',
        })
        const store = await openSqliteStore({ path })
        const rows = new Map((await everyRow(store.ledger)).map((row) => [row.requestId, row]))
        expect(written.filter((id) => rows.get(id)?.state !== 'settled')).toEqual([])
        await expectTotalsLikeRows(store.ledger)
        await store.close()
      }
      expect(written.length).toBeGreaterThan(0)
    },
  )

  it('writes nothing of a batch while another process holds it, and all of it afterwards', async () => {
    const store = await openSqliteStore({ path })
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    const batch = call()
    await expect(store.ledger.write(batch)).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(await everyRow(store.ledger)).toEqual([])
    other.exec('ROLLBACK')
    other.close()
    expect(await store.ledger.write(batch)).toEqual([true, true])
    await expectTotalsLikeRows(store.ledger)
    await store.close()
  })

  it('counts once what an earlier process left in the journal', async () => {
    const lines = () => change((database) => database.prepare('select line from usage_journal').all())
    const first = await openSqliteStore({ path })
    // The first call of an hour empties the journal; the second stays in it.
    await first.ledger.write(call())
    await first.ledger.write(call())
    await expectTotalsLikeRows(first.ledger)
    await first.close()
    expect(lines()).toHaveLength(1)
    const second = await openSqliteStore({ path })
    await expectTotalsLikeRows(second.ledger)
    expect(lines()).toEqual([])
    await second.ledger.write(call())
    await expectTotalsLikeRows(second.ledger)
    await second.close()
  })

  it('refuses calls when it is closed', async () => {
    const store = await openSqliteStore({ path })
    const last = store.ledger.write(call())
    await store.close()
    expect(await last).toEqual([true, true])
    await expect(store.ledger.write(call())).rejects.toMatchObject({ code: 'store_unavailable' })
    await expect(store.ledger.list({ limit: 1 }, {})).rejects.toMatchObject({ code: 'store_unavailable' })
  })

  it('keeps no process alive by itself', async () => {
    const child = fork(WRITER, [path, 'idle'], { stdio: 'ignore', execArgv: [] })
    expect(await once(child, 'exit')).toEqual([0, null])
  })
})
