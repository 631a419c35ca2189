import type { Kysely, Selectable } from 'kysely'
import type { Callback, CallbackStore, Delivery, Enqueued, NewDelivery } from './callbacks.ts'
import type { CallbackRow, Tables } from './tables.ts'

/** Callbacks that are taken out at a time: a statement holds up every request as long as it runs. */
const PRUNED_AT_ONCE = 2_000

function callbackFromRow(row: Selectable<CallbackRow>): Callback {
  const { secret_hash: secretHash, request_id: requestId, user_id: userId, token_id: tokenId } = row
  const { url, operation, account, created_at: createdAt, task_id: taskId } = row
  return { secretHash, requestId, userId, tokenId, url, operation, account, createdAt, taskId }
}

/** Deliveries that are due, numbered for each user by how long they are overdue. */
function dueByUser(db: Kysely<Tables>, now: number) {
  return db
    .selectFrom('callback_deliveries')
    .select(['id', 'secret_hash', 'user_id', 'body', 'tries', 'created_at', 'next_at'])
    .select(({ fn }) =>
      fn
        .agg<number>('row_number')
        .over((over) => over.partitionBy('user_id').orderBy('next_at').orderBy('id'))
        .as('place'),
    )
    .where('state', '=', 'waiting')
    .where('next_at', '<=', now)
}

async function findDue(
  db: Kysely<Tables>,
  now: number,
  perUser: number,
  limit: number,
): Promise<readonly Delivery[]> {
  const rows = await db
    .selectFrom(dueByUser(db, now).as('due'))
    .innerJoin('callbacks', 'callbacks.secret_hash', 'due.secret_hash')
    .select(['due.id', 'due.secret_hash', 'due.user_id', 'callbacks.url', 'due.body'])
    .select(['due.tries', 'due.created_at', 'due.next_at'])
    .where('due.place', '<=', perUser)
    .orderBy('due.next_at')
    .orderBy('due.id')
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    secretHash: row.secret_hash,
    userId: row.user_id,
    url: row.url,
    body: Buffer.from(row.body ?? '', 'base64'),
    tries: row.tries,
    createdAt: row.created_at,
    nextAt: row.next_at,
  }))
}

/**
 * Looks and writes in one transaction, so that the bound holds. It begins with a write: SQLite refuses at once to turn a
 * transaction that has read into one that writes when another connection has written meanwhile.
 */
async function enqueue(db: Kysely<Tables>, delivery: NewDelivery, most: number): Promise<Enqueued> {
  const { id, secretHash, bodyHash, userId, body, createdAt } = delivery
  const { numUpdatedRows } = await db
    .updateTable('callbacks')
    .set({ secret_hash: secretHash })
    .where('secret_hash', '=', secretHash)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) return 'gone'
  const same = await db
    .selectFrom('callback_deliveries')
    .select('id')
    .where('secret_hash', '=', secretHash)
    .where('body_hash', '=', bodyHash)
    .executeTakeFirst()
  if (same !== undefined) return 'repeated'
  const waiting = await db
    .selectFrom('callback_deliveries')
    .select(({ fn }) => fn.countAll<number | string>().as('count'))
    .where('user_id', '=', userId)
    .where('state', '=', 'waiting')
    .executeTakeFirstOrThrow()
  if (Number(waiting.count) >= most) return 'full'
  await db
    .insertInto('callback_deliveries')
    .values({
      id,
      secret_hash: secretHash,
      body_hash: bodyHash,
      user_id: userId,
      body: body.toString('base64'),
      state: 'waiting',
      tries: 0,
      created_at: createdAt,
      next_at: createdAt,
    })
    .execute()
  return 'queued'
}

/** Callbacks in the tables of any database that Kysely speaks to. Deliveries go with their callback. */
export function createCallbackStore(db: Kysely<Tables>): CallbackStore {
  return {
    async add({ secretHash, requestId, userId, tokenId, url, operation, account, createdAt, taskId }) {
      const ids = { secret_hash: secretHash, request_id: requestId, user_id: userId, token_id: tokenId }
      const rest = { url, operation, account, created_at: createdAt, task_id: taskId }
      await db
        .insertInto('callbacks')
        .values({ ...ids, ...rest })
        .execute()
    },

    async get(secretHash) {
      const row = await db
        .selectFrom('callbacks')
        .selectAll()
        .where('secret_hash', '=', secretHash)
        .executeTakeFirst()
      return row && callbackFromRow(row)
    },

    async bind(secretHash, taskId) {
      const { numUpdatedRows } = await db
        .updateTable('callbacks')
        .set({ task_id: taskId })
        .where('secret_hash', '=', secretHash)
        .where((is) => is.or([is('task_id', 'is', null), is('task_id', '=', taskId)]))
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },

    async remove(secretHash) {
      await db.deleteFrom('callbacks').where('secret_hash', '=', secretHash).execute()
    },

    async removeOf(userId) {
      await db.deleteFrom('callbacks').where('user_id', '=', userId).execute()
    },

    enqueue: (delivery, most) =>
      db.transaction().execute((transaction) => enqueue(transaction, delivery, most)),

    due: (now, perUser, limit) => findDue(db, now, perUser, limit),

    async nextDue() {
      const row = await db
        .selectFrom('callback_deliveries')
        .select('next_at')
        .where('state', '=', 'waiting')
        .orderBy('next_at')
        .orderBy('id')
        .limit(1)
        .executeTakeFirst()
      return row?.next_at
    },

    async postpone(id, tries, nextAt) {
      await db
        .updateTable('callback_deliveries')
        .set({ tries, next_at: nextAt })
        .where('id', '=', id)
        .where('state', '=', 'waiting')
        .execute()
    },

    async end(id, state, tries) {
      await db
        .updateTable('callback_deliveries')
        .set({ state, tries, body: null })
        .where('id', '=', id)
        .where('state', '=', 'waiting')
        .execute()
    },

    async prune(before) {
      const { numDeletedRows } = await db
        .deleteFrom('callbacks')
        .where('secret_hash', 'in', (from) =>
          from
            .selectFrom('callbacks')
            .select('secret_hash')
            .where('created_at', '<', before)
            .orderBy('created_at')
            .limit(PRUNED_AT_ONCE),
        )
        .executeTakeFirst()
      return Number(numDeletedRows)
    },
  }
}
