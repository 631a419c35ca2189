import { sql, type Kysely } from 'kysely'

async function createPlans(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('plans')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text')
    .addColumn('limits', 'text', (column) => column.notNull())
    .addColumn('multiplier', 'text')
    .addColumn('operations', 'text')
    .addColumn('models', 'text')
    .addColumn('prepaid', 'integer', (column) => column.notNull())
    .addColumn('free_credit', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('users_by_plan').on('users').column('plan').execute()
}

/** Entries refer to no user: what was given stays on record when the user is deleted. */
async function createCredits(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('credit_entries')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('user_id', 'text', (column) => column.notNull())
    .addColumn('amount', 'bigint', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('credit_entries_by_user')
    .on('credit_entries')
    .columns(['user_id', 'at', 'id'])
    .execute()
}

async function createCodes(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('credit_codes')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('amount', 'bigint', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('uses', 'bigint', (column) => column.notNull())
    .addColumn('used', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .execute()
  await db.schema
    .createIndex('credit_codes_by_age')
    .on('credit_codes')
    .columns(['created_at', 'id'])
    .execute()
  await db.schema
    .createTable('credit_redemptions')
    .addColumn('code_id', 'text', (column) => column.notNull().references('credit_codes.id'))
    .addColumn('user_id', 'text', (column) => column.notNull())
    .addColumn('entry_id', 'text', (column) => column.notNull().references('credit_entries.id'))
    .addPrimaryKeyConstraint('credit_redemptions_key', ['code_id', 'user_id'])
    .execute()
}

/** All running tasks are read at every start, and there may be very many that have ended. */
async function indexRunningTasks(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createIndex('tasks_running')
    .on('tasks')
    .columns(['id', 'upstream_key'])
    .where(sql<boolean>`state = 'running'`)
    .execute()
}

/** Plans, what users and tokens are limited to, and credit. Limits are JSON, see limits-codec.ts. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('users').addColumn('limits', 'text').execute()
  await db.schema.alterTable('users').addColumn('prepaid', 'integer').execute()
  await db.schema.alterTable('tokens').addColumn('limits', 'text').execute()
  await createPlans(db)
  await createCredits(db)
  await createCodes(db)
  await indexRunningTasks(db)
}
