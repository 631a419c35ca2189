import { sql, type Kysely } from 'kysely'

/** Whose the objects on the shared account are. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('objects')
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('account', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('token_id', 'text', (column) => column.notNull())
    .addColumn('request_id', 'text', (column) => column.notNull())
    .addColumn('operation', 'text', (column) => column.notNull())
    .addColumn('detail', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint')
    .addPrimaryKeyConstraint('objects_key', ['kind', 'id', 'account', 'user_id'])
    .execute()
  // The time is what keeps the database from finding a name by walking through all of a user's objects in their order.
  await db.schema
    .createIndex('objects_by_name')
    .on('objects')
    .columns(['user_id', 'kind', 'name', 'created_at'])
    .execute()
  // Lists read each kind by itself: there are few kinds, and an index for every way of asking would cost every write.
  await db.schema
    .createIndex('objects_by_user')
    .on('objects')
    .columns(['user_id', 'kind', 'created_at', 'id', 'account'])
    .execute()
  await db.schema
    .createIndex('objects_by_kind')
    .on('objects')
    .columns(['kind', 'created_at', 'id', 'account', 'user_id'])
    .execute()
  await db.schema
    .createIndex('objects_by_expiry')
    .on('objects')
    .column('expires_at')
    .where(sql<boolean>`expires_at is not null`)
    .execute()
}
