import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/errors.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { describeCredits } from '../contract/credits.ts'
import { describePlans } from '../contract/plans.ts'
import { aToken, aUser, describeStore } from '../contract/store.ts'

const inMemory = () => openSqliteStore({ path: ':memory:' })

describeStore('SQLite', inMemory)
describePlans('SQLite', inMemory)
describeCredits('SQLite', inMemory)

describe('the SQLite file', () => {
  let folder: string
  let path: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gateway-store-'))
    path = join(folder, 'data', 'gateway.db')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  function change(statement: string): void {
    const database = new DatabaseSync(path)
    database.exec(statement)
    database.close()
  }

  it('keeps what was written when it is opened again', async () => {
    const first = await openSqliteStore({ path })
    await first.users.add(aUser())
    await first.tokens.add(aToken({ operations: ['chat.*'] }))
    await first.close()
    const second = await openSqliteStore({ path })
    expect(await second.tokens.findByHash('hash of token1')).toEqual({
      token: aToken({ operations: ['chat.*'] }),
      user: aUser(),
      plan: null,
    })
    await second.close()
  })

  it('is on disk as soon as a write is answered, without a close', async () => {
    const first = await openSqliteStore({ path })
    await first.users.add(aUser())
    const second = await openSqliteStore({ path })
    expect(await second.users.get('ada')).toEqual(aUser())
    await Promise.all([first.close(), second.close()])
  })

  it('and its folder are for their owner alone', async () => {
    const store = await openSqliteStore({ path })
    await store.users.add(aUser())
    const modes = [join(folder, 'data'), path, `${path}-wal`, `${path}-shm`].map((one) =>
      (statSync(one).mode & 0o777).toString(8),
    )
    expect(modes).toEqual(['700', '600', '600', '600'])
    await store.close()
  })

  it('is migrated once when two open it at the same time', async () => {
    const stores = await Promise.all([openSqliteStore({ path }), openSqliteStore({ path })])
    await Promise.all(stores.map((store) => store.users.add(aUser())))
    await Promise.all(stores.map((store) => store.close()))
  })

  it('is refused with a remedy when it is not a database', async () => {
    await (await openSqliteStore({ path })).close()
    writeFileSync(path, 'x'.repeat(10_000))
    await expect(openSqliteStore({ path })).rejects.toThrow(/gateway\.db is not a database.*DATABASE_URL/)
    expect(readFileSync(path, 'utf8')).toBe('x'.repeat(10_000))
  })

  it('is refused with a remedy when its pages are damaged', async () => {
    await (await openSqliteStore({ path })).close()
    const bytes = readFileSync(path)
    writeFileSync(path, bytes.fill(0xff, 100, 4096))
    await expect(openSqliteStore({ path })).rejects.toThrow(/is not a database, or is damaged.*backup/)
  })

  it('is refused and left alone when a newer version wrote it', async () => {
    await (await openSqliteStore({ path })).close()
    change(`insert into kysely_migration values ('9999-later', '2030-01-01')`)
    await expect(openSqliteStore({ path })).rejects.toThrow(/newer version of the gateway.*9999-later/)
  })

  it('is refused with a remedy when its folder cannot be made', async () => {
    writeFileSync(join(folder, 'data'), '')
    await expect(openSqliteStore({ path })).rejects.toThrow(/cannot be opened.*permissions/)
  })

  it('is refused with a remedy when another process holds it', async () => {
    await (await openSqliteStore({ path })).close()
    const other = new DatabaseSync(path)
    other.exec('BEGIN EXCLUSIVE')
    await expect(openSqliteStore({ path })).rejects.toThrow(/is locked by another process/)
    other.close()
  })

  it('answers store_unavailable while another process holds it, and works again afterwards', async () => {
    const store = await openSqliteStore({ path })
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    await expect(store.check()).rejects.toMatchObject({ code: 'store_unavailable' })
    await expect(store.users.add(aUser())).rejects.toBeInstanceOf(GatewayError)
    other.exec('ROLLBACK')
    await store.check()
    other.close()
    await store.close()
  })

  it('does not turn a damaged list of operations into no restriction', async () => {
    const store = await openSqliteStore({ path })
    await store.users.add(aUser())
    await store.tokens.add(aToken({ operations: ['chat.*'] }))
    for (const damaged of ['{}', '[1]', 'null', '']) {
      change(`update tokens set operations = '${damaged}'`)
      await expect(store.tokens.findByHash('hash of token1')).rejects.toThrow()
    }
    await store.close()
  })

  it('has tables without a column for the text of a token', async () => {
    const store = await openSqliteStore({ path })
    await store.close()
    const database = new DatabaseSync(path)
    const columns = database.prepare(`select name from pragma_table_info('tokens')`).all()
    database.close()
    expect(columns.map(({ name }) => name)).toEqual([
      'id',
      'user_id',
      'kind',
      'name',
      'hash',
      'operations',
      'models',
      'created_at',
      'expires_at',
      'revoked_at',
      'replaced_by',
      'limits',
      'suspended_at',
      'suspended_by',
      'origins',
      'networks',
      'last_used_address',
      'last_used_at',
      'expiry_noticed_at',
    ])
  })

  it('looks tokens up by their hash through an index', async () => {
    const store = await openSqliteStore({ path })
    await store.close()
    const database = new DatabaseSync(path)
    const plan = database.prepare('explain query plan select * from tokens where hash = ?').all('x')
    database.close()
    expect(JSON.stringify(plan)).toMatch(/SEARCH tokens USING INDEX/)
  })

  it.skipIf(process.getuid?.() === 0)('says so when it may not be written', async () => {
    await (await openSqliteStore({ path })).close()
    chmodSync(path, 0o400)
    await expect(openSqliteStore({ path })).rejects.toThrow(/permissions/)
  })
})
