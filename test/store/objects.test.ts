import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { describeObjects, own } from '../contract/objects.ts'

const folder = mkdtempSync(join(tmpdir(), 'gateway-objects-'))
let files = 0
const newFile = () => join(folder, `${++files}.db`)
afterAll(() => rmSync(folder, { recursive: true }))

describeObjects('SQLite in memory', () => openSqliteStore({ path: ':memory:' }))
describeObjects('a SQLite file', () => openSqliteStore({ path: newFile() }))

describe('the table of objects', () => {
  it('is there after a restart', async () => {
    const path = newFile()
    const first = await openSqliteStore({ path })
    await first.ledger.write([own()])
    await first.close()
    const second = await openSqliteStore({ path })
    expect(await second.objects.find('ada', 'file', 'file1', 0)).toBeDefined()
    await second.close()
  })

  const newest = 'order by created_at desc, id desc, account desc, user_id desc'

  it.each([
    [
      'find',
      'objects_by_name',
      `user_id = 'a' and kind = 'file' and name = 'x' and (expires_at is null or expires_at > 1)`,
      'order by created_at desc limit 1',
    ],
    ['all', 'objects_by_user', `kind = 'file' and user_id = 'a'`, newest],
    ['a kind', 'objects_by_kind', `kind = 'file'`, newest],
    [
      'the next page',
      'objects_by_kind',
      `kind = 'file' and (created_at, id, account, user_id) < (1, 'a', 'b', 'c')`,
      newest,
    ],
    [
      'a foreign one',
      'sqlite_autoindex',
      `kind = 'file' and id = 'a' and account = 'b' and user_id <> 'c'`,
      '',
    ],
    ['the expired', 'objects_by_expiry', 'expires_at < 1', ''],
  ])('is read through an index, in its order, for %s', async (_, index, where, order) => {
    const path = newFile()
    await (await openSqliteStore({ path })).close()
    const database = new DatabaseSync(path)
    const plan = database.prepare(`explain query plan select * from objects where ${where} ${order}`).all()
    database.close()
    const text = JSON.stringify(plan)
    expect(text).toMatch(new RegExp(`SEARCH objects USING (COVERING )?INDEX ${index}`))
    expect(text).not.toMatch(/SCAN|TEMP B-TREE/)
  })
})
