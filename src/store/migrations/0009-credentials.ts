import { sql, type Kysely } from 'kysely'

/** Where a token may be used and when it was, and for whom of a user's end users. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // One column each: SQLite adds no more at a time.
  for (const column of ['origins', 'networks', 'last_used_address']) {
    await db.schema.alterTable('tokens').addColumn(column, 'text').execute()
  }
  // They are read again and again, and most tokens name none.
  await db.schema
    .createIndex('tokens_with_origins')
    .on('tokens')
    .columns(['created_at', 'id'])
    .where(sql.ref('origins'), 'is not', null)
    .execute()
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
  await db.schema
    .alterTable('incidents')
    .addColumn('end_user', 'text', (is) => is.notNull().defaultTo(''))
    .execute()
  // Calls of end users and sessions alone: what has none costs the indexes nothing.
  await db.schema
    .createIndex('requests_by_end_user')
    .on('requests')
    .columns(['user_id', 'end_user', 'id'])
    .where(sql.ref('end_user'), '<>', '')
    .execute()
  await db.schema
    .createIndex('requests_by_end_user_settled')
    .on('requests')
    .columns(['user_id', 'end_user', 'settled_at'])
    .where(sql<boolean>`end_user <> '' and settled_at is not null`)
    .execute()
  await db.schema
    .createIndex('requests_by_session')
    .on('requests')
    .column('session_id')
    .where(sql.ref('session_id'), '<>', '')
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
