import { createHash } from 'node:crypto'
import type { Kysely } from 'kysely'
import { GatewayError } from '../errors.ts'
import type {
  Earlier,
  IdempotencyClaim,
  IdempotencyScope,
  IdempotencyStore,
  KeptAnswer,
  WithoutAnswer,
} from './idempotency.ts'
import type { IdempotencyKeyRow, Tables } from './tables.ts'

/** What one step of pruning may take out: a statement holds up every request as long as it runs. */
const PRUNED_ROWS = 500
const PRUNED_BYTES = 16 * 1024 * 1024
/** How often a key may come free between being found taken and being read. */
const TRIES = 3

const NO_ANSWER = { status: 0, content_type: '', size: 0, body: null }

/** The columns that tell a row's place. Clients put anything into keys, e-mail addresses and names: only a hash is kept. */
function placeOf({ userId, userSince, operation, key }: IdempotencyScope) {
  const hash = createHash('sha256').update(`${userSince} ${key}`)
  return { user_id: userId, operation, key_hash: hash.digest('hex') }
}

/** What tells the row of a request that holds its key still. */
function runningOf(scope: IdempotencyScope, requestId: string) {
  return { ...placeOf(scope), request_id: requestId, state: 'running' } as const
}

/** A row without the columns that tell its place. */
type Found = Omit<IdempotencyKeyRow, 'user_id' | 'operation' | 'key_hash' | 'expires_at' | 'size'>

function earlierFromRow(row: Found): Earlier {
  const {
    state,
    body_hash: bodyHash,
    request_id: requestId,
    owner_id: ownerId,
    content_type: contentType,
  } = row
  if (state === 'running') return { state, bodyHash, requestId, ownerId }
  if (state !== 'done') return { state, bodyHash, requestId }
  const { buffer, byteOffset, byteLength } = row.body ?? new Uint8Array()
  const body = Buffer.from(buffer, byteOffset, byteLength)
  return { state, bodyHash, answer: { status: row.status, contentType, body, requestId } }
}

/** @returns whether the key is the caller's now */
async function insertClaim(
  db: Kysely<Tables>,
  scope: IdempotencyScope,
  { bodyHash, requestId, ownerId, at, expiresAt }: IdempotencyClaim,
): Promise<boolean> {
  const row = {
    body_hash: bodyHash,
    request_id: requestId,
    owner_id: ownerId,
    state: 'running',
    expires_at: expiresAt,
    ...NO_ANSWER,
  } as const
  const claimed = await db
    .insertInto('idempotency_keys')
    .values({ ...placeOf(scope), ...row })
    .onConflict((conflict) =>
      conflict
        .columns(['user_id', 'operation', 'key_hash'])
        .doUpdateSet(row)
        .where('idempotency_keys.expires_at', '<=', at),
    )
    .returning('request_id')
    .executeTakeFirst()
  return claimed !== undefined
}

async function claim(
  db: Kysely<Tables>,
  scope: IdempotencyScope,
  wanted: IdempotencyClaim,
): Promise<Earlier | null> {
  for (let tries = 0; tries < TRIES; tries++) {
    if (await insertClaim(db, scope, wanted)) return null
    const row = await db
      .selectFrom('idempotency_keys')
      .select(['body_hash', 'request_id', 'owner_id', 'state', 'status', 'content_type', 'body'])
      .where((is) => is.and(placeOf(scope)))
      .executeTakeFirst()
    if (row !== undefined) return earlierFromRow(row)
  }
  throw new GatewayError('store_unavailable', undefined, {
    cause: new Error('a key came free again and again'),
  })
}

/** The columns of an ending. */
function columnsOf(ending: KeptAnswer | WithoutAnswer) {
  if (typeof ending === 'string') return { state: ending, ...NO_ANSWER }
  const { status, contentType, body } = ending
  return { state: 'done', status, content_type: contentType, size: body.length, body } as const
}

/** One write among those of a transaction. */
interface Write {
  /** @returns tells whoever waits for it; to be called once the transaction is on disk */
  run(db: Kysely<Tables>): Promise<() => void>
  fail(error: unknown): void
}

type Together = <Result>(work: (db: Kysely<Tables>) => Promise<Result>) => Promise<Result>

/**
 * Lets writes that come at the same time share a transaction, since each transaction waits for the disk. Each of them
 * begins with a statement that writes: SQLite refuses at once to turn a transaction that has read into one that writes
 * when another connection has written meanwhile.
 */
function writingTogether(db: Kysely<Tables>): Together {
  let waiting: Write[] = []

  async function flush(): Promise<void> {
    const writes = waiting
    waiting = []
    try {
      const tells = await db.transaction().execute(async (transaction) => {
        const told: (() => void)[] = []
        for (const write of writes) told.push(await write.run(transaction))
        return told
      })
      for (const tell of tells) tell()
    } catch (error) {
      for (const write of writes) write.fail(error)
    }
  }

  return (work) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(() => void flush())
      waiting.push({
        async run(transaction) {
          const result = await work(transaction)
          return () => resolve(result)
        },
        fail: reject,
      })
    })
}

async function prune(db: Kysely<Tables>, now: number): Promise<number> {
  const rows = await db
    .selectFrom('idempotency_keys')
    .select(['expires_at', 'size'])
    .where('expires_at', '<=', now)
    .orderBy('expires_at')
    .limit(PRUNED_ROWS)
    .execute()
  let bytes = 0
  const upTo = rows.find(({ size }) => (bytes += size) >= PRUNED_BYTES) ?? rows.at(-1)
  if (upTo === undefined) return 0
  const { numDeletedRows } = await db
    .deleteFrom('idempotency_keys')
    .where('expires_at', '<=', upTo.expires_at)
    .executeTakeFirst()
  return Number(numDeletedRows)
}

/** Keys of requests in the tables of any database that Kysely speaks to. */
export function createIdempotencyStore(db: Kysely<Tables>): IdempotencyStore {
  const together = writingTogether(db)
  return {
    claim: (scope, wanted) => together((transaction) => claim(transaction, scope, wanted)),

    complete: (scope, requestId, ending, expiresAt) =>
      together(async (transaction) => {
        const { numUpdatedRows } = await transaction
          .updateTable('idempotency_keys')
          .set({ ...columnsOf(ending), expires_at: expiresAt })
          .where((is) => is.and(runningOf(scope, requestId)))
          .executeTakeFirst()
        return numUpdatedRows > 0n
      }),

    release: (scope, requestId) =>
      together(async (transaction) => {
        const { numDeletedRows } = await transaction
          .deleteFrom('idempotency_keys')
          .where((is) => is.and(runningOf(scope, requestId)))
          .executeTakeFirst()
        return numDeletedRows > 0n
      }),

    prune: (now) => prune(db, now),
  }
}
