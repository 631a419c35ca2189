import type { Kysely, Selectable } from 'kysely'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { pageFromRows, positionFromCursor } from './cursor.ts'
import type { Token, TokenStore } from './store.ts'
import type { Tables, TokenRow } from './tables.ts'
import { userFromRow } from './users.ts'

const Names = Type.Array(Type.String())

/** A list that does not parse must not become "no restriction": it throws. */
function namesFromText(text: string | null): readonly string[] | null {
  return text === null ? null : Value.Parse(Names, JSON.parse(text))
}

function textFromNames(names: readonly string[] | null): string | null {
  return names === null ? null : JSON.stringify(names)
}

function tokenFromRow(row: Selectable<TokenRow>): Token {
  return {
    id: row.id,
    userId: row.user_id,
    kind: row.kind,
    name: row.name,
    hash: row.hash,
    operations: namesFromText(row.operations),
    models: namesFromText(row.models),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    replacedBy: row.replaced_by,
  }
}

function rowFromToken(token: Token): TokenRow {
  return {
    id: token.id,
    user_id: token.userId,
    kind: token.kind,
    name: token.name,
    hash: token.hash,
    operations: textFromNames(token.operations),
    models: textFromNames(token.models),
    created_at: token.createdAt,
    expires_at: token.expiresAt,
    revoked_at: token.revokedAt,
    replaced_by: token.replacedBy,
  }
}

/** Tokens in the tables of any database that Kysely speaks to. */
export function createTokenStore(db: Kysely<Tables>): TokenStore {
  return {
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

    async findByHash(hash) {
      const row = await db
        .selectFrom('tokens')
        .innerJoin('users', 'users.id', 'tokens.user_id')
        .selectAll('tokens')
        .select([
          'users.name as user_name',
          'users.email',
          'users.plan',
          'users.multiplier',
          'users.status',
          'users.created_at as user_created_at',
          'users.updated_at',
        ])
        .where('tokens.hash', '=', hash)
        .executeTakeFirst()
      if (row === undefined) return undefined
      const user = { ...row, id: row.user_id, name: row.user_name, created_at: row.user_created_at }
      return { token: tokenFromRow(row), user: userFromRow(user) }
    },

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
