import { sql, type Kysely } from 'kysely'
import type { Connection } from './connection.ts'
import { USAGE_GROUPS, type UsageGroup } from './ledger.ts'
import { addedSums, GRAIN, SUM_COLUMNS } from './sums.ts'
import type { Tables } from './tables.ts'

export const HOUR_MS = 3_600_000
export const HOURS_PER_DAY = 24

/** The column of `usage_hours` and `usage_days` that a dimension groups by. */
export const COLUMN_OF_GROUP = {
  user: 'user_id',
  token: 'token_id',
  model: 'model',
  modality: 'modality',
  operation: 'operation',
} as const satisfies Record<UsageGroup, string>

/** Hours before this one are in the totals of their day. */
export async function foldedHours(db: Kysely<Tables>, connection: Connection): Promise<number> {
  const [mark] = await connection.all(db.selectFrom('usage_marks').select('folded').compile())
  return mark?.folded ?? 0
}

async function foldDay(db: Kysely<Tables>, connection: Connection, hour: number): Promise<void> {
  const day = sql<number>`${sql.lit(Math.floor(hour / HOURS_PER_DAY))}`.as('day')
  const query = db
    .insertInto('usage_days')
    .columns(['day', ...GRAIN, ...SUM_COLUMNS])
    .expression((from) =>
      from
        .selectFrom('usage_hours')
        .select([day, ...GRAIN, ...SUM_COLUMNS])
        .where('hour', '=', hour),
    )
    .onConflict((conflict) => conflict.columns(['day', ...GRAIN]).doUpdateSet(addedSums('usage_days')))
  await connection.run(query.compile())
}

async function foldTotals(
  db: Kysely<Tables>,
  connection: Connection,
  dimension: UsageGroup,
  hour: number,
): Promise<void> {
  const column = COLUMN_OF_GROUP[dimension]
  const named = sql<UsageGroup>`${sql.lit(dimension)}`.as('dimension')
  const sums = SUM_COLUMNS.map((name) => sql<number>`sum(${sql.ref(name)})`.as(name))
  const ofHour = db
    .insertInto('usage_hour_totals')
    .columns(['dimension', 'hour', 'key', 'currency', ...SUM_COLUMNS])
    .expression((from) =>
      from
        .selectFrom('usage_hours')
        .select([named, 'hour', `${column} as key`, 'currency', ...sums])
        .where('hour', '=', hour)
        .groupBy(['hour', column, 'currency']),
    )
  await connection.run(ofHour.compile())
  const day = sql<number>`${sql.lit(Math.floor(hour / HOURS_PER_DAY))}`.as('day')
  const ofDay = db
    .insertInto('usage_day_totals')
    .columns(['dimension', 'day', 'key', 'currency', ...SUM_COLUMNS])
    .expression((from) =>
      from
        .selectFrom('usage_hour_totals')
        .select(['dimension', day, 'key', 'currency', ...SUM_COLUMNS])
        .where('dimension', '=', dimension)
        .where('hour', '=', hour),
    )
    .onConflict((conflict) =>
      conflict.columns(['dimension', 'day', 'key', 'currency']).doUpdateSet(addedSums('usage_day_totals')),
    )
  await connection.run(ofDay.compile())
}

/**
 * Adds the oldest hour that is over to the totals, and marks it as added, in one transaction.
 * @param folded hours before this one are in the totals
 * @param current the hour that is not over
 * @returns what `folded` is now; `current` when nothing was left to add
 */
export async function foldHour(
  db: Kysely<Tables>,
  connection: Connection,
  { folded, current }: { readonly folded: number; readonly current: number },
): Promise<number> {
  const oldest = db
    .selectFrom('usage_hours')
    .select('hour')
    .where('hour', '>=', folded)
    .where('hour', '<', current)
    .orderBy('hour')
    .limit(1)
  const [row] = await connection.all(oldest.compile())
  if (row === undefined) return current
  const next = row.hour + 1
  await connection.transaction(async () => {
    await foldDay(db, connection, row.hour)
    for (const dimension of USAGE_GROUPS) await foldTotals(db, connection, dimension, row.hour)
    await connection.run(db.updateTable('usage_marks').set({ folded: next }).where('id', '=', 1).compile())
  })
  return next
}
