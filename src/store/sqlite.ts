import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Kysely } from 'kysely'
import { GatewayError } from '../errors.ts'
import { systemClock, type Clock } from '../lib/clock.ts'
import { createAuditStore } from './audit-store.ts'
import { createAccessRequestStore } from './access-request-store.ts'
import { createCallbackStore } from './callback-store.ts'
import { createCreditStore } from './credit-store.ts'
import { connectionOf, openKysely, resultCodeOf, type DatabaseSync } from './database.ts'
import { createEndUserStore } from './end-user-store.ts'
import { createIdempotencyStore } from './idempotency-store.ts'
import { createProfileWriter, type ProfileWriter } from './incident-profiles.ts'
import { createIncidentStore } from './incident-store.ts'
import type { LedgerReads } from './ledger-reader.ts'
import { createReaderService, createWriterService, type WriterMethods } from './ledger-service.ts'
import { createLedgerStore, readerInThread, takingTurns, writerInThread, type Half } from './ledger-store.ts'
import { migrate, NewerDatabaseError } from './migrate.ts'
import { createObjectStore } from './object-store.ts'
import { createOperatorStore } from './operator-store.ts'
import type { ObjectStore } from './objects.ts'
import { createPlanStore } from './plan-store.ts'
import type { Store } from './store.ts'
import type { Tables } from './tables.ts'
import { createUseWriter, type UseWriter } from './token-uses.ts'
import { createTokenStore } from './tokens.ts'
import { createUpstreamKeyStore } from './upstream-key-store.ts'
import { createUserStore } from './users.ts'

const NOT_A_DATABASE = new Set([11, 26])

/** Waiting for a lock stops the whole process, so it is short: nobody but a backup should hold one. */
const CONNECTION = { timeout: 1000, cache: 8192 }

/** Creates the file and its folder for their owner alone; SQLite gives the files beside it the same mode. */
async function prepareFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const file = await open(path, 'a', 0o600)
  await file.close()
}

/** Migrates under SQLite's write lock, so that of two processes that start at once one waits for the other. */
async function migrateLocked(database: DatabaseSync, db: Kysely<Tables>): Promise<void> {
  database.exec('BEGIN IMMEDIATE')
  try {
    await migrate(db)
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** Says what is wrong with the file and what to do about it. */
function openingError(path: string, error: unknown): Error {
  const cause = error instanceof GatewayError ? error.cause : error
  const code = resultCodeOf(cause)
  let problem = 'cannot be opened. Check its folder, the permissions of both and the free space'
  if (error instanceof NewerDatabaseError) {
    problem = `was written by a newer version of the gateway (${error.message}). Start that version, or restore a backup`
  } else if (code !== undefined && NOT_A_DATABASE.has(code)) {
    problem = 'is not a database, or is damaged. Restore a backup, or name another file in DATABASE_URL'
  } else if (code === 5 || code === 6) {
    problem = 'is locked by another process. Stop the other gateway or backup that uses it'
  }
  return new Error(`the database ${path} ${problem}`, { cause })
}

/** Opens the database and brings it up to this version. */
async function openMigrated(path: string) {
  const opened = openKysely(path, CONNECTION)
  try {
    await migrateLocked(opened.database, opened.db)
    return opened
  } catch (error) {
    if (opened.database.isOpen) opened.database.close()
    throw error
  }
}

type Opened = Awaited<ReturnType<typeof openMigrated>>

interface Books {
  readonly writer: Half<WriterMethods>
  readonly reader: Half<LedgerReads>
  readonly objects: ObjectStore
  readonly saveProfiles: ProfileWriter
  readonly saveUses: UseWriter
}

/** Books in memory are a database of their own: a transaction of theirs must not take in what users and tokens write. */
async function booksInMemory(main: Opened): Promise<Books> {
  const { database, db } = await openMigrated(':memory:')
  const connection = connectionOf(database)
  const inTurn = takingTurns()
  const writer = inTurn(await createWriterService(db, connection))
  const reader = inTurn(createReaderService(db))
  const objects = inTurn({ methods: createObjectStore(db, connection), afterwards: async () => undefined })
  const close = () => db.destroy()
  return {
    writer: { methods: writer, close },
    reader: { methods: reader, close: async () => undefined },
    objects,
    // They belong to tokens.
    saveProfiles: createProfileWriter(main.db),
    saveUses: createUseWriter(main.db),
  }
}

/**
 * The halves have a thread each, so that neither a commit nor a long report holds up a request or one another. Whose is
 * what is read in this thread, as users and tokens are: it sees at once what the writer has committed.
 */
async function booksInThreads(path: string, main: Opened): Promise<Books> {
  const objects = createObjectStore(main.db, connectionOf(main.database))
  const reader = readerInThread(path)
  // Asked once, before there is any request to hold up: not worth a thread.
  const { runningTasks } = createReaderService(main.db).methods
  const writer = await writerInThread(path)
  return {
    writer,
    reader: { ...reader, methods: { ...reader.methods, runningTasks } },
    objects,
    saveProfiles: (profiles) => writer.methods.saveProfiles(profiles),
    saveUses: (uses) => writer.methods.saveUses(uses),
  }
}

/**
 * The embedded store: one file, one process.
 * @param path the database file, made with mode 0600 when it is not there; `:memory:` for tests
 * @throws Error that says what is wrong with the file and how to mend it
 */
export async function openSqliteStore({
  path,
  clock = systemClock,
}: {
  path: string
  clock?: Clock
}): Promise<Store> {
  let opened: Opened | undefined
  try {
    if (path !== ':memory:') await prepareFile(path)
    const { db } = (opened = await openMigrated(path))
    const { writer, reader, objects, saveProfiles, saveUses } =
      path === ':memory:' ? await booksInMemory(opened) : await booksInThreads(path, opened)
    return {
      callbacks: createCallbackStore(db),
      users: createUserStore(db),
      tokens: createTokenStore(db, saveUses),
      endUsers: createEndUserStore(db),
      ledger: createLedgerStore(writer.methods, reader.methods),
      objects,
      plans: createPlanStore(db),
      credits: createCreditStore(db),
      idempotency: createIdempotencyStore(db),
      incidents: createIncidentStore(db, saveProfiles),
      accessRequests: createAccessRequestStore(db),
      operators: createOperatorStore(db),
      audit: createAuditStore(db),
      upstreamKeys: createUpstreamKeyStore(db),
      // By the thread that writes the books: waiting for it in this one would hold up every request.
      check: () => writer.methods.check(clock.now()),
      async close() {
        await Promise.all([writer.close(), reader.close()])
        await db.destroy()
      },
    }
  } catch (error) {
    if (opened?.database.isOpen === true) opened.database.close()
    throw openingError(path, error)
  }
}
