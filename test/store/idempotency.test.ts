import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { aClaim, anAnswer, aScope, describeIdempotency } from '../contract/idempotency.ts'

const folder = mkdtempSync(join(tmpdir(), 'gateway-keys-'))
let files = 0
const newFile = () => join(folder, `${++files}.db`)
afterAll(() => rmSync(folder, { recursive: true }))

describeIdempotency('SQLite in memory', () => openSqliteStore({ path: ':memory:' }))
describeIdempotency('a SQLite file', () => openSqliteStore({ path: newFile() }))

describe('the table of keys', () => {
  it('shows a claim to another connection as soon as it has resolved, and holds it after a restart', async () => {
    const path = newFile()
    const first = await openSqliteStore({ path })
    const other = await openSqliteStore({ path })
    expect(await first.idempotency.claim(aScope(), aClaim())).toBeNull()
    expect(await other.idempotency.claim(aScope(), aClaim({ requestId: 'r2' }))).toMatchObject({
      requestId: 'r1',
    })
    await first.idempotency.complete(aScope(), 'r1', anAnswer(), 5000)
    await first.close()
    await other.close()
    const again = await openSqliteStore({ path })
    expect(await again.idempotency.claim(aScope(), aClaim({ requestId: 'r3' }))).toMatchObject({
      state: 'done',
    })
    await again.close()
  })

  it('holds no key as its client wrote it', async () => {
    const path = newFile()
    const store = await openSqliteStore({ path })
    await store.idempotency.claim(aScope({ key: 'ada@example.com' }), aClaim())
    await store.close()
    expect(readFileSync(path).includes('ada@example.com')).toBe(false)
  })

  it.each([
    ['its key', 'pk|autoindex', `user_id = 'a' and operation = 'b' and key_hash = 'c'`, ''],
    ['its expiry', 'idempotency_keys_by_expiry', 'expires_at <= 1', 'order by expires_at limit 500'],
  ])('is read through an index, for %s', async (_, index, where, order) => {
    const path = newFile()
    await (await openSqliteStore({ path })).close()
    const database = new DatabaseSync(path)
    const plan = database
      .prepare(`explain query plan select * from idempotency_keys where ${where} ${order}`)
      .all()
    database.close()
    const text = JSON.stringify(plan)
    expect(text).toMatch(new RegExp(`SEARCH idempotency_keys USING (COVERING )?INDEX .*(${index})`))
    expect(text).not.toMatch(/SCAN|TEMP B-TREE/)
  })

  it('is not claimed in once the store is closed', async () => {
    const store = await openSqliteStore({ path: newFile() })
    await store.close()
    await expect(store.idempotency.claim(aScope(), aClaim())).rejects.toThrow()
  })
})
