import type { Kysely, Selectable } from 'kysely'
import { pageFromRows, positionFromCursor } from './cursor.ts'
import { limitsFromText, textFromLimits } from './limits-codec.ts'
import type { User, UserStore } from './store.ts'
import type { Tables, UserRow } from './tables.ts'

/** A user out of its row. */
export function userFromRow(row: Selectable<UserRow>): User {
  const { id, name, email, plan, multiplier, status, created_at: createdAt, updated_at: updatedAt } = row
  const limits = row.limits === null ? null : limitsFromText(row.limits)
  const prepaid = row.prepaid === null ? null : row.prepaid === 1
  return { id, name, email, plan, multiplier, limits, prepaid, status, createdAt, updatedAt }
}

type Change = Parameters<UserStore['update']>[1]

/** The columns of what is named; the others stay. */
function columnsFromChange({ limits, prepaid, ...rest }: Change) {
  return {
    ...rest,
    ...(limits !== undefined && { limits: limits && textFromLimits(limits) }),
    ...(prepaid !== undefined && { prepaid: prepaid === null ? null : prepaid ? 1 : 0 }),
  }
}

function rowFromUser({ limits, prepaid, createdAt, updatedAt, ...rest }: User): UserRow {
  return {
    ...rest,
    limits: limits && textFromLimits(limits),
    prepaid: prepaid === null ? null : prepaid ? 1 : 0,
    created_at: createdAt,
    updated_at: updatedAt,
  }
}

/** Users in the tables of any database that Kysely speaks to. */
export function createUserStore(db: Kysely<Tables>): UserStore {
  return {
    async add(user) {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('users')
        .values(rowFromUser(user))
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst()
      return numInsertedOrUpdatedRows === 1n
    },

    async get(id) {
      const row = await db.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst()
      return row && userFromRow(row)
    },

    async list({ limit, cursor, status }) {
      let query = db.selectFrom('users').selectAll().orderBy('created_at').orderBy('id')
      if (status !== undefined) query = query.where('status', '=', status)
      if (cursor !== undefined) {
        const { createdAt, id } = positionFromCursor(cursor)
        query = query.where((is) => is(is.refTuple('created_at', 'id'), '>', is.tuple(createdAt, id)))
      }
      const rows = await query.limit(limit + 1).execute()
      return pageFromRows(rows.map(userFromRow), limit)
    },

    async update(id, change, at) {
      const row = await db
        .updateTable('users')
        .set({ ...columnsFromChange(change), updated_at: at })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst()
      return row && userFromRow(row)
    },

    async remove(id) {
      return await db.transaction().execute(async (transaction) => {
        const suspended = transaction
          .selectFrom('users')
          .select('id')
          .where('id', '=', id)
          .where('status', '=', 'suspended')
        await transaction.deleteFrom('tokens').where('user_id', 'in', suspended).execute()
        const { numDeletedRows } = await transaction
          .deleteFrom('users')
          .where('id', '=', id)
          .where('status', '=', 'suspended')
          .executeTakeFirst()
        return numDeletedRows === 1n
      })
    },
  }
}
