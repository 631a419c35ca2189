import { sql, type Kysely } from 'kysely'

/** Where a token may be used and when it was, and for whom of a user's end users. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // One column each: SQLite adds no more at a time.
  for (const column of ['origins', 'networks', 'last_used_address']) {
    await db.schema.alterTable('tokens').addColumn(column, 'text').execute()
  }
  for (const column of ['last_used_at', 'expiry_noticed_at']) {
    await db.schema.alterTable('tokens').addColumn(column, 'bigint').execute()
  }
  for (const table of ['users', 'plans']) {
    await db.schema.alterTable(table).addColumn('end_user_limits', 'text').execute()
  }
  for (const column of ['session_id', 'end_user']) {
    await db.schema
      .alterTable('requests')
      .addColumn(column, 'text', (is) => is.notNull().defaultTo(''))
      .execute()
  }
  // Calls of end users alone: what has none costs the index nothing.
  await db.schema
    .createIndex('requests_by_end_user')
    .on('requests')
    .columns(['user_id', 'end_user', 'at'])
    .where(sql.ref('end_user'), '<>', '')
    .execute()
  await db.schema
    .createTable('end_users')
    .addColumn('user_id', 'text', (is) => is.notNull())
    .addColumn('end_user', 'text', (is) => is.notNull())
    .addColumn('suspended_at', 'bigint', (is) => is.notNull())
    .addColumn('suspended_by', 'text')
    .addPrimaryKeyConstraint('end_users_key', ['user_id', 'end_user'])
    .execute()
}
