import type { Kysely } from 'kysely'
import { pageFromRows, positionFromCursor } from './cursor.ts'
import { namesFromText } from './names-codec.ts'
import type { TokenStore } from './store.ts'
import type { Tables } from './tables.ts'
import { columnsFromChange, rowFromToken, tokenFromRow } from './token-codec.ts'
import { createExpiryQueries } from './token-expiry.ts'
import { findOwner, findOwnerById } from './token-owner.ts'
import { usesInSlices, type UseWriter } from './token-uses.ts'

/**
 * Tokens in the tables of any database that Kysely speaks to.
 * @param saveUses writes a slice of uses, maybe in another thread
 */
export function createTokenStore(db: Kysely<Tables>, saveUses: UseWriter): TokenStore {
  return {
    ...createExpiryQueries(db),
    used: usesInSlices(saveUses),

    async add(token) {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('tokens')
        .values(rowFromToken(token))
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst()
      return numInsertedOrUpdatedRows === 1n
    },

    async get(id) {
      const row = await db.selectFrom('tokens').selectAll().where('id', '=', id).executeTakeFirst()
      return row && tokenFromRow(row)
    },

    findByHash: (hash) => findOwner(db, hash),

    findById: (id) => findOwnerById(db, id),

    async list({ limit, cursor, userId }) {
      let query = db.selectFrom('tokens').selectAll().orderBy('created_at').orderBy('id')
      if (userId !== undefined) query = query.where('user_id', '=', userId)
      if (cursor !== undefined) {
        const { createdAt, id } = positionFromCursor(cursor)
        query = query.where((is) => is(is.refTuple('created_at', 'id'), '>', is.tuple(createdAt, id)))
      }
      const rows = await query.limit(limit + 1).execute()
      return pageFromRows(rows.map(tokenFromRow), limit)
    },

    async origins(at, limit) {
      const rows = await db
        .selectFrom('tokens')
        .select('origins')
        .distinct()
        .where('origins', 'is not', null)
        .where('revoked_at', 'is', null)
        .where((is) => is.or([is('expires_at', 'is', null), is('expires_at', '>', at)]))
        .limit(limit)
        .execute()
      return [...new Set(rows.flatMap((row) => namesFromText(row.origins) ?? []))].slice(0, limit)
    },

    async update(id, change) {
      const row = await db
        .updateTable('tokens')
        .set(columnsFromChange(change))
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst()
      return row && tokenFromRow(row)
    },

    async revoke(id, at) {
      const row = await db
        .updateTable('tokens')
        .set((is) => ({ revoked_at: is.fn.coalesce('revoked_at', is.val(at)) }))
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst()
      return row && tokenFromRow(row)
    },

    async revokeAll(userId, at) {
      const { numUpdatedRows } = await db
        .updateTable('tokens')
        .set({ revoked_at: at })
        .where('user_id', '=', userId)
        .where('revoked_at', 'is', null)
        .executeTakeFirst()
      return Number(numUpdatedRows)
    },

    async suspend(id, by, at) {
      const row = await db
        .updateTable('tokens')
        .set((is) => ({
          suspended_at: is.fn.coalesce('suspended_at', is.val(at)),
          suspended_by: is
            .case()
            .when('suspended_at', 'is', null)
            .then(is.val(by))
            .else(is.ref('suspended_by'))
            .end(),
        }))
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst()
      return row && tokenFromRow(row)
    },

    async reinstate(id) {
      const row = await db
        .updateTable('tokens')
        .set({ suspended_at: null, suspended_by: null })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst()
      return row && tokenFromRow(row)
    },

    async rotate(id, successor, oldEndsAt, at) {
      return await db.transaction().execute(async (transaction) => {
        // The conditional change comes first: of two rotations at once only one finds the token without a successor.
        const row = await transaction
          .updateTable('tokens')
          .set(oldEndsAt <= at ? { revoked_at: at } : {})
          .set((is) => ({
            replaced_by: successor.id,
            ...(oldEndsAt > at && {
              expires_at: is
                .case()
                .when('expires_at', '<', oldEndsAt)
                .then(is.ref('expires_at'))
                .else(oldEndsAt)
                .end(),
            }),
          }))
          .where('id', '=', id)
          .where('revoked_at', 'is', null)
          .where('replaced_by', 'is', null)
          .where((is) => is.or([is('expires_at', 'is', null), is('expires_at', '>', at)]))
          .returningAll()
          .executeTakeFirst()
        if (row === undefined) return undefined
        // A taken id or hash throws here and undoes the change above.
        await transaction.insertInto('tokens').values(rowFromToken(successor)).execute()
        return tokenFromRow(row)
      })
    },
  }
}
