import { readdir, rename } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { Migrator, type Migration } from 'kysely/migration'
import { openKysely } from '../../src/store/database.ts'

const FOLDER = fileURLToPath(new URL('../../src/store/migrations/', import.meta.url))

function isMigration(module: unknown): module is Migration {
  return typeof module === 'object' && module !== null && 'up' in module && typeof module.up === 'function'
}

async function migrationsUpTo(last: string): Promise<Record<string, Migration>> {
  const names = (await readdir(FOLDER))
    .map((file) => file.replace(/\.ts$/, ''))
    .filter((name) => name <= last)
  const loaded = names.map(async (name) => {
    const module: unknown = await import(`${FOLDER}${name}.ts`)
    if (!isMigration(module)) throw new TypeError(`${name} is no migration`)
    return [name, module] as const
  })
  return Object.fromEntries(await Promise.all(loaded))
}

const textsOf = (rows: readonly Readonly<Record<string, unknown>>[]): string[] =>
  rows.map(({ name }) => String(name))

/** What of a database an earlier one has a place for. */
function copyRows(from: string, to: string): void {
  const database = new DatabaseSync(to)
  database.prepare('attach ? as later').run(from)
  const tables = `select name from main.sqlite_schema where type = 'table' and name not like 'sqlite_%' and name not like 'kysely_%'`
  for (const table of textsOf(database.prepare(tables).all())) {
    const columns = textsOf(database.prepare(`select name from pragma_table_info('${table}')`).all()).join(
      ', ',
    )
    database.exec(`delete from main."${table}"`)
    database.exec(`insert into main."${table}" (${columns}) select ${columns} from later."${table}"`)
  }
  database.close()
}

/**
 * Puts a file in the place of a closed database that is as an earlier version would have left it.
 * @param last the name of the last migration that it knew
 */
export async function asBefore(path: string, last: string): Promise<void> {
  const draft = `${path}.earlier`
  const { db } = openKysely(draft, { timeout: 1000, cache: 1024 })
  const migrations = await migrationsUpTo(last)
  const { error } = await new Migrator({
    db,
    provider: { getMigrations: async () => migrations },
  }).migrateToLatest()
  await db.destroy()
  if (error !== undefined) throw new Error('the earlier version could not be made', { cause: error })
  copyRows(path, draft)
  await rename(draft, path)
}
