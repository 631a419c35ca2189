import { sql, type Kysely } from 'kysely'

async function createRequests(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('access_requests')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('email', 'text')
    .addColumn('note', 'text')
    .addColumn('state', 'text', (column) =>
      column
        .notNull()
        .check(sql`state in ('pending', 'verified', 'approved', 'claimed', 'rejected', 'expired')`),
    )
    .addColumn('secret_hash', 'text', (column) => column.unique())
    .addColumn('mail', 'text', (column) =>
      column.notNull().check(sql`mail in ('none', 'due', 'sent', 'failed')`),
    )
    .addColumn('mail_tries', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('mail_after', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('verified_at', 'bigint')
    .addColumn('approved_at', 'bigint')
    .addColumn('closed_at', 'bigint')
    .addColumn('user_id', 'text')
    .addColumn('token_id', 'text')
    .addColumn('token_lifetime', 'bigint')
    .addColumn('reason', 'text')
    .addColumn('told_at', 'bigint')
    .execute()
}

async function indexRequests(db: Kysely<unknown>): Promise<void> {
  // Also what keeps two open requests of one address apart.
  await db.schema
    .createIndex('access_requests_open')
    .unique()
    .on('access_requests')
    .column('email')
    .where(sql<boolean>`state in ('pending', 'verified', 'approved')`)
    .execute()
  await db.schema
    .createIndex('access_requests_by_age')
    .on('access_requests')
    .columns(['created_at', 'id'])
    .execute()
  await db.schema
    .createIndex('access_requests_by_state')
    .on('access_requests')
    .columns(['state', 'created_at', 'id'])
    .execute()
  await db.schema.createIndex('access_requests_by_end').on('access_requests').column('closed_at').execute()
  await db.schema.createIndex('access_requests_by_user').on('access_requests').column('user_id').execute()
}

/** Requests for access, the counts of mails about them, and users by address. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createRequests(db)
  await indexRequests(db)
  await db.schema
    .createTable('access_mails')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('address_key', 'text', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema
    .createIndex('access_mails_by_address')
    .on('access_mails')
    .columns(['address_key', 'at'])
    .execute()
  await db.schema.createIndex('access_mails_by_time').on('access_mails').column('at').execute()
  await sql`create index users_by_email on users (lower(email))`.execute(db)
}
