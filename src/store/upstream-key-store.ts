import type { Kysely } from 'kysely'
import type { Tables } from './tables.ts'
import type { UpstreamKeyRow } from './upstream-key-tables.ts'
import type { StoredKey, UpstreamKeyStore } from './upstream-keys.ts'

function keyFromRow(row: UpstreamKeyRow): StoredKey {
  return {
    name: row.name,
    account: row.account,
    weight: row.weight,
    sealed: row.sealed,
    disabledAt: row.disabled_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

function rowFromKey(key: StoredKey): UpstreamKeyRow {
  return {
    name: key.name,
    account: key.account,
    weight: key.weight,
    sealed: key.sealed,
    disabled_at: key.disabledAt,
    created_at: key.createdAt,
    updated_at: key.updatedAt,
  }
}

/** Upstream keys in the tables of any database that Kysely speaks to. */
export function createUpstreamKeyStore(db: Kysely<Tables>): UpstreamKeyStore {
  return {
    async add(key) {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('upstream_keys')
        .values(rowFromKey(key))
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst()
      return numInsertedOrUpdatedRows === 1n
    },

    async list() {
      const rows = await db.selectFrom('upstream_keys').selectAll().orderBy('name').execute()
      return rows.map(keyFromRow)
    },

    async update(name, { weight, sealed, disabledAt }, at) {
      const row = await db
        .updateTable('upstream_keys')
        .set({
          ...(weight !== undefined && { weight }),
          ...(sealed !== undefined && { sealed }),
          ...(disabledAt !== undefined && { disabled_at: disabledAt }),
          updated_at: at,
        })
        .where('name', '=', name)
        .returningAll()
        .executeTakeFirst()
      return row && keyFromRow(row)
    },

    async reseal(seals, at) {
      await db.transaction().execute(async (transaction) => {
        for (const [name, sealed] of seals) {
          await transaction
            .updateTable('upstream_keys')
            .set({ sealed, updated_at: at })
            .where('name', '=', name)
            .execute()
        }
      })
    },

    async remove(name) {
      const { numDeletedRows } = await db
        .deleteFrom('upstream_keys')
        .where('name', '=', name)
        .executeTakeFirst()
      return numDeletedRows > 0n
    },
  }
}
