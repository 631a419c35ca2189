import type { Kysely } from 'kysely'

/** What a user pays, as a multiple of the list price: a decimal text; null: what their plan or everybody pays. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('users').addColumn('multiplier', 'text').execute()
}
