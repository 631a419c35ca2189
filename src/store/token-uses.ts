import type { Kysely } from 'kysely'
import type { TokenStore, TokenUse } from './store.ts'
import type { Tables } from './tables.ts'

/** Uses of one transaction: calls are written to the books between two of them. */
const AT_ONCE = 200

/** Writes a slice of uses, all or nothing. */
export type UseWriter = (uses: readonly TokenUse[]) => Promise<void>

/** Writes when tokens were last used, unless a later use is known. */
export function createUseWriter(db: Kysely<Tables>): UseWriter {
  return (uses) =>
    db.transaction().execute(async (transaction) => {
      for (const { id, at, address } of uses) {
        await transaction
          .updateTable('tokens')
          .set({ last_used_at: at, last_used_address: address })
          .where('id', '=', id)
          .where((is) => is.or([is('last_used_at', 'is', null), is('last_used_at', '<=', at)]))
          .execute()
      }
    })
}

/** @returns `used` by a writer that may be in another thread */
export function usesInSlices(write: UseWriter): TokenStore['used'] {
  return async (uses) => {
    for (let start = 0; start < uses.length; start += AT_ONCE) await write(uses.slice(start, start + AT_ONCE))
  }
}
