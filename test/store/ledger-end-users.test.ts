import { mkdtempSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite.ts'

const folder = mkdtempSync(join(tmpdir(), 'gateway-end-users-'))
afterAll(() => rmSync(folder, { recursive: true }))

const USER = `user_id = 'a' and end_user <> ''`
const SETTLED = 'settled_at >= 1 and settled_at < 2'

it.each([
  [
    'what one end user spent',
    'requests_by_end_user_settled',
    `${USER} and end_user = 'b' and ${SETTLED}`,
    'end_user, settled_at, id',
  ],
  [
    'what all end users of a user used',
    'requests_by_end_user_settled',
    `${USER} and ${SETTLED}`,
    'end_user, settled_at, id',
  ],
  [
    'what a session spent',
    'requests_by_session',
    `session_id = 'a' and session_id <> '' and ${SETTLED}`,
    'id',
  ],
  ['the calls of an end user', 'requests_by_end_user ', `${USER} and end_user = 'b' and id < 'f'`, 'id desc'],
])('%s is read through an index', async (_, index, where, order) => {
  const path = join(folder, `${index.trim()}.db`)
  await (await openSqliteStore({ path })).close()
  const database = new DatabaseSync(path)
  const plan = database.prepare(
    `explain query plan select * from requests where ${where} order by ${order} limit 10`,
  )
  const text = plan
    .all()
    .map((row) => String(row.detail))
    .join('\n')
  database.close()
  expect(text).toMatch(new RegExp(`SEARCH requests USING INDEX ${index}`))
})
