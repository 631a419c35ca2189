import { sql, type Kysely } from 'kysely'
import { requestFromRow, UNDECIDED } from './access-request-codec.ts'
import type { AccessLink, AccessRequestStore } from './access-requests.ts'
import type { Tables } from './tables.ts'

/** What concerns the links of requests, and the mails that carry them. */
export type AccessLinkStore = Pick<
  AccessRequestStore,
  | 'mailsDue'
  | 'arm'
  | 'mailed'
  | 'mailFailed'
  | 'verify'
  | 'reserve'
  | 'approve'
  | 'relink'
  | 'remind'
  | 'reject'
  | 'claim'
  | 'claimed'
>

/** The states of which a mail carries a link. */
const MAILED = ['pending', 'approved'] as const

const columnsFromLink = ({ secretHash, mail, expiresAt, at }: AccessLink) => ({
  state: 'approved' as const,
  secret_hash: secretHash,
  mail,
  mail_tries: 0,
  mail_after: at,
  expires_at: expiresAt,
  closed_at: null,
})

async function mailsDue(
  db: Kysely<Tables>,
  at: number,
  limit: number,
): ReturnType<AccessRequestStore['mailsDue']> {
  const rows = await db
    .selectFrom('access_requests')
    .selectAll()
    .where('mail', '=', 'due')
    .where('email', 'is not', null)
    .where('state', 'in', MAILED)
    .where('mail_after', '<=', at)
    .where('expires_at', '>', at)
    .orderBy('mail_after')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map((row) => ({ request: requestFromRow(row), tries: row.mail_tries }))
}

async function verify(
  db: Kysely<Tables>,
  secretHash: string,
  at: number,
): ReturnType<AccessRequestStore['verify']> {
  const { numUpdatedRows } = await db
    .updateTable('access_requests')
    .set({ state: 'verified', verified_at: at, mail: 'sent' })
    .where('secret_hash', '=', secretHash)
    .where('state', '=', 'pending')
    .where('expires_at', '>', at)
    .executeTakeFirst()
  if (numUpdatedRows === 1n) return 'verified'
  const before = await db
    .selectFrom('access_requests')
    .select('id')
    .where('secret_hash', '=', secretHash)
    .where('state', '=', 'verified')
    .where('expires_at', '>', at)
    .executeTakeFirst()
  return before === undefined ? 'unknown' : 'again'
}

/** A statement that asks and writes at once: of many that come together, one finds what it asks for. */
async function claim(
  db: Kysely<Tables>,
  secretHash: string,
  at: number,
  interruptedBefore: number,
): ReturnType<AccessRequestStore['claim']> {
  const row = await db
    .updateTable('access_requests')
    .set({ state: 'claimed', closed_at: at, mail: sql`case when mail = 'due' then 'sent' else mail end` })
    .where('secret_hash', '=', secretHash)
    .where('expires_at', '>', at)
    .where((is) =>
      is.or([
        is('state', '=', 'approved'),
        is.and([
          is('state', '=', 'claimed'),
          is('token_id', 'is', null),
          is('closed_at', '<', interruptedBefore),
        ]),
      ]),
    )
    .returningAll()
    .executeTakeFirst()
  if (row !== undefined) return { result: 'claimed', request: requestFromRow(row) }
  const used = await db
    .selectFrom('access_requests')
    .select('id')
    .where('secret_hash', '=', secretHash)
    .where('state', '=', 'claimed')
    .executeTakeFirst()
  return { result: used === undefined ? 'unknown' : 'used' }
}

/** Another open request of the same address stands in the way of one that has expired. */
async function relink(
  db: Kysely<Tables>,
  id: string,
  link: AccessLink,
): ReturnType<AccessRequestStore['relink']> {
  const row = await db
    .updateTable('access_requests')
    .set(columnsFromLink(link))
    .where('id', '=', id)
    .where('state', 'in', ['approved', 'expired'])
    .where('approved_at', 'is not', null)
    .where('email', 'is not', null)
    .where((is) =>
      is.not(
        is.exists(
          is
            .selectFrom('access_requests as other')
            .select('other.id')
            .whereRef('other.email', '=', 'access_requests.email')
            .where('other.state', 'in', ['pending', 'verified', 'approved'])
            .whereRef('other.id', '<>', 'access_requests.id'),
        ),
      ),
    )
    .returningAll()
    .executeTakeFirst()
  return row && requestFromRow(row)
}

/** Links in the tables of any database that Kysely speaks to. */
export function createAccessLinkStore(db: Kysely<Tables>): AccessLinkStore {
  const update = (id: string) => db.updateTable('access_requests').where('id', '=', id)
  return {
    mailsDue: (at, limit) => mailsDue(db, at, limit),

    async arm(id, state, secretHash) {
      const { numUpdatedRows } = await update(id)
        .set({ secret_hash: secretHash })
        .where('state', '=', state)
        .where('mail', '=', 'due')
        .executeTakeFirst()
      return numUpdatedRows === 1n
    },

    async mailed(id, secretHash) {
      await update(id)
        .set({ mail: 'sent' })
        .where('secret_hash', '=', secretHash)
        .where('mail', '=', 'due')
        .execute()
    },

    async mailFailed(id, secretHash, again) {
      await update(id)
        .set((is) => ({
          mail_tries: is('mail_tries', '+', 1),
          ...(again === null ? { mail: 'failed' as const } : { mail_after: again }),
        }))
        .where('secret_hash', '=', secretHash)
        .where('mail', '=', 'due')
        .execute()
    },

    verify: (secretHash, at) => verify(db, secretHash, at),

    async reserve(id, userId, instead, at) {
      const { numUpdatedRows } = await update(id)
        .set({ user_id: userId })
        .where('state', 'in', UNDECIDED)
        .where('expires_at', '>', at)
        .where('user_id', instead === null ? 'is' : '=', instead)
        .executeTakeFirst()
      return numUpdatedRows === 1n
    },

    async approve(id, userId, tokenLifetime, link) {
      const row = await update(id)
        .set({ ...columnsFromLink(link), approved_at: link.at, token_lifetime: tokenLifetime })
        .where('state', 'in', UNDECIDED)
        .where('expires_at', '>', link.at)
        .where('user_id', '=', userId)
        .returningAll()
        .executeTakeFirst()
      return row && requestFromRow(row)
    },

    relink: (id, link) => relink(db, id, link),

    async remind(id, at) {
      const row = await update(id)
        .set({ mail: 'due', mail_tries: 0, mail_after: at })
        .where('state', '=', 'pending')
        .where('expires_at', '>', at)
        .returningAll()
        .executeTakeFirst()
      return row && requestFromRow(row)
    },

    async reject(id, reason, at) {
      const row = await update(id)
        .set({ state: 'rejected', reason, closed_at: at, secret_hash: null, mail: 'none' })
        .where('state', 'in', UNDECIDED)
        .where('expires_at', '>', at)
        .returningAll()
        .executeTakeFirst()
      return row && requestFromRow(row)
    },

    claim: (secretHash, at, interruptedBefore) => claim(db, secretHash, at, interruptedBefore),

    async claimed(id, tokenId) {
      const isGiven = tokenId !== null
      await update(id)
        .set(isGiven ? { token_id: tokenId } : { state: 'approved', closed_at: null })
        .where('state', '=', 'claimed')
        .where('token_id', 'is', null)
        .execute()
    },
  }
}
