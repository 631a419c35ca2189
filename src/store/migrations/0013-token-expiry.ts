import { sql, type Kysely } from 'kysely'

/** Tokens by their end: those without one, and those that have ended otherwise, cost the index nothing. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createIndex('tokens_by_end')
    .on('tokens')
    .column('expires_at')
    .where(sql.ref('expires_at'), 'is not', null)
    .where(sql.ref('revoked_at'), 'is', null)
    .execute()
}
