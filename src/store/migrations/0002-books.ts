import { sql, type CreateTableBuilder, type Kysely } from 'kysely'

/** As they were when this migration was written: a unit that is added later needs a migration of its own. */
const UNITS = [
  'input_tokens',
  'cached_tokens',
  'cache_write_tokens',
  'output_tokens',
  'web_searches',
  'characters',
  'images',
  'input_images',
  'videos',
  'video_seconds',
  'input_video_seconds',
  'songs',
  'audio_seconds',
  'voices',
  'requests',
]

type Table = CreateTableBuilder<string, string>

function withBill(table: Table): Table {
  return table
    .addColumn('usage', 'text', (column) => column.notNull().defaultTo('{}'))
    .addColumn('list', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('charged', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('currency', 'text', (column) => column.notNull())
    .addColumn('multiplier', 'text', (column) => column.notNull())
    .addColumn('price_version', 'text', (column) => column.notNull().defaultTo(''))
    .addColumn('estimated', 'integer', (column) => column.notNull().defaultTo(0))
}

function withSums(table: Table): Table {
  const names = ['calls', 'failures', 'estimated', 'list', 'charged', ...UNITS]
  return names.reduce(
    (built, name) => built.addColumn(name, 'bigint', (column) => column.notNull().defaultTo(0)),
    table,
  )
}

function withTexts(table: Table, names: readonly string[]): Table {
  return names.reduce((built, name) => built.addColumn(name, 'text', (column) => column.notNull()), table)
}

const GRAIN = ['user_id', 'token_id', 'operation', 'modality', 'model', 'currency'] as const

async function createRequests(db: Kysely<unknown>): Promise<void> {
  const named: Table = db.schema
    .createTable('requests')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('at', 'bigint', (column) => column.notNull())
  await withBill(withTexts(named, ['user_id', 'token_id', 'operation', 'modality', 'model']))
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text')
    .addColumn('upstream_key', 'text', (column) => column.notNull().defaultTo(''))
    .addColumn('http_status', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('provider_code', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('duration_ms', 'double precision')
    .addColumn('first_byte_ms', 'double precision')
    .addColumn('bytes_in', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('bytes_out', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('settled_at', 'bigint')
    .execute()
  // Each index is paid for by every call. They end in what the remaining filters ask for, so that a filter that
  // matches little is answered out of the index alone.
  await db.schema
    .createIndex('requests_by_user')
    .on('requests')
    .columns(['user_id', 'id', 'token_id', 'operation'])
    .execute()
  await db.schema.createIndex('requests_by_operation').on('requests').columns(['operation', 'id']).execute()
  await db.schema
    .createIndex('requests_by_failure')
    .on('requests')
    .columns(['outcome', 'id', 'user_id', 'token_id', 'operation'])
    .where(sql<boolean>`outcome <> 'ok'`)
    .execute()
  await db.schema
    .createIndex('requests_open')
    .on('requests')
    .column('id')
    .where(sql<boolean>`state = 'open'`)
    .execute()
}

async function createTasks(db: Kysely<unknown>): Promise<void> {
  const named: Table = db.schema.createTable('tasks')
  await withBill(
    withTexts(named, [
      'id',
      'upstream_key',
      'request_id',
      'user_id',
      'token_id',
      'operation',
      'model',
      'facts',
      'state',
    ]),
  )
    .addColumn('polls', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('next_poll_at', 'bigint', (column) => column.notNull())
    .addColumn('settled_at', 'bigint')
    .addPrimaryKeyConstraint('tasks_key', ['id', 'upstream_key'])
    .execute()
  await db.schema
    .createIndex('tasks_due')
    .on('tasks')
    .column('next_poll_at')
    .where(sql<boolean>`state = 'running'`)
    .execute()
  await db.schema.createIndex('tasks_by_state').on('tasks').columns(['operation', 'state']).execute()
  await db.schema.createIndex('tasks_by_end').on('tasks').columns(['settled_at']).execute()
}

async function createTotals(db: Kysely<unknown>): Promise<void> {
  for (const period of ['hour', 'day']) {
    const grained: Table = db.schema
      .createTable(`usage_${period}s`)
      .addColumn(period, 'bigint', (column) => column.notNull())
    // One day of a user stands together, since days are only read for one user; hours are read for all.
    const key = period === 'hour' ? ['hour', ...GRAIN] : ['user_id', 'day', ...GRAIN.slice(1)]
    await withSums(withTexts(grained, GRAIN)).addPrimaryKeyConstraint(`usage_${period}s_key`, key).execute()
  }
  const feature = ['dimension', 'key', 'currency'] as const
  const totals: Table = db.schema.createTable('usage_totals')
  // All hours of a key stand together, so that the last one before a given hour is found at once.
  await withSums(withTexts(totals, feature).addColumn('hour', 'bigint', (column) => column.notNull()))
    .addPrimaryKeyConstraint('usage_totals_key', [...feature, 'hour'])
    .execute()
  await withTexts(db.schema.createTable('usage_keys'), feature)
    .addPrimaryKeyConstraint('usage_keys_key', [...feature])
    .execute()
  await db.schema
    .createTable('usage_journal')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('line', 'text', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('usage_marks')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('folded', 'bigint', (column) => column.notNull())
    .execute()
  await sql`insert into usage_marks (id, folded) values (1, 0)`.execute(db)
}

/** The ledger, the tasks that decide what a call costs, and the totals of both by hour and day. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createRequests(db)
  await createTasks(db)
  await createTotals(db)
}
