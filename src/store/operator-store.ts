import type { Kysely, Selectable } from 'kysely'
import type { OperatorRow } from './audit-tables.ts'
import { pageFromRows, positionFromCursor } from './cursor.ts'
import { namesFromText, textFromNames } from './names-codec.ts'
import type { Operator, OperatorStore } from './operators.ts'
import type { Tables } from './tables.ts'

/** @throws an error for damaged networks: they must not become "from anywhere" */
function operatorFromRow(row: Selectable<OperatorRow>): Operator {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    hash: row.hash,
    networks: namesFromText(row.networks),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    replacedBy: row.replaced_by,
    lastUsedAt: row.last_used_at,
    lastUsedAddress: row.last_used_address,
  }
}

function rowFromOperator(operator: Operator): OperatorRow {
  return {
    id: operator.id,
    name: operator.name,
    role: operator.role,
    hash: operator.hash,
    networks: textFromNames(operator.networks),
    created_at: operator.createdAt,
    expires_at: operator.expiresAt,
    revoked_at: operator.revokedAt,
    replaced_by: operator.replacedBy,
    last_used_at: operator.lastUsedAt,
    last_used_address: operator.lastUsedAddress,
  }
}

async function rotate(
  db: Kysely<Tables>,
  ...[id, successor, oldEndsAt, at]: Parameters<OperatorStore['rotate']>
): Promise<Operator | undefined> {
  return await db.transaction().execute(async (transaction) => {
    // The conditional change comes first: of two rotations at once only one finds it without a successor.
    const row = await transaction
      .updateTable('operators')
      .set((is) => ({
        replaced_by: successor.id,
        ...(oldEndsAt <= at
          ? { revoked_at: at }
          : {
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
    await transaction.insertInto('operators').values(rowFromOperator(successor)).execute()
    return operatorFromRow(row)
  })
}

/** Operators in the tables of any database that Kysely speaks to. */
export function createOperatorStore(db: Kysely<Tables>): OperatorStore {
  return {
    async add(operator) {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('operators')
        .values(rowFromOperator(operator))
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst()
      return numInsertedOrUpdatedRows === 1n
    },

    async get(id) {
      const row = await db.selectFrom('operators').selectAll().where('id', '=', id).executeTakeFirst()
      return row && operatorFromRow(row)
    },

    async findByHash(hash) {
      const row = await db.selectFrom('operators').selectAll().where('hash', '=', hash).executeTakeFirst()
      return row && operatorFromRow(row)
    },

    async list({ limit, cursor }) {
      let query = db.selectFrom('operators').selectAll().orderBy('created_at').orderBy('id')
      if (cursor !== undefined) {
        const { createdAt, id } = positionFromCursor(cursor)
        query = query.where((is) => is(is.refTuple('created_at', 'id'), '>', is.tuple(createdAt, id)))
      }
      const rows = await query.limit(limit + 1).execute()
      return pageFromRows(rows.map(operatorFromRow), limit)
    },

    async revoke(id, at) {
      const row = await db
        .updateTable('operators')
        .set((is) => ({ revoked_at: is.fn.coalesce('revoked_at', is.val(at)) }))
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst()
      return row && operatorFromRow(row)
    },

    rotate: (...args) => rotate(db, ...args),

    async used(id, at, address) {
      await db
        .updateTable('operators')
        .set({ last_used_at: at, last_used_address: address })
        .where('id', '=', id)
        .execute()
    },
  }
}
