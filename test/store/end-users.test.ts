import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { describeEndUsers } from '../contract/end-users.ts'

const folder = mkdtempSync(join(tmpdir(), 'gateway-end-users-'))
let files = 0
afterAll(() => rmSync(folder, { recursive: true }))

describeEndUsers('memory', () => openSqliteStore({ path: ':memory:' }))
describeEndUsers('a file', () => openSqliteStore({ path: join(folder, `${files++}.db`) }))
