import type { Kysely } from 'kysely'
import type { AbuseProfile, IncidentStore } from './incidents.ts'
import type { Tables } from './tables.ts'

/** Profiles of one transaction: calls are written to the books between two of them. */
const AT_ONCE = 10

/** Writes a slice of profiles, all or nothing. */
export type ProfileWriter = (profiles: readonly AbuseProfile[]) => Promise<void>

async function saveOne(db: Kysely<Tables>, { tokenId, savedAt, state }: AbuseProfile): Promise<void> {
  await db
    .insertInto('abuse_profiles')
    .columns(['token_id', 'saved_at', 'state'])
    // In the same statement, so that nothing is kept of a token that is deleted meanwhile.
    .expression((from) =>
      from
        .selectFrom('tokens')
        .select('id')
        .select((is) => [is.val(savedAt).as('saved_at'), is.val(state).as('state')])
        .where('id', '=', tokenId),
    )
    .onConflict((conflict) =>
      conflict.column('token_id').doUpdateSet((is) => ({
        saved_at: is.ref('excluded.saved_at'),
        state: is.ref('excluded.state'),
      })),
    )
    .execute()
}

/** Writes profiles of tokens that are there in the place of earlier ones, all of them or none. */
export function createProfileWriter(db: Kysely<Tables>): ProfileWriter {
  return (profiles) =>
    db.transaction().execute(async (transaction) => {
      for (const profile of profiles) await saveOne(transaction, profile)
    })
}

/** @returns `saveProfiles` by a writer that may be in another thread */
export function inSlices(write: ProfileWriter): IncidentStore['saveProfiles'] {
  return async (profiles) => {
    for (let start = 0; start < profiles.length; start += AT_ONCE) {
      const slice = profiles.slice(start, start + AT_ONCE)
      // Of bytes that are a part of a larger buffer, the whole buffer would be sent.
      await write(slice.map((profile) => ({ ...profile, state: new Uint8Array(profile.state) })))
    }
  }
}
