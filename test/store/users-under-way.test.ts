import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { LedgerChange, Store } from '../../src/store/store.ts'
import { anOpening, aSettlement, aTask } from '../contract/ledger-kit.ts'
import { aUser } from '../contract/store.ts'

const OPEN: LedgerChange = { kind: 'open', opening: anOpening() }
const SETTLE: LedgerChange = { kind: 'settle', settlement: aSettlement() }
const PEND: LedgerChange = { kind: 'pend', settlement: aSettlement(), task: aTask() }
const { taskId, upstreamKey, bill } = aTask()
const END: LedgerChange = { kind: 'end', taskId, upstreamKey, state: 'failed', outcome: 'ok', bill, at: 9e12 }

// Books in memory are a database of their own, so a file it is.
describe('the id of an earlier user', () => {
  let folder: string
  let store: Store
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gateway-store-'))
    store = await openSqliteStore({ path: join(folder, 'gateway.db') })
  })
  afterEach(async () => {
    await store.close()
    rmSync(folder, { recursive: true })
  })

  it.each<[string, readonly LedgerChange[], 'added' | 'under_way']>([
    ['is free when nothing was called', [], 'added'],
    ['is not free while a call is open', [OPEN], 'under_way'],
    ['is free when the call is settled', [OPEN, SETTLE], 'added'],
    ['is not free while a task runs', [OPEN, PEND], 'under_way'],
    ['is free when the task has ended', [OPEN, PEND, END], 'added'],
  ])('%s', async (_, changes, result) => {
    await store.ledger.write(changes)
    expect(await store.users.add(aUser())).toBe(result)
    expect(await store.users.get('ada')).toEqual(result === 'added' ? aUser() : undefined)
    expect(await store.users.add(aUser({ id: 'bob' }))).toBe('added')
  })

  it('is taken, whatever is under way, while somebody has it', async () => {
    await store.users.add(aUser())
    await store.ledger.write([OPEN])
    expect(await store.users.add(aUser({ name: 'Eve' }))).toBe('taken')
  })
})
