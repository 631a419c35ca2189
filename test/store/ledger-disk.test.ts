import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { newRequestId } from '../../src/lib/ids.ts'
import { connectionOf, openKysely } from '../../src/store/database.ts'
import { createLedgerReader } from '../../src/store/ledger-reader.ts'
import { LedgerWriter } from '../../src/store/ledger-writer.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { anOpening, START } from '../contract/ledger-kit.ts'

it('a full disk refuses a batch as a whole, and takes it when there is room again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-disk-'))
  const path = join(folder, 'gateway.db')
  await (await openSqliteStore({ path })).close()
  const { database, db } = openKysely(path, { timeout: 100, cache: 1000 })
  try {
    const writer = await LedgerWriter.open(db, connectionOf(database))
    const reader = createLedgerReader(db)
    const everything = { limit: 1000, before: undefined }
    const batch = Array.from({ length: 100 }, () => ({
      kind: 'open' as const,
      opening: anOpening({ requestId: newRequestId(START), model: 'x'.repeat(5000) }),
    }))
    const pages = Number(database.prepare('PRAGMA page_count').get()?.page_count)
    database.exec(`PRAGMA max_page_count = ${pages + 20}`)
    await expect(writer.write(batch)).rejects.toMatchObject({ code: 'store_unavailable' })
    expect((await reader.list(everything, {})).items).toEqual([])
    expect(await writer.write(batch.slice(0, 1))).toEqual([true])
    database.exec('PRAGMA max_page_count = 100000')
    expect(await writer.write(batch)).toEqual(batch.map((_, index) => index > 0))
    expect((await reader.list(everything, {})).items).toHaveLength(batch.length)
  } finally {
    await db.destroy()
    rmSync(folder, { recursive: true })
  }
})
