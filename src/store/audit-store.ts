import type { Kysely, Selectable } from 'kysely'
import type { AuditRow } from './audit-tables.ts'
import type { AuditEntry, AuditFilter, AuditStore } from './audit.ts'
import { cursorFromPosition, positionFromCursor } from './cursor.ts'
import type { Page, PageRequest } from './page.ts'
import type { Tables } from './tables.ts'

/** Rows that are taken out at a time: a statement holds up every request as long as it runs. */
const PRUNED_AT_ONCE = 500

function entryFromRow({
  operator_id: operatorId,
  operator_name: operatorName,
  request_id: requestId,
  ...row
}: Selectable<AuditRow>): AuditEntry {
  return { ...row, operatorId, operatorName, requestId }
}

async function list(
  db: Kysely<Tables>,
  { limit, cursor, operatorId, action, target, outcome, from, to }: PageRequest & AuditFilter,
): Promise<Page<AuditEntry>> {
  let query = db.selectFrom('audit_log').selectAll().orderBy('at', 'desc').orderBy('id', 'desc')
  if (operatorId !== undefined) query = query.where('operator_id', '=', operatorId)
  if (action !== undefined) query = query.where('action', '=', action)
  if (target !== undefined) query = query.where('target', '=', target)
  if (outcome !== undefined) query = query.where('outcome', '=', outcome)
  if (from !== undefined) query = query.where('at', '>=', from)
  if (to !== undefined) query = query.where('at', '<', to)
  if (cursor !== undefined) {
    const { createdAt, id } = positionFromCursor(cursor)
    query = query.where((is) => is(is.refTuple('at', 'id'), '<', is.tuple(createdAt, id)))
  }
  const rows = await query.limit(limit + 1).execute()
  const items = rows.slice(0, limit).map(entryFromRow)
  const last = rows.length > limit ? items.at(-1) : undefined
  return { items, next: last ? cursorFromPosition({ createdAt: last.at, id: last.id }) : null }
}

/** The audit log in the tables of any database that Kysely speaks to. */
export function createAuditStore(db: Kysely<Tables>): AuditStore {
  return {
    async begin({ operatorId, operatorName, requestId, ...opening }) {
      await db
        .insertInto('audit_log')
        .values({
          ...opening,
          operator_id: operatorId,
          operator_name: operatorName,
          request_id: requestId,
          outcome: 'begun',
          status: null,
          error: null,
          before: null,
          after: null,
        })
        .execute()
    },

    async end(id, { target, status, outcome, error, before, after }) {
      const { numUpdatedRows } = await db
        .updateTable('audit_log')
        .set({ target, status, outcome, error, before, after })
        .where('id', '=', id)
        .where('outcome', '=', 'begun')
        .executeTakeFirst()
      return numUpdatedRows === 1n
    },

    list: (request) => list(db, request),

    async prune(before) {
      const { numDeletedRows } = await db
        .deleteFrom('audit_log')
        .where('id', 'in', (from) =>
          from
            .selectFrom('audit_log')
            .select('id')
            .where('at', '<', before)
            .orderBy('at')
            .limit(PRUNED_AT_ONCE),
        )
        .executeTakeFirst()
      return Number(numDeletedRows)
    },
  }
}
