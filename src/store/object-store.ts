import type { Kysely, Selectable } from 'kysely'
import { OBJECT_KINDS, type ObjectKind } from '../minimax/objects.ts'
import type { Connection } from './connection.ts'
import { cursorFromObject, positionFromObjectCursor, type ObjectPosition } from './object-cursor.ts'
import type { ObjectStore, OwnedObject } from './objects.ts'
import type { ObjectRow, Tables } from './tables.ts'
import { template } from './template.ts'

function objectFromRow(row: Selectable<ObjectRow>): OwnedObject {
  return {
    kind: row.kind,
    id: row.id,
    account: row.account,
    userId: row.user_id,
    name: row.name,
    tokenId: row.token_id,
    requestId: row.request_id,
    operation: row.operation,
    detail: row.detail,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  }
}

interface Finding {
  readonly userId: string
  readonly kind: ObjectKind
  readonly name: string
  readonly now: number
}

/** Compiled once, since it is asked before many calls. */
function findStatement(db: Kysely<Tables>) {
  return template<Finding, ObjectRow>((place) =>
    db
      .selectFrom('objects')
      .selectAll()
      .where(
        'user_id',
        '=',
        place(({ userId }) => userId),
      )
      .where(
        'kind',
        '=',
        place(({ kind }) => kind),
      )
      .where(
        'name',
        '=',
        place(({ name }) => name),
      )
      .where((is) =>
        is.or([
          is('expires_at', 'is', null),
          is(
            'expires_at',
            '>',
            place(({ now }) => now),
          ),
        ]),
      )
      .orderBy('created_at', 'desc')
      .limit(1),
  )
}

interface Asked {
  readonly kind: ObjectKind
  readonly userId: string | undefined
  readonly now: number
  readonly limit: number
}

/** Objects of one kind, the newest first, after a position: within a kind an index has them in this order. */
function selectKind(db: Kysely<Tables>, { kind, userId, now, limit }: Asked, after?: ObjectPosition) {
  let query = db
    .selectFrom('objects')
    .selectAll()
    .where('kind', '=', kind)
    .where((is) => is.or([is('expires_at', 'is', null), is('expires_at', '>', now)]))
  if (userId !== undefined) query = query.where('user_id', '=', userId)
  if (after !== undefined) {
    // Where times are equal, kinds stand in the order of their list.
    const rank = OBJECT_KINDS.indexOf(kind) - OBJECT_KINDS.indexOf(after.kind)
    const { createdAt, id, account, userId: owner } = after
    query =
      rank === 0
        ? query.where((is) =>
            is(
              is.refTuple('created_at', 'id', 'account', 'user_id'),
              '<',
              is.tuple(createdAt, id, account, owner),
            ),
          )
        : query.where('created_at', rank > 0 ? '<=' : '<', createdAt)
  }
  return query
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .orderBy('account', 'desc')
    .orderBy('user_id', 'desc')
    .limit(limit)
}

/**
 * Whose is what, out of the tables of any database that Kysely speaks to.
 * @param db compiles statements; the one that must be cheap runs on the connection, without Kysely's executor
 */
export function createObjectStore(db: Kysely<Tables>, connection: Connection): ObjectStore {
  const find = findStatement(db)
  return {
    async find(userId, kind, name, now) {
      const [row] = await connection.allWith(find, { userId, kind, name, now })
      return row && objectFromRow(row)
    },

    async list({ limit, cursor }, { userId, kind }, now) {
      const after = cursor === undefined ? undefined : positionFromObjectCursor(cursor)
      const kinds = kind === undefined ? OBJECT_KINDS : [kind]
      // One more than the page may hold tells whether there is a next one.
      const asked = kinds.map((one) => ({ kind: one, userId, now, limit: limit + 1 }))
      const lists = await Promise.all(asked.map((one) => selectKind(db, one, after).execute()))
      const rows = lists.flat().sort((one, other) => other.created_at - one.created_at)
      const items = rows.slice(0, limit).map(objectFromRow)
      const last = items.at(-1)
      const next = rows.length > limit && last !== undefined ? cursorFromObject(last) : null
      return { items, next }
    },

    async all(userId, kind, now, limit) {
      const rows = await selectKind(db, { kind, userId, now, limit }).execute()
      return rows.map(objectFromRow)
    },
  }
}
