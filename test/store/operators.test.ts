import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { anEnd, anOpening, describeAudit } from '../contract/audit.ts'
import { anOperator, describeOperators } from '../contract/operators.ts'
import { aUser } from '../contract/store.ts'
import { asBefore } from './earlier.ts'

const folder = mkdtempSync(join(tmpdir(), 'gateway-operators-'))
let files = 0
const newFile = () => join(folder, `${++files}.db`)
afterAll(() => rmSync(folder, { recursive: true }))

for (const [name, path] of [
  ['SQLite in memory', () => ':memory:'],
  ['a SQLite file', newFile],
] as const) {
  describeOperators(name, () => openSqliteStore({ path: path() }))
  describeAudit(name, () => openSqliteStore({ path: path() }))
}

describe('the tables of operators', () => {
  it('hold what was written when they are opened again', async () => {
    const path = newFile()
    const first = await openSqliteStore({ path })
    await first.operators.add(anOperator())
    await first.audit.begin(anOpening())
    await first.audit.end('aud_1', anEnd())
    await first.close()
    const second = await openSqliteStore({ path })
    expect(await second.operators.get('operator1')).toEqual(anOperator())
    expect((await second.audit.list({ limit: 10 })).items).toEqual([{ ...anOpening(), ...anEnd() }])
    await second.close()
  })

  it('are added to a file of before', async () => {
    const path = newFile()
    const first = await openSqliteStore({ path })
    await first.users.add(aUser())
    await first.close()
    await asBefore(path, '0009-credentials')
    const second = await openSqliteStore({ path })
    expect(await second.users.get('ada')).toEqual(aUser())
    expect(await second.operators.add(anOperator())).toBe(true)
    await second.close()
  })

  it('have what was begun on disk before the answer, without a close', async () => {
    const path = newFile()
    const first = await openSqliteStore({ path })
    await first.audit.begin(anOpening())
    const second = await openSqliteStore({ path })
    expect((await second.audit.list({ limit: 10 })).items).toMatchObject([{ outcome: 'begun' }])
    await Promise.all([first.close(), second.close()])
  })

  it('do not turn damaged networks into no restriction', async () => {
    const path = newFile()
    const store = await openSqliteStore({ path })
    await store.operators.add(anOperator({ networks: ['10.0.0.0/8'] }))
    const database = new DatabaseSync(path)
    for (const damaged of ['{}', '[1]', 'null', '']) {
      database.exec(`update operators set networks = '${damaged}'`)
      await expect(store.operators.findByHash('hash of operator1')).rejects.toThrow()
    }
    database.close()
    await store.close()
  })

  it.each([
    ['operators', 'role', 'king'],
    ['audit_log', 'role', 'king'],
    ['audit_log', 'outcome', 'forgotten'],
  ])('take no %s whose %s is %s', async (table, column, value) => {
    const path = newFile()
    const store = await openSqliteStore({ path })
    await store.operators.add(anOperator())
    await store.audit.begin(anOpening())
    await store.close()
    const database = new DatabaseSync(path)
    expect(() => database.exec(`update ${table} set ${column} = '${value}'`)).toThrow(/CHECK/)
    database.close()
  })

  const newest = 'order by at desc, id desc limit 50'
  const after = '(at, id) < (1, 2)'
  it.each([
    ['all', 'audit_by_time', 'audit_log', after, newest],
    ['an operator', 'audit_by_operator', 'audit_log', `operator_id = 'a' and ${after}`, newest],
    ['an action', 'audit_by_action', 'audit_log', `action = 'a' and ${after}`, newest],
    ['a target', 'audit_by_target', 'audit_log', `target = 'a' and ${after}`, newest],
    ['those to take out', 'audit_by_time', 'audit_log', 'at < 1', 'order by at limit 500'],
    ['a hash', 'autoindex', 'operators', `hash = 'a'`, ''],
    [
      'the list',
      'operators_by_creation',
      'operators',
      '(created_at, id) > (1, 2)',
      'order by created_at, id',
    ],
  ])('are read through an index, for %s', async (_, index, table, where, order) => {
    const path = newFile()
    await (await openSqliteStore({ path })).close()
    const database = new DatabaseSync(path)
    const plan = database.prepare(`explain query plan select * from ${table} where ${where} ${order}`).all()
    database.close()
    const text = JSON.stringify(plan)
    expect(text).toMatch(new RegExp(`SEARCH ${table} USING (COVERING )?INDEX .*${index}`))
    expect(text).not.toMatch(/SCAN|TEMP B-TREE/)
  })
})
