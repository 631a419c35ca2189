import { sql, type Kysely } from 'kysely'

const isRole = sql`role in ('owner', 'operator', 'read-only', 'metrics')`

async function createOperators(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('operators')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull().check(isRole))
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('networks', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint')
    .addColumn('revoked_at', 'bigint')
    .addColumn('replaced_by', 'text')
    .addColumn('last_used_at', 'bigint')
    .addColumn('last_used_address', 'text')
    .execute()
  await db.schema.createIndex('operators_by_creation').on('operators').columns(['created_at', 'id']).execute()
}

async function createAuditLog(db: Kysely<unknown>): Promise<void> {
  const required = ['operator_id', 'operator_name', 'address', 'method', 'route', 'action', 'target'] as const
  let table = db.schema
    .createTable('audit_log')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('role', 'text', (column) => column.notNull().check(isRole))
  for (const name of required) table = table.addColumn(name, 'text', (column) => column.notNull())
  await table
    .addColumn('request', 'text')
    .addColumn('request_id', 'text', (column) => column.notNull())
    .addColumn('status', 'integer')
    .addColumn('outcome', 'text', (column) =>
      column.notNull().check(sql`outcome in ('begun', 'done', 'refused', 'failed')`),
    )
    .addColumn('error', 'text')
    .addColumn('before', 'text')
    .addColumn('after', 'text')
    .execute()
}

/** Admin tokens beside that of the settings, and what their holders change. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createOperators(db)
  await createAuditLog(db)
  const indexes = [
    ['audit_by_time', ['at', 'id']],
    ['audit_by_operator', ['operator_id', 'at', 'id']],
    ['audit_by_action', ['action', 'at', 'id']],
    ['audit_by_target', ['target', 'at', 'id']],
  ] as const
  for (const [name, columns] of indexes) {
    await db.schema
      .createIndex(name)
      .on('audit_log')
      .columns([...columns])
      .execute()
  }
}
