import { sql, type Kysely } from 'kysely'

const isOpen = sql<boolean>`state = 'open'`

async function createIncidents(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('incidents')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('token_id', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) =>
      column.notNull().check(sql`state in ('open', 'dismissed', 'closed')`),
    )
    .addColumn('signal', 'text', (column) => column.notNull())
    .addColumn('response', 'text', (column) => column.notNull())
    .addColumn('would_be', 'text', (column) => column.notNull())
    .addColumn('score', 'double precision', (column) => column.notNull())
    .addColumn('evidence', 'text', (column) => column.notNull())
    .addColumn('strikes', 'integer', (column) => column.notNull())
    .addColumn('opened_at', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .addColumn('notified_at', 'bigint')
    .execute()
}

/** An open incident is written again each minute: no index holds what changes then. */
async function indexIncidents(db: Kysely<unknown>): Promise<void> {
  const indexes = [
    ['incidents_by_time', ['opened_at', 'id']],
    ['incidents_by_user', ['user_id', 'opened_at', 'id']],
    ['incidents_by_token', ['token_id', 'opened_at', 'id']],
    ['incidents_by_state', ['state', 'opened_at', 'id']],
    ['incidents_by_signal', ['signal', 'opened_at', 'id']],
  ] as const
  for (const [name, columns] of indexes) {
    await db.schema
      .createIndex(name)
      .on('incidents')
      .columns([...columns])
      .execute()
  }
  await db.schema
    .createIndex('incidents_over')
    .on('incidents')
    .columns(['updated_at', 'id'])
    .where(sql<boolean>`not (${isOpen})`)
    .execute()
}

async function createExemptions(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('exemptions')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('subject_kind', 'text', (column) =>
      column.notNull().check(sql`subject_kind in ('user', 'token')`),
    )
    .addColumn('subject_id', 'text', (column) => column.notNull())
    .addColumn('signals', 'text')
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute()
  await db.schema.createIndex('exemptions_by_expiry').on('exemptions').columns(['expires_at', 'id']).execute()
  await db.schema
    .createIndex('exemptions_by_subject')
    .on('exemptions')
    .columns(['subject_kind', 'subject_id'])
    .execute()
}

/**
 * Incidents about tokens, exemptions from them, and what is known of each token's past. Incidents stay when their token
 * is deleted; a past goes with its token. SQLite gives `bytea` and `double precision`, as PostgreSQL names them, no
 * meaning of its own, and keeps bytes and numbers as they are.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('tokens').addColumn('suspended_at', 'bigint').execute()
  await db.schema.alterTable('tokens').addColumn('suspended_by', 'text').execute()
  await createIncidents(db)
  await indexIncidents(db)
  await createExemptions(db)
  await db.schema
    .createTable('abuse_profiles')
    .addColumn('token_id', 'text', (column) =>
      column.primaryKey().references('tokens.id').onDelete('cascade'),
    )
    .addColumn('saved_at', 'bigint', (column) => column.notNull())
    .addColumn('state', 'bytea', (column) => column.notNull())
    .execute()
}
