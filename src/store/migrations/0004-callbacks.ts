import { sql, type Kysely } from 'kysely'

/** What MiniMax is to call back, and the bodies that are to be handed on. Nothing refers to users: they may be deleted. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('callbacks')
    .addColumn('secret_hash', 'text', (column) => column.primaryKey())
    .addColumn('request_id', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text', (column) => column.notNull())
    .addColumn('token_id', 'text', (column) => column.notNull())
    .addColumn('url', 'text', (column) => column.notNull())
    .addColumn('operation', 'text', (column) => column.notNull())
    .addColumn('account', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('task_id', 'text')
    .execute()
  await db.schema.createIndex('callbacks_by_age').on('callbacks').column('created_at').execute()
  await db.schema.createIndex('callbacks_by_user').on('callbacks').column('user_id').execute()

  await db.schema
    .createTable('callback_deliveries')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('secret_hash', 'text', (column) =>
      column.notNull().references('callbacks.secret_hash').onDelete('cascade'),
    )
    .addColumn('body_hash', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text', (column) => column.notNull())
    .addColumn('body', 'text')
    .addColumn('state', 'text', (column) =>
      column.notNull().check(sql`state in ('waiting', 'delivered', 'given_up')`),
    )
    .addColumn('tries', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('next_at', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('callback_deliveries_once', ['secret_hash', 'body_hash'])
    .execute()
  await db.schema
    .createIndex('callback_deliveries_due')
    .on('callback_deliveries')
    .columns(['next_at', 'id'])
    .where(sql.ref('state'), '=', sql.lit('waiting'))
    .execute()
  await db.schema
    .createIndex('callback_deliveries_by_user')
    .on('callback_deliveries')
    .columns(['user_id', 'state'])
    .execute()
}
