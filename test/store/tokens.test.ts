import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, expect, it } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { describeTokens } from '../contract/tokens.ts'

const folder = mkdtempSync(join(tmpdir(), 'gateway-tokens-'))
let files = 0
afterAll(() => rmSync(folder, { recursive: true }))

describeTokens('SQLite in memory', () => openSqliteStore({ path: ':memory:' }))
describeTokens('a SQLite file', () => openSqliteStore({ path: join(folder, `${++files}.db`) }))

it('tokens that are about to end are found through an index', async () => {
  const path = join(folder, 'plan.db')
  await (await openSqliteStore({ path })).close()
  using database = new DatabaseSync(path)
  const plan = database
    .prepare(
      'explain query plan select * from tokens inner join users on users.id = tokens.user_id where tokens.revoked_at is null and tokens.expires_at > ? and tokens.expires_at <= ? and tokens.expiry_noticed_at is null order by tokens.expires_at, tokens.id',
    )
    .all(1, 2)
  expect(JSON.stringify(plan)).toContain('tokens_by_end')
})
