import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { aProfile, anExemption, anIncident, describeIncidents } from '../contract/incidents.ts'
import { aToken, aUser } from '../contract/store.ts'
import { asBefore } from './earlier.ts'

const folder = mkdtempSync(join(tmpdir(), 'gateway-incidents-'))
let files = 0
const newFile = () => join(folder, `${++files}.db`)
afterAll(() => rmSync(folder, { recursive: true }))

describeIncidents('SQLite in memory', () => openSqliteStore({ path: ':memory:' }))
describeIncidents('a SQLite file', () => openSqliteStore({ path: newFile() }))

describe('the tables of incidents', () => {
  it('hold what was written when they are opened again', async () => {
    const path = newFile()
    const first = await openSqliteStore({ path })
    await first.users.add(aUser())
    await first.tokens.add(aToken())
    await first.incidents.put(anIncident())
    await first.incidents.addExemption(anExemption())
    await first.incidents.saveProfiles([aProfile()])
    await first.close()
    const second = await openSqliteStore({ path })
    expect(await second.incidents.open()).toEqual([anIncident()])
    expect(await second.incidents.exemptions(0)).toEqual([anExemption()])
    expect(await second.incidents.profiles('', 10)).toMatchObject([{ tokenId: 'token1', savedAt: 1000 }])
    await second.close()
  })

  it('are added to a file of before, whose tokens are not suspended', async () => {
    const path = newFile()
    const first = await openSqliteStore({ path })
    await first.users.add(aUser())
    await first.tokens.add(aToken())
    await first.close()
    await asBefore(path, '0007-idempotency')
    const second = await openSqliteStore({ path })
    expect(await second.tokens.get('token1')).toEqual(aToken())
    await second.incidents.put(anIncident())
    await second.close()
  })

  const newest = 'order by opened_at desc, id desc limit 50'
  const after = '(opened_at, id) < (1, 2)'
  const over = `not (state = 'open') and updated_at < 1 order by updated_at limit 500`
  it.each([
    ['all', 'incidents_by_time', 'incidents', after, newest],
    ['a user', 'incidents_by_user', 'incidents', `user_id = 'a' and ${after}`, newest],
    ['a token', 'incidents_by_token', 'incidents', `token_id = 'a' and ${after}`, newest],
    ['a state', 'incidents_by_state', 'incidents', `state = 'closed' and ${after}`, newest],
    ['a signal', 'incidents_by_signal', 'incidents', `signal = 'x' and ${after}`, newest],
    ['those open', 'incidents_by_state', 'incidents', `state = 'open'`, 'order by opened_at, id'],
    ['strikes', 'incidents_by_token', 'incidents', `token_id = 'a' and response = 'suspend'`, ''],
    ['those over', 'incidents_over', 'incidents', over, ''],
    ['exemptions that ended', 'exemptions_by_expiry', 'exemptions', 'expires_at <= 1', 'order by expires_at'],
    [
      'exemptions of one',
      'exemptions_by_subject',
      'exemptions',
      `subject_kind = 'user' and subject_id = 'a'`,
      '',
    ],
    ['pasts', 'autoindex', 'abuse_profiles', `token_id > 'a'`, 'order by token_id limit 50'],
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

  it.each([
    ['evidence', 'incidents', `evidence = '[{"signal":"x"}]'`, 'open'],
    ['signals', 'exemptions', `signals = 'null'`, 'exemptions'],
  ])('do not let damaged %s through', async (_, table, change, method) => {
    const path = newFile()
    const store = await openSqliteStore({ path })
    await store.incidents.put(anIncident())
    await store.incidents.addExemption(anExemption())
    const database = new DatabaseSync(path)
    database.exec(`update ${table} set ${change}`)
    database.close()
    const read = () => (method === 'open' ? store.incidents.open() : store.incidents.exemptions(0))
    await expect(read()).rejects.toThrow()
    await store.close()
  })
})

describe('the pasts of many tokens', () => {
  it('are saved while this thread goes on', async () => {
    const store = await openSqliteStore({ path: newFile() })
    await store.users.add(aUser())
    const ids = Array.from({ length: 200 }, (_, at) => `token${at}`)
    for (const id of ids) await store.tokens.add(aToken({ id }))
    let turns = 0
    const counting = setInterval(() => turns++, 0)
    const saving = store.incidents.saveProfiles(
      ids.map((tokenId) => aProfile({ tokenId, state: new Uint8Array(6_000).fill(7) })),
    )
    await saving
    clearInterval(counting)
    expect(turns).toBeGreaterThan(0)
    expect(await store.incidents.profiles('', 1000)).toHaveLength(200)
    await store.close()
  })

  it('are refused once the store is closed', async () => {
    const store = await openSqliteStore({ path: newFile() })
    await store.close()
    await expect(store.incidents.saveProfiles([aProfile()])).rejects.toMatchObject({
      code: 'store_unavailable',
    })
  })
})
