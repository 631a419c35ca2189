import type { Kysely } from 'kysely'

/** Upstream keys that are added while the gateway runs: sealed, never in clear. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('upstream_keys')
    .addColumn('name', 'text', (is) => is.primaryKey())
    .addColumn('account', 'text', (is) => is.notNull())
    .addColumn('weight', 'integer', (is) => is.notNull())
    .addColumn('sealed', 'text')
    .addColumn('disabled_at', 'bigint')
    .addColumn('created_at', 'bigint', (is) => is.notNull())
    .addColumn('updated_at', 'bigint', (is) => is.notNull())
    .execute()
}
