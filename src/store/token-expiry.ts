import type { Kysely } from 'kysely'
import type { ExpiringQuery, TokenStore } from './store.ts'
import type { Tables } from './tables.ts'
import { tokenFromRow } from './token-codec.ts'

/** Tokens that work and are about to end by themselves. */
function selectExpiring(db: Kysely<Tables>, { after, until, lifetime }: ExpiringQuery) {
  return (
    db
      .selectFrom('tokens')
      .innerJoin('users', 'users.id', 'tokens.user_id')
      // These three are what the index tokens_by_end knows.
      .where('tokens.revoked_at', 'is', null)
      .where('tokens.expires_at', '>', after)
      .where('tokens.expires_at', '<=', until)
      .where('tokens.suspended_at', 'is', null)
      .where('tokens.replaced_by', 'is', null)
      .where('users.status', '=', 'active')
      .where((is) => is(is('tokens.expires_at', '-', is.ref('tokens.created_at')), '>=', lifetime))
  )
}

/** The part of the store of tokens that knows when they end. */
export function createExpiryQueries(
  db: Kysely<Tables>,
): Pick<TokenStore, 'expiring' | 'countExpiring' | 'markExpiryNoticed'> {
  return {
    async expiring({ limit, ...query }) {
      const rows = await selectExpiring(db, query)
        .where('tokens.expiry_noticed_at', 'is', null)
        .selectAll('tokens')
        .orderBy('tokens.expires_at')
        .orderBy('tokens.id')
        .limit(limit)
        .execute()
      return rows.map(tokenFromRow)
    },

    async countExpiring(query) {
      const { count } = await selectExpiring(db, query)
        .select((is) => is.fn.countAll<number | string>().as('count'))
        .executeTakeFirstOrThrow()
      return Number(count)
    },

    async markExpiryNoticed(ids, at) {
      if (ids.length === 0) return []
      const rows = await db
        .updateTable('tokens')
        .set({ expiry_noticed_at: at })
        .where('id', 'in', ids)
        .where('expiry_noticed_at', 'is', null)
        .returning('id')
        .execute()
      return rows.map(({ id }) => id)
    },
  }
}
