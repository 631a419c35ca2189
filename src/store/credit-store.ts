import { sql, type Kysely, type Selectable, type Transaction } from 'kysely'
import type { CreditCode, CreditEntry, CreditStore, Redemption } from './credits.ts'
import { cursorFromPosition, pageFromRows, positionFromCursor } from './cursor.ts'
import type { CreditCodeRow, CreditEntryRow, Tables } from './tables.ts'

/** A row as it is read: money as text. */
type Read<Row> = Omit<Selectable<Row>, 'amount'> & { readonly amount: string }

const AMOUNT = sql<string>`cast(amount as text)`.as('amount')

const ENTRY_COLUMNS = ['id', 'user_id', 'kind', 'reason', 'at', AMOUNT] as const

const CODE_COLUMNS = [
  'id',
  'hash',
  'reason',
  'uses',
  'used',
  'created_at',
  'expires_at',
  'revoked_at',
  AMOUNT,
] as const

function entryFromRow({ user_id: userId, amount, ...rest }: Read<CreditEntryRow>): CreditEntry {
  return { ...rest, userId, amount: BigInt(amount) }
}

function rowFromEntry({ id, userId, amount, kind, reason, at }: CreditEntry) {
  return { id, user_id: userId, amount, kind, reason, at }
}

function codeFromRow(row: Read<CreditCodeRow>): CreditCode {
  const { id, hash, amount, reason, uses, used } = row
  const { created_at: createdAt, expires_at: expiresAt, revoked_at: revokedAt } = row
  return { id, hash, amount: BigInt(amount), reason, uses, used, createdAt, expiresAt, revokedAt }
}

function rowFromCode({ createdAt, expiresAt, revokedAt, ...rest }: CreditCode) {
  return { ...rest, created_at: createdAt, expires_at: expiresAt, revoked_at: revokedAt }
}

/** Why a code gave nothing. That the user has it already comes first: it answers a request that was sent twice. */
async function refusal(
  db: Kysely<Tables>,
  hash: string,
  userId: string,
  at: number,
): Promise<Exclude<Redemption['result'], 'redeemed'>> {
  const code = await db
    .selectFrom('credit_codes')
    .leftJoin('credit_redemptions as mine', (join) =>
      join.onRef('mine.code_id', '=', 'credit_codes.id').on('mine.user_id', '=', userId),
    )
    .select(['credit_codes.revoked_at', 'credit_codes.expires_at', 'mine.entry_id'])
    .where('credit_codes.hash', '=', hash)
    .executeTakeFirst()
  if (code === undefined) return 'unknown'
  if (code.entry_id !== null) return 'already'
  if (code.revoked_at !== null) return 'revoked'
  return code.expires_at !== null && code.expires_at <= at ? 'expired' : 'used_up'
}

/** Counts one use, if there is one left for the user: asked and counted in one statement, so that no two take the same. */
async function countUse(db: Transaction<Tables>, hash: string, userId: string, at: number) {
  return await db
    .updateTable('credit_codes')
    .set((is) => ({ used: is('used', '+', 1) }))
    .where('hash', '=', hash)
    .where('revoked_at', 'is', null)
    .where((is) => is.or([is('expires_at', 'is', null), is('expires_at', '>', at)]))
    .whereRef('used', '<', 'uses')
    .where((is) =>
      is.not(
        is.exists(
          is
            .selectFrom('credit_redemptions as mine')
            .select('mine.code_id')
            .whereRef('mine.code_id', '=', 'credit_codes.id')
            .where('mine.user_id', '=', userId),
        ),
      ),
    )
    .returning(['id', 'reason', AMOUNT])
    .executeTakeFirst()
}

async function redeem(
  db: Transaction<Tables>,
  hash: string,
  userId: string,
  entryId: string,
  at: number,
): Promise<Redemption> {
  // The write comes first: SQLite refuses at once to turn a transaction that has read into one that writes when
  // another connection has written meanwhile.
  const code = await countUse(db, hash, userId, at)
  if (code === undefined) return { result: await refusal(db, hash, userId, at) }
  const { id, reason, amount } = code
  const entry: CreditEntry = { id: entryId, userId, amount: BigInt(amount), kind: 'code', reason, at }
  // What is taken already throws here and undoes the use.
  await db.insertInto('credit_entries').values(rowFromEntry(entry)).execute()
  await db
    .insertInto('credit_redemptions')
    .values({ code_id: id, user_id: userId, entry_id: entryId })
    .execute()
  return { result: 'redeemed', entry }
}

async function listEntries(
  db: Kysely<Tables>,
  userId: string,
  { limit, cursor }: Parameters<CreditStore['list']>[1],
): ReturnType<CreditStore['list']> {
  let query = db
    .selectFrom('credit_entries')
    .select(ENTRY_COLUMNS)
    .where('user_id', '=', userId)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
  if (cursor !== undefined) {
    const { createdAt, id } = positionFromCursor(cursor)
    query = query.where((is) => is(is.refTuple('at', 'id'), '<', is.tuple(createdAt, id)))
  }
  const rows = await query.limit(limit + 1).execute()
  const items = rows.slice(0, limit).map(entryFromRow)
  const last = items.at(-1)
  const isEnd = rows.length <= limit || last === undefined
  return { items, next: isEnd ? null : cursorFromPosition({ createdAt: last.at, id: last.id }) }
}

/** Credit in the tables of any database that Kysely speaks to. */
export function createCreditStore(db: Kysely<Tables>): CreditStore {
  return {
    async add(entry) {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('credit_entries')
        .values(rowFromEntry(entry))
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst()
      return numInsertedOrUpdatedRows === 1n
    },

    list: (userId, page) => listEntries(db, userId, page),

    async total(userId) {
      const row = await db
        .selectFrom('credit_entries')
        .select(sql<string>`cast(coalesce(sum(amount), 0) as text)`.as('total'))
        .where('user_id', '=', userId)
        .executeTakeFirstOrThrow()
      return BigInt(row.total)
    },

    async addCode(code) {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('credit_codes')
        .values(rowFromCode(code))
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst()
      return numInsertedOrUpdatedRows === 1n
    },

    async listCodes({ limit, cursor }) {
      let query = db
        .selectFrom('credit_codes')
        .select(CODE_COLUMNS)
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
      if (cursor !== undefined) {
        const { createdAt, id } = positionFromCursor(cursor)
        query = query.where((is) => is(is.refTuple('created_at', 'id'), '<', is.tuple(createdAt, id)))
      }
      const rows = await query.limit(limit + 1).execute()
      return pageFromRows(rows.map(codeFromRow), limit)
    },

    async revokeCode(id, at) {
      const row = await db
        .updateTable('credit_codes')
        .set((is) => ({ revoked_at: is.fn.coalesce('revoked_at', is.val(at)) }))
        .where('id', '=', id)
        .returning(CODE_COLUMNS)
        .executeTakeFirst()
      return row && codeFromRow(row)
    },

    redeem: (hash, userId, entryId, at) =>
      db.transaction().execute((transaction) => redeem(transaction, hash, userId, entryId, at)),
  }
}
