import { sql, type Kysely } from 'kysely'

/**
 * Keys of requests that are not to be carried out twice, and their answers. Nothing refers to users: they may be
 * deleted. SQLite gives `bytea`, PostgreSQL's name for bytes, no meaning of its own, and keeps bytes as they are.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('idempotency_keys')
    .addColumn('user_id', 'text', (column) => column.notNull())
    .addColumn('operation', 'text', (column) => column.notNull())
    .addColumn('key_hash', 'text', (column) => column.notNull())
    .addColumn('body_hash', 'text', (column) => column.notNull())
    .addColumn('request_id', 'text', (column) => column.notNull())
    .addColumn('owner_id', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) =>
      column.notNull().check(sql`state in ('running', 'done', 'unrepeatable', 'unknown')`),
    )
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('status', 'integer', (column) => column.notNull())
    .addColumn('content_type', 'text', (column) => column.notNull())
    .addColumn('size', 'integer', (column) => column.notNull())
    // The last one: what stands before it is read without it.
    .addColumn('body', 'bytea')
    .addPrimaryKeyConstraint('idempotency_keys_pk', ['user_id', 'operation', 'key_hash'])
    .execute()
  await db.schema
    .createIndex('idempotency_keys_by_expiry')
    .on('idempotency_keys')
    .columns(['expires_at', 'size'])
    .execute()
}
