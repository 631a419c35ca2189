import type { Kysely } from 'kysely'
import { DEFAULT_MIGRATION_TABLE, Migrator, type Migration } from 'kysely/migration'
import * as usersAndTokens from './migrations/0001-users-and-tokens.ts'
import * as books from './migrations/0002-books.ts'
import * as userMultiplier from './migrations/0003-user-multiplier.ts'
import * as callbacks from './migrations/0004-callbacks.ts'
import * as objects from './migrations/0005-objects.ts'
import * as limits from './migrations/0006-limits.ts'
import * as idempotency from './migrations/0007-idempotency.ts'
import * as incidents from './migrations/0008-incidents.ts'
import * as credentials from './migrations/0009-credentials.ts'
import * as operators from './migrations/0010-operators.ts'
import * as accessRequests from './migrations/0011-access-requests.ts'
import * as upstreamKeys from './migrations/0012-upstream-keys.ts'
import * as tokenExpiry from './migrations/0013-token-expiry.ts'
import type { Tables } from './tables.ts'

/** Every migration in the order in which it runs. One that was released is never changed: add another. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-users-and-tokens': usersAndTokens,
  '0002-books': books,
  '0003-user-multiplier': userMultiplier,
  '0004-callbacks': callbacks,
  '0005-objects': objects,
  '0006-limits': limits,
  '0007-idempotency': idempotency,
  '0008-incidents': incidents,
  '0009-credentials': credentials,
  '0010-operators': operators,
  '0011-access-requests': accessRequests,
  '0012-upstream-keys': upstreamKeys,
  '0013-token-expiry': tokenExpiry,
}

/** The database has migrations that this version does not know. */
export class NewerDatabaseError extends Error {
  override readonly name = 'NewerDatabaseError'
}

async function appliedMigrations(db: Kysely<Tables>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some(({ name }) => name === DEFAULT_MIGRATION_TABLE)) return []
  const rows = await db
    .$extendTables<{ [DEFAULT_MIGRATION_TABLE]: { name: string } }>()
    .selectFrom(DEFAULT_MIGRATION_TABLE)
    .select('name')
    .execute()
  return rows.map(({ name }) => name)
}

/**
 * Brings the tables up to this version.
 * @throws NewerDatabaseError when a newer version was here before; nothing is changed then
 */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  const unknown = (await appliedMigrations(db)).filter((name) => !Object.hasOwn(MIGRATIONS, name))
  if (unknown.length > 0) throw new NewerDatabaseError(`it has unknown migrations: ${unknown.join(', ')}`)
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined)
    throw error instanceof Error ? error : new Error('a migration failed', { cause: error })
}
