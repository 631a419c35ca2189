import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { describeCallbacks } from '../contract/callbacks.ts'

const folder = mkdtempSync(join(tmpdir(), 'gateway-callbacks-'))
let files = 0
afterAll(() => rmSync(folder, { recursive: true }))

describeCallbacks('memory', () => openSqliteStore({ path: ':memory:' }))
describeCallbacks('a file', () => openSqliteStore({ path: join(folder, `${files++}.db`) }))
