import { sql, type Kysely, type Selectable, type SelectQueryBuilder } from 'kysely'
import { pageFromRows, positionFromCursor } from './cursor.ts'
import { limitsFromText, textFromLimits } from './limits-codec.ts'
import type { User, UserStore } from './store.ts'
import type { Tables } from './tables.ts'
import type { UserRow } from './user-tables.ts'

/** A user out of its row. */
export function userFromRow(row: Selectable<UserRow>): User {
  const { id, name, email, plan, multiplier, status, created_at: createdAt, updated_at: updatedAt } = row
  const limits = row.limits === null ? null : limitsFromText(row.limits)
  const endUserLimits = row.end_user_limits === null ? null : limitsFromText(row.end_user_limits)
  const prepaid = row.prepaid === null ? null : row.prepaid === 1
  return { id, name, email, plan, multiplier, limits, prepaid, endUserLimits, status, createdAt, updatedAt }
}

type Change = Parameters<UserStore['update']>[1]

/** The columns of what is named; the others stay. */
function columnsFromChange({ limits, endUserLimits, prepaid, ...rest }: Change) {
  return {
    ...rest,
    ...(limits !== undefined && { limits: limits && textFromLimits(limits) }),
    ...(endUserLimits !== undefined && { end_user_limits: endUserLimits && textFromLimits(endUserLimits) }),
    ...(prepaid !== undefined && { prepaid: prepaid === null ? null : prepaid ? 1 : 0 }),
  }
}

function rowFromUser({ limits, endUserLimits, prepaid, createdAt, updatedAt, ...rest }: User): UserRow {
  return {
    ...rest,
    limits: limits && textFromLimits(limits),
    end_user_limits: endUserLimits && textFromLimits(endUserLimits),
    prepaid: prepaid === null ? null : prepaid ? 1 : 0,
    created_at: createdAt,
    updated_at: updatedAt,
  }
}

/**
 * Whether something of an id still goes on. Both conditions are those of an index: the rows that are looked at are as
 * many as there are calls and tasks under way, however long the books are.
 */
async function isUnderWay(db: Kysely<Tables>, id: string): Promise<boolean> {
  const call = await db
    .selectFrom('requests')
    .select('id')
    .where(sql<boolean>`state = 'open'`)
    .where('user_id', '=', id)
    .limit(1)
    .executeTakeFirst()
  if (call !== undefined) return true
  const task = await db
    .selectFrom('tasks')
    .select('id')
    .where(sql<boolean>`state = 'running'`)
    .where('user_id', '=', id)
    .limit(1)
    .executeTakeFirst()
  return task !== undefined
}

/**
 * Two questions and a statement rather than a transaction: a call of the earlier user that is opened after the look is
 * one that might as well be opened after the insertion.
 */
async function add(db: Kysely<Tables>, user: User): ReturnType<UserStore['add']> {
  if (await isUnderWay(db, user.id)) {
    const holder = await db.selectFrom('users').select('id').where('id', '=', user.id).executeTakeFirst()
    return holder === undefined ? 'under_way' : 'taken'
  }
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('users')
    .values(rowFromUser(user))
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n ? 'added' : 'taken'
}

/** Of a user and of their tokens: who is given the same id later is somebody else. */
async function removeExemptions(
  db: Kysely<Tables>,
  users: SelectQueryBuilder<Tables, 'users', { id: string }>,
): Promise<void> {
  const tokens = db.selectFrom('tokens').select('id').where('user_id', 'in', users)
  const of = (kind: 'user' | 'token') => db.deleteFrom('exemptions').where('subject_kind', '=', kind)
  await of('user').where('subject_id', 'in', users).execute()
  await of('token').where('subject_id', 'in', tokens).execute()
}

/** What they wrote to be given access, and where they are to be reached. */
async function removeAccessRequests(
  db: Kysely<Tables>,
  users: SelectQueryBuilder<Tables, 'users', { id: string }>,
): Promise<void> {
  const addresses = db
    .selectFrom('users as of')
    .select(sql<string>`lower("of".email)`.as('address'))
    .where('of.id', 'in', users)
    .where('of.email', 'is not', null)
  await db
    .deleteFrom('access_requests')
    .where((is) => is.or([is('user_id', 'in', users), is('email', 'in', addresses)]))
    .execute()
}

/** Users in the tables of any database that Kysely speaks to. */
export function createUserStore(db: Kysely<Tables>): UserStore {
  return {
    add: (user) => add(db, user),

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
        await removeExemptions(transaction, suspended)
        await transaction.deleteFrom('tokens').where('user_id', 'in', suspended).execute()
        await transaction.deleteFrom('end_users').where('user_id', 'in', suspended).execute()
        await transaction.deleteFrom('idempotency_keys').where('user_id', 'in', suspended).execute()
        await removeAccessRequests(transaction, suspended)
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
