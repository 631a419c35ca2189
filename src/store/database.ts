import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { Kysely, SqliteDialect, type CompiledQuery, type SqliteDatabase, type SqliteStatement } from 'kysely'
import { LRUCache } from 'lru-cache'
import { GatewayError } from '../errors.ts'
import type { Connection } from './connection.ts'
import type { Tables } from './tables.ts'
import type { Template } from './template.ts'

export type { DatabaseSync }

/** More than our own statements; lists of varying length must not grow it without end. */
const MAX_PREPARED = 256

/** Primary result codes that tell of the disk, the file or a lock, not of the statement. */
const UNAVAILABLE = new Set([5, 6, 7, 8, 10, 11, 13, 14, 26])

/** The primary result code of SQLite, if the error is one of its own. */
export function resultCodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}

function isClosed(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_INVALID_STATE'
}

/**
 * Runs what touches the database.
 * @throws GatewayError `store_unavailable` when the disk, the file or a lock is in the way; other errors as they are
 */
function translated<Result>(run: () => Result): Result {
  try {
    return run()
  } catch (error) {
    const code = resultCodeOf(error)
    const isUnavailable = code === undefined ? isClosed(error) : UNAVAILABLE.has(code)
    throw isUnavailable ? new GatewayError('store_unavailable', undefined, { cause: error }) : error
  }
}

function inputFrom(value: unknown): SQLInputValue {
  if (value === null || typeof value === 'string' || typeof value === 'bigint') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (value instanceof Uint8Array) return value
  throw new TypeError(`a ${typeof value} cannot be stored`)
}

function adaptStatement(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => translated(() => statement.all(...parameters.map(inputFrom))),
    run: (parameters) => translated(() => statement.run(...parameters.map(inputFrom))),
    iterate: (parameters) => translated(() => statement.iterate(...parameters.map(inputFrom))),
  }
}

/** What Kysely asks of a database; statements stay prepared, since preparing costs more than running most of them. */
function adaptDatabase(database: DatabaseSync): SqliteDatabase {
  const prepared = new LRUCache<string, SqliteStatement>({ max: MAX_PREPARED })
  return {
    close: () => {
      prepared.clear()
      database.close()
    },
    prepare(sql) {
      const known = prepared.get(sql)
      if (known !== undefined) return known
      const statement = translated(() => adaptStatement(database.prepare(sql)))
      prepared.set(sql, statement)
      return statement
    },
  }
}

/** How a connection is used. */
export interface ConnectionOptions {
  /** Milliseconds to wait for a lock of somebody else. It stops the thread. */
  readonly timeout: number
  /** KiB of pages that the connection keeps in memory. */
  readonly cache: number
}

/**
 * A connection to a database file, in the mode in which all of them are used.
 * @throws an error of SQLite
 */
function openDatabase(path: string, { timeout, cache }: ConnectionOptions): DatabaseSync {
  const database = new DatabaseSync(path, { timeout, enableForeignKeyConstraints: true })
  try {
    database.exec('PRAGMA trusted_schema = OFF')
    database.exec('PRAGMA journal_mode = WAL')
    // The ledger lives here: what was committed must survive a power cut, not only a crash of the process.
    database.exec('PRAGMA synchronous = FULL')
    database.exec(`PRAGMA cache_size = -${cache}`)
    // A burst may make the log long; what is beyond this is given back to the disk.
    database.exec('PRAGMA journal_size_limit = 67108864')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** Statements run at once, so that nothing else happens on the connection between two of them but what a caller awaits. */
export function connectionOf(database: DatabaseSync): Connection {
  const adapted = adaptDatabase(database)
  const run = (sql: string, parameters: readonly unknown[]): number =>
    Number(adapted.prepare(sql).run(parameters).changes)
  const all = (sql: string, parameters: readonly unknown[]) => adapted.prepare(sql).all(parameters)
  return {
    run: ({ sql, parameters }) => run(sql, parameters),
    runWith: (template, values) => run(template.query.sql, template.bind(values)),
    // The row's type is the promise of the statement that Kysely checked; SQLite itself knows of no types.
    all: <Row>({ sql, parameters }: CompiledQuery<Row>) => all(sql, parameters) as readonly Row[],
    allWith: <Values, Row>(template: Template<Values, Row>, values: Values) =>
      all(template.query.sql, template.bind(values)) as readonly Row[],
    async transaction(work) {
      // At once, not at the first write: a lock that comes late could not be waited for.
      run('begin immediate', [])
      try {
        const result = await work()
        run('commit', [])
        return result
      } catch (error) {
        if (database.isTransaction) run('rollback', [])
        throw error
      }
    },
  }
}

/** A connection to a database file as it is and as Kysely sees it; `db.destroy()` closes both. */
export function openKysely(
  path: string,
  options: ConnectionOptions,
): { readonly database: DatabaseSync; readonly db: Kysely<Tables> } {
  const database = openDatabase(path, options)
  return { database, db: new Kysely({ dialect: new SqliteDialect({ database: adaptDatabase(database) }) }) }
}
