import { sql, type Kysely, type Selectable } from 'kysely'
import { GatewayError } from '../errors.ts'
import type { EndUserStore, SuspendedEndUser } from './end-users.ts'
import type { Tables } from './tables.ts'
import type { EndUserRow } from './user-tables.ts'

function endUserFromRow(row: Selectable<EndUserRow>): SuspendedEndUser {
  return {
    userId: row.user_id,
    endUser: row.end_user,
    suspendedAt: row.suspended_at,
    suspendedBy: row.suspended_by,
  }
}

/** Names may be long: their cursor is one name, without the time that the cursors of other lists have. */
function cursorFromName(name: string): string {
  return Buffer.from(name).toString('base64url')
}

function nameFromCursor(cursor: string): string {
  const name = Buffer.from(cursor, 'base64url').toString()
  if (cursorFromName(name) === cursor) return name
  throw new GatewayError('invalid_query', 'The cursor is not one of ours: pass "next" as it came.', {
    path: 'cursor',
  })
}

async function suspend(
  db: Kysely<Tables>,
  { userId, endUser, suspendedAt, suspendedBy }: SuspendedEndUser,
): Promise<SuspendedEndUser | undefined> {
  await db
    .insertInto('end_users')
    .columns(['user_id', 'end_user', 'suspended_at', 'suspended_by'])
    // One who was deleted meanwhile must not leave anything to whoever is given their id.
    .expression((from) =>
      from
        .selectFrom('users')
        .select([
          'id',
          sql<string>`${endUser}`.as('end_user'),
          sql<number>`${suspendedAt}`.as('suspended_at'),
          sql<string | null>`${suspendedBy}`.as('suspended_by'),
        ])
        .where('id', '=', userId),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const row = await db
    .selectFrom('end_users')
    .selectAll()
    .where('user_id', '=', userId)
    .where('end_user', '=', endUser)
    .executeTakeFirst()
  return row && endUserFromRow(row)
}

/** Suspended end users in the tables of any database that Kysely speaks to. */
export function createEndUserStore(db: Kysely<Tables>): EndUserStore {
  return {
    suspend: (endUser) => suspend(db, endUser),

    async reinstate(userId, endUser) {
      const { numDeletedRows } = await db
        .deleteFrom('end_users')
        .where('user_id', '=', userId)
        .where('end_user', '=', endUser)
        .executeTakeFirst()
      return numDeletedRows > 0n
    },

    async list({ userId, limit, cursor }) {
      let query = db.selectFrom('end_users').selectAll().where('user_id', '=', userId)
      if (cursor !== undefined) query = query.where('end_user', '>', nameFromCursor(cursor))
      const rows = await query
        .orderBy('end_user')
        .limit(limit + 1)
        .execute()
      const items = rows.slice(0, limit).map(endUserFromRow)
      const last = rows.length > limit ? items.at(-1) : undefined
      return { items, next: last === undefined ? null : cursorFromName(last.endUser) }
    },

    async all(after, limit) {
      let query = db.selectFrom('end_users').selectAll().orderBy('user_id').orderBy('end_user')
      if (after !== null) {
        const { userId, endUser } = after
        query = query.where((is) => is(is.refTuple('user_id', 'end_user'), '>', is.tuple(userId, endUser)))
      }
      const rows = await query.limit(limit).execute()
      return rows.map(endUserFromRow)
    },
  }
}
