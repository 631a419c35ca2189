import { sql, type Kysely, type Selectable } from 'kysely'
import { pageFromRows, positionFromCursor } from './cursor.ts'
import { limitsFromText, textFromLimits } from './limits-codec.ts'
import { namesFromText, textFromNames } from './names-codec.ts'
import type { Plan, PlanStore } from './plans.ts'
import type { PlanRow, Tables } from './tables.ts'

/** A row as it is read: money as text. */
export type PlanRead = Omit<Selectable<PlanRow>, 'free_credit'> & { readonly free_credit: string }

const COLUMNS = [
  'id',
  'name',
  'limits',
  'end_user_limits',
  'multiplier',
  'operations',
  'models',
  'prepaid',
  'created_at',
  'updated_at',
] as const

const FREE_CREDIT = sql<string>`cast(free_credit as text)`.as('free_credit')

/** A plan out of its row. @throws an error when what limits it is damaged */
export function planFromRow(row: PlanRead): Plan {
  return {
    id: row.id,
    name: row.name,
    limits: limitsFromText(row.limits),
    endUserLimits: row.end_user_limits === null ? null : limitsFromText(row.end_user_limits),
    multiplier: row.multiplier,
    operations: namesFromText(row.operations),
    models: namesFromText(row.models),
    prepaid: row.prepaid === 1,
    freeCredit: BigInt(row.free_credit),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

type Change = Parameters<PlanStore['update']>[1]

/** The columns of what is named; the others stay. */
function columnsFromChange(change: Change) {
  const { name, limits, endUserLimits, multiplier, operations, models, prepaid, freeCredit } = change
  return {
    ...(name !== undefined && { name }),
    ...(limits !== undefined && { limits: textFromLimits(limits) }),
    ...(endUserLimits !== undefined && { end_user_limits: endUserLimits && textFromLimits(endUserLimits) }),
    ...(multiplier !== undefined && { multiplier }),
    ...(operations !== undefined && { operations: textFromNames(operations) }),
    ...(models !== undefined && { models: textFromNames(models) }),
    ...(prepaid !== undefined && { prepaid: prepaid ? 1 : 0 }),
    ...(freeCredit !== undefined && { free_credit: freeCredit }),
  }
}

function rowFromPlan(plan: Plan) {
  return {
    id: plan.id,
    name: plan.name,
    limits: textFromLimits(plan.limits),
    end_user_limits: plan.endUserLimits && textFromLimits(plan.endUserLimits),
    multiplier: plan.multiplier,
    operations: textFromNames(plan.operations),
    models: textFromNames(plan.models),
    prepaid: plan.prepaid ? 1 : 0,
    free_credit: plan.freeCredit,
    created_at: plan.createdAt,
    updated_at: plan.updatedAt,
  }
}

/** Plans in the tables of any database that Kysely speaks to. */
export function createPlanStore(db: Kysely<Tables>): PlanStore {
  async function get(id: string): Promise<Plan | undefined> {
    const query = db.selectFrom('plans').select(COLUMNS).select(FREE_CREDIT).where('id', '=', id)
    const row = await query.executeTakeFirst()
    return row && planFromRow(row)
  }

  return {
    async add(plan) {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('plans')
        .values(rowFromPlan(plan))
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst()
      return numInsertedOrUpdatedRows === 1n
    },

    get,

    async list({ limit, cursor }) {
      let query = db.selectFrom('plans').select(COLUMNS).select(FREE_CREDIT).orderBy('id')
      if (cursor !== undefined) query = query.where('id', '>', positionFromCursor(cursor).id)
      const rows = await query.limit(limit + 1).execute()
      return pageFromRows(rows.map(planFromRow), limit)
    },

    async update(id, change, at) {
      const row = await db
        .updateTable('plans')
        .set({ ...columnsFromChange(change), updated_at: at })
        .where('id', '=', id)
        .returning([...COLUMNS, FREE_CREDIT])
        .executeTakeFirst()
      return row && planFromRow(row)
    },

    async remove(id) {
      // One statement, so that nobody comes to the plan between the question and the deletion.
      const { numDeletedRows } = await db
        .deleteFrom('plans')
        .where('id', '=', id)
        .where((is) =>
          is.not(is.exists(is.selectFrom('users').select('users.id').where('users.plan', '=', id))),
        )
        .executeTakeFirst()
      if (numDeletedRows > 0n) return 'removed'
      return (await get(id)) === undefined ? 'missing' : 'in_use'
    },
  }
}
