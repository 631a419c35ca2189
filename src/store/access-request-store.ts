import { sql, type Kysely } from 'kysely'
import { randomBase62 } from '../lib/ids.ts'
import { createAccessLinkStore } from './access-link-store.ts'
import { OPEN, requestFromRow, UNDECIDED } from './access-request-codec.ts'
import type { AccessRequestStore } from './access-requests.ts'
import { cursorFromPosition, positionFromCursor } from './cursor.ts'
import type { Tables } from './tables.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

async function expireWhere(db: Kysely<Tables>, at: number, email: string | null): Promise<number> {
  let update = db
    .updateTable('access_requests')
    .set({ state: 'expired', closed_at: at, mail: sql`case when mail = 'due' then 'none' else mail end` })
    .where('state', 'in', OPEN)
    .where('expires_at', '<=', at)
  if (email !== null) update = update.where('email', '=', email)
  const { numUpdatedRows } = await update.executeTakeFirst()
  return Number(numUpdatedRows)
}

async function submit(
  db: Kysely<Tables>,
  { id, email, note, mail, at, expiresAt }: Parameters<AccessRequestStore['submit']>[0],
): ReturnType<AccessRequestStore['submit']> {
  // What has expired stands in nobody's way, whether or not somebody has looked already.
  await expireWhere(db, at, email)
  const added = await db
    .insertInto('access_requests')
    .values({
      id,
      email,
      note,
      mail,
      state: 'pending',
      mail_after: at,
      created_at: at,
      expires_at: expiresAt,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst()
  if (added !== undefined) return { request: requestFromRow(added), isNew: true }
  const open = db
    .updateTable('access_requests')
    .where('email', '=', email)
    .where('state', 'in', OPEN)
    .returningAll()
  const isDue = sql<boolean>`${mail === 'due' ? 1 : 0} = 1 and state = 'pending'`
  const joined = await open
    .set((is) => ({
      mail: is
        .case()
        .when(isDue)
        .then('due' as const)
        .else(is.ref('mail'))
        .end(),
      mail_tries: is.case().when(isDue).then(0).else(is.ref('mail_tries')).end(),
      mail_after: is.case().when(isDue).then(at).else(is.ref('mail_after')).end(),
    }))
    .executeTakeFirstOrThrow()
  return { request: requestFromRow(joined), isNew: false }
}

async function list(
  db: Kysely<Tables>,
  { limit, cursor, state }: Parameters<AccessRequestStore['list']>[0],
): ReturnType<AccessRequestStore['list']> {
  let query = db.selectFrom('access_requests').selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc')
  if (state !== undefined) query = query.where('state', '=', state)
  if (cursor !== undefined) {
    const { createdAt, id } = positionFromCursor(cursor)
    query = query.where((is) => is(is.refTuple('created_at', 'id'), '<', is.tuple(createdAt, id)))
  }
  const rows = await query.limit(limit + 1).execute()
  const items = rows.slice(0, limit).map(requestFromRow)
  const last = items.at(-1)
  return { items, next: rows.length <= limit || last === undefined ? null : cursorFromPosition(last) }
}

/** Asked and counted in one statement, so that no two mails take the same place. */
async function allowMail(
  db: Kysely<Tables>,
  { addressKey, at, perHour, perDay, allPerHour }: Parameters<AccessRequestStore['allowMail']>[0],
): Promise<boolean> {
  const count = (since: number, isOwn: boolean) => {
    const mails = db
      .selectFrom('access_mails as past')
      .select((is) => is.fn.countAll<number>().as('count'))
      .where('past.at', '>', since)
    return isOwn ? mails.where('past.address_key', '=', addressKey) : mails
  }
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('access_mails')
    .columns(['id', 'address_key', 'at'])
    .expression(
      db
        .selectNoFrom([
          sql<string>`${randomBase62(22)}`.as('id'),
          sql<string>`${addressKey}`.as('address_key'),
          sql<number>`${at}`.as('at'),
        ])
        .where(count(at - HOUR_MS, true), '<', perHour)
        .where(count(at - DAY_MS, true), '<', perDay)
        .where(count(at - HOUR_MS, false), '<', allPerHour),
    )
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}

async function erase(db: Kysely<Tables>, before: number, at: number): Promise<number> {
  const erased = await db
    .updateTable('access_requests')
    .set({ email: null, note: null, reason: null, secret_hash: null })
    .where('closed_at', '<=', before)
    .where('approved_at', 'is not', null)
    .where('email', 'is not', null)
    .executeTakeFirst()
  const removed = await db
    .deleteFrom('access_requests')
    .where('closed_at', '<=', before)
    .where('approved_at', 'is', null)
    .executeTakeFirst()
  await db
    .deleteFrom('access_mails')
    .where('at', '<=', at - DAY_MS)
    .execute()
  return Number(erased.numUpdatedRows + removed.numDeletedRows)
}

async function countOf(query: {
  executeTakeFirstOrThrow(): Promise<{ count: number | string | bigint }>
}): Promise<number> {
  return Number((await query.executeTakeFirstOrThrow()).count)
}

const undecided = (onlyVerified: boolean) => (onlyVerified ? (['verified'] as const) : UNDECIDED)

/** Requests for access in the tables of any database that Kysely speaks to. */
export function createAccessRequestStore(db: Kysely<Tables>): AccessRequestStore {
  const counted = () => db.selectFrom('access_requests').select((is) => is.fn.countAll().as('count'))
  return {
    ...createAccessLinkStore(db),
    submit: (request) => submit(db, request),

    async get(id) {
      const row = await db.selectFrom('access_requests').selectAll().where('id', '=', id).executeTakeFirst()
      return row && requestFromRow(row)
    },

    list: (page) => list(db, page),
    allowMail: (allowance) => allowMail(db, allowance),

    async userWithEmail(email) {
      const user = await db
        .selectFrom('users')
        .select('id')
        .where(sql`lower(email)`, '=', email.toLowerCase())
        .limit(1)
        .executeTakeFirst()
      return user?.id
    },

    expire: (at) => expireWhere(db, at, null),
    erase: (before, at) => erase(db, before, at),
    countOpen: () => countOf(counted().where('state', 'in', OPEN)),
    countUntold: (onlyVerified) =>
      countOf(counted().where('state', 'in', undecided(onlyVerified)).where('told_at', 'is', null)),

    async told(onlyVerified, at) {
      await db
        .updateTable('access_requests')
        .set({ told_at: at })
        .where('state', 'in', undecided(onlyVerified))
        .where('told_at', 'is', null)
        .execute()
    },
  }
}
