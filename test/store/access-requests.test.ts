import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { describeAccessRequests } from '../contract/access-requests.ts'

const folder = mkdtempSync(join(tmpdir(), 'gateway-access-'))
let files = 0
afterAll(() => rmSync(folder, { recursive: true }))

describeAccessRequests('SQLite in memory', () => openSqliteStore({ path: ':memory:' }))
describeAccessRequests('a SQLite file', () => openSqliteStore({ path: join(folder, `${++files}.db`) }))
