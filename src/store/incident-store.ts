import { sql, type Kysely } from 'kysely'
import { cursorFromPosition, positionFromCursor } from './cursor.ts'
import {
  exemptionFromRow,
  incidentFromRow,
  profileFromRow,
  rowFromExemption,
  rowFromIncident,
} from './incident-codec.ts'
import { inSlices, type ProfileWriter } from './incident-profiles.ts'
import type { Incident, IncidentStore } from './incidents.ts'
import type { Page } from './page.ts'
import type { Tables } from './tables.ts'

/** Rows that are taken out at a time: a statement holds up every request as long as it runs. */
const PRUNED_AT_ONCE = 500

/** The condition of the index of incidents that are over. */
const isOver = sql<boolean>`not (state = 'open')`

async function put(db: Kysely<Tables>, incident: Incident): Promise<void> {
  const { id, ...columns } = rowFromIncident(incident)
  await db
    .insertInto('incidents')
    .values({ id, ...columns })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(columns))
    .execute()
}

async function list(
  db: Kysely<Tables>,
  { limit, cursor, userId, tokenId, state, signal }: Parameters<IncidentStore['list']>[0],
): Promise<Page<Incident>> {
  let query = db.selectFrom('incidents').selectAll().orderBy('opened_at', 'desc').orderBy('id', 'desc')
  if (userId !== undefined) query = query.where('user_id', '=', userId)
  if (tokenId !== undefined) query = query.where('token_id', '=', tokenId)
  if (state !== undefined) query = query.where('state', '=', state)
  if (signal !== undefined) query = query.where('signal', '=', signal)
  if (cursor !== undefined) {
    const { createdAt, id } = positionFromCursor(cursor)
    query = query.where((is) => is(is.refTuple('opened_at', 'id'), '<', is.tuple(createdAt, id)))
  }
  const rows = await query.limit(limit + 1).execute()
  const items = rows.slice(0, limit).map(incidentFromRow)
  const last = rows.length > limit ? items.at(-1) : undefined
  return { items, next: last ? cursorFromPosition({ createdAt: last.openedAt, id: last.id }) : null }
}

async function pruneIncidents(db: Kysely<Tables>, before: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('incidents')
    .where('id', 'in', (from) =>
      from
        .selectFrom('incidents')
        .select('id')
        .where(isOver)
        .where('updated_at', '<', before)
        .orderBy('updated_at')
        .limit(PRUNED_AT_ONCE),
    )
    .executeTakeFirst()
  return Number(numDeletedRows)
}

async function pruneExemptions(db: Kysely<Tables>, endedBy: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('exemptions')
    .where('id', 'in', (from) =>
      from
        .selectFrom('exemptions')
        .select('id')
        .where('expires_at', '<=', endedBy)
        .orderBy('expires_at')
        .limit(PRUNED_AT_ONCE),
    )
    .executeTakeFirst()
  return Number(numDeletedRows)
}

/**
 * Incidents in the tables of any database that Kysely speaks to. One call of `prune` takes out a part; with the rest it
 * goes on when it is called again.
 * @param writeProfiles writes slices of profiles to the same database
 */
export function createIncidentStore(db: Kysely<Tables>, writeProfiles: ProfileWriter): IncidentStore {
  return {
    put: (incident) => put(db, incident),

    async get(id) {
      const row = await db.selectFrom('incidents').selectAll().where('id', '=', id).executeTakeFirst()
      return row && incidentFromRow(row)
    },

    list: (request) => list(db, request),

    async open() {
      const query = db.selectFrom('incidents').selectAll().where('state', '=', 'open')
      const rows = await query.orderBy('opened_at').orderBy('id').execute()
      return rows.map(incidentFromRow)
    },

    async strikes(tokenId, endUser) {
      const { count } = await db
        .selectFrom('incidents')
        .select(({ fn }) => fn.countAll<number | string>().as('count'))
        .where('token_id', '=', tokenId)
        .where('end_user', '=', endUser)
        .where('response', '=', 'suspend')
        .where('state', '<>', 'dismissed')
        .executeTakeFirstOrThrow()
      return Number(count)
    },

    async addExemption(exemption) {
      await db.insertInto('exemptions').values(rowFromExemption(exemption)).execute()
    },

    async removeExemption(id) {
      const { numDeletedRows } = await db.deleteFrom('exemptions').where('id', '=', id).executeTakeFirst()
      return numDeletedRows > 0n
    },

    async exemptions(at) {
      const query = db.selectFrom('exemptions').selectAll().where('expires_at', '>', at)
      const rows = await query.orderBy('created_at').orderBy('id').execute()
      return rows.map(exemptionFromRow)
    },

    saveProfiles: inSlices(writeProfiles),

    async profiles(after, limit) {
      const query = db.selectFrom('abuse_profiles').selectAll().where('token_id', '>', after)
      const rows = await query.orderBy('token_id').limit(limit).execute()
      return rows.map(profileFromRow)
    },

    prune: async (before) => (await pruneIncidents(db, before)) + (await pruneExemptions(db, before)),
  }
}
