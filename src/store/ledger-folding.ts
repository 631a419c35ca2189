import { sql, type Kysely, type RawBuilder } from 'kysely'
import type { Connection } from './connection.ts'
import { USAGE_GROUPS, type UsageGroup } from './ledger.ts'
import { addedSums, GRAIN, SUM_COLUMNS, type SumColumn } from './sums.ts'
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

/**
 * The last hour before another in which a key has a total.
 * @param table where the statement has the key and its currency
 */
export function lastHour(dimension: UsageGroup, table: string, before: number): RawBuilder<number> {
  return sql<number>`(select max(last.hour) from usage_totals as last
    where last.dimension = ${dimension} and last.key = ${sql.ref(`${table}.key`)}
    and last.currency = ${sql.ref(`${table}.currency`)} and last.hour < ${before})`
}

/** Hours before this one are over, and their totals stand. */
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

async function foldKeys(
  db: Kysely<Tables>,
  connection: Connection,
  dimension: UsageGroup,
  hour: number,
): Promise<void> {
  const query = db
    .insertInto('usage_keys')
    .columns(['dimension', 'key', 'currency'])
    .expression((from) =>
      from
        .selectFrom('usage_hours')
        .select([
          sql<UsageGroup>`${sql.lit(dimension)}`.as('dimension'),
          `${COLUMN_OF_GROUP[dimension]} as key`,
          'currency',
        ])
        .distinct()
        .where('hour', '=', hour),
    )
    .onConflict((conflict) => conflict.doNothing())
  await connection.run(query.compile())
}

/** Each key of the hour gets a row: what it had in its last row, and what the hour adds. */
async function foldTotals(
  db: Kysely<Tables>,
  connection: Connection,
  dimension: UsageGroup,
  hour: number,
): Promise<void> {
  const column = COLUMN_OF_GROUP[dimension]
  const ofHour = db
    .selectFrom('usage_hours')
    .select([`${column} as key`, 'currency'])
    .select(SUM_COLUMNS.map((name) => sql<number>`sum(${sql.ref(name)})`.as(name)))
    .where('hour', '=', hour)
    .groupBy([column, 'currency'])
    .as('added')
  const total = (name: SumColumn) =>
    sql<number>`coalesce(${sql.ref(`before.${name}`)}, 0) + ${sql.ref(`added.${name}`)}`.as(name)
  const query = db
    .insertInto('usage_totals')
    .columns(['dimension', 'hour', 'key', 'currency', ...SUM_COLUMNS])
    .expression((from) =>
      from
        .selectFrom(ofHour)
        .leftJoin('usage_totals as before', (join) =>
          join
            .on('before.dimension', '=', dimension)
            .onRef('before.key', '=', 'added.key')
            .onRef('before.currency', '=', 'added.currency')
            .on('before.hour', '=', lastHour(dimension, 'added', hour)),
        )
        .select([
          sql<UsageGroup>`${sql.lit(dimension)}`.as('dimension'),
          sql<number>`${sql.lit(hour)}`.as('hour'),
          'added.key',
          'added.currency',
        ])
        .select(SUM_COLUMNS.map(total)),
    )
  await connection.run(query.compile())
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
    for (const dimension of USAGE_GROUPS) {
      await foldKeys(db, connection, dimension, row.hour)
      await foldTotals(db, connection, dimension, row.hour)
    }
    await connection.run(db.updateTable('usage_marks').set({ folded: next }).where('id', '=', 1).compile())
  })
  return next
}
