import { sql, type Kysely } from 'kysely'
import { countSessionCalls, readEndUserUsage } from './ledger-end-users.ts'
import { listRequests, type RequestPage } from './ledger-list.ts'
import { requestFromRow, selectRequests, selectTasks, taskFromRow } from './ledger-rows.ts'
import { readSpent } from './ledger-spent.ts'
import { byCharge, readUsage } from './ledger-usage.ts'
import type { LedgerFilter, LedgerStore } from './ledger.ts'
import type { Tables } from './tables.ts'

/** The reading half of the books. */
export interface LedgerReads extends Pick<
  LedgerStore,
  | 'get'
  | 'usage'
  | 'usageOfEndUsers'
  | 'spent'
  | 'sessionCalls'
  | 'task'
  | 'tasksDue'
  | 'taskCounts'
  | 'runningTasks'
> {
  list(
    page: { readonly limit: number; readonly before: string | undefined },
    filter: LedgerFilter,
  ): Promise<RequestPage>
}

/** In these words it is the condition of the indexes of running tasks, without which they could not be used. */
const IS_RUNNING = sql<boolean>`state = 'running'`

/** Reads the books out of the tables of any database that Kysely speaks to. */
export function createLedgerReader(db: Kysely<Tables>): LedgerReads {
  return {
    async get(requestId) {
      const row = await selectRequests(db).where('id', '=', requestId).executeTakeFirst()
      return row && requestFromRow(row)
    },

    list: (page, filter) => listRequests(db, page, filter),

    usage: (query) => readUsage(db, query),

    usageOfEndUsers: async (query) => (await readEndUserUsage(db, query))?.toSorted(byCharge) ?? null,

    spent: (query) => readSpent(db, query),

    sessionCalls: (sessionId) => countSessionCalls(db, sessionId),

    async task(taskId, upstreamKey) {
      const named = selectTasks(db).where('id', '=', taskId).orderBy('created_at', 'desc').limit(1)
      const query = upstreamKey === undefined ? named : named.where('upstream_key', '=', upstreamKey)
      const row = await query.executeTakeFirst()
      return row && taskFromRow(row)
    },

    async tasksDue(now, limit) {
      const rows = await selectTasks(db)
        .where(IS_RUNNING)
        .where('next_poll_at', '<=', now)
        .orderBy('next_poll_at')
        .orderBy('id')
        .limit(limit)
        .execute()
      return rows.map(taskFromRow)
    },

    async taskCounts() {
      const rows = await db
        .selectFrom('tasks')
        .select(['operation', 'state', (is) => is.fn.countAll().as('count')])
        .groupBy(['operation', 'state'])
        .execute()
      return rows.map(({ operation, state, count }) => ({ operation, state, count: Number(count) }))
    },

    async runningTasks(after, limit) {
      let query = selectTasks(db).where(IS_RUNNING)
      if (after !== null) {
        const { taskId, upstreamKey } = after
        query = query.where((is) => is(is.refTuple('id', 'upstream_key'), '>', is.tuple(taskId, upstreamKey)))
      }
      const rows = await query.orderBy('id').orderBy('upstream_key').limit(limit).execute()
      return rows.map(taskFromRow)
    },
  }
}
