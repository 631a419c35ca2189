import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { describeSpent } from '../contract/spent.ts'

let folder: string
let count = 0
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gateway-spent-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describeSpent('SQLite', () => openSqliteStore({ path: ':memory:' }))
describeSpent('a file of SQLite', () => openSqliteStore({ path: join(folder, `${++count}.db`) }), 3)
