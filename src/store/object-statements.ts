import type { Kysely } from 'kysely'
import type { ObjectKey, OwnedObject } from './objects.ts'
import type { Tables } from './tables.ts'
import { template } from './template.ts'

/** Which objects to take out: those that expired before a time, and at the most so many of them. */
interface Expiry {
  readonly before: number
  readonly limit: number
}

/** A row that another user has of an object. */
function foreign(db: Kysely<Tables>) {
  return template<ObjectKey, { user_id: string }>((place) =>
    db
      .selectFrom('objects')
      .select('user_id')
      .where((is) =>
        is.and([
          is(
            'kind',
            '=',
            place(({ kind }) => kind),
          ),
          is(
            'id',
            '=',
            place(({ id }) => id),
          ),
          is(
            'account',
            '=',
            place(({ account }) => account),
          ),
          is(
            'user_id',
            '<>',
            place(({ userId }) => userId),
          ),
        ]),
      )
      .limit(1),
  )
}

function own(db: Kysely<Tables>) {
  return template<OwnedObject>((place) =>
    db
      .insertInto('objects')
      .values({
        kind: place(({ kind }) => kind),
        id: place(({ id }) => id),
        account: place(({ account }) => account),
        user_id: place(({ userId }) => userId),
        name: place(({ name }) => name),
        token_id: place(({ tokenId }) => tokenId),
        request_id: place(({ requestId }) => requestId),
        operation: place(({ operation }) => operation),
        detail: place(({ detail }) => detail),
        created_at: place(({ createdAt }) => createdAt),
        expires_at: place(({ expiresAt }) => expiresAt),
      })
      .onConflict((conflict) =>
        conflict.columns(['kind', 'id', 'account', 'user_id']).doUpdateSet((is) => ({
          detail: is
            .case()
            .when('excluded.detail', '=', '')
            .then(is.ref('objects.detail'))
            .else(is.ref('excluded.detail'))
            .end(),
          expires_at: is.ref('excluded.expires_at'),
        })),
      ),
  )
}

function disown(db: Kysely<Tables>) {
  return template<ObjectKey>((place) =>
    db
      .deleteFrom('objects')
      .where(
        'kind',
        '=',
        place(({ kind }) => kind),
      )
      .where(
        'id',
        '=',
        place(({ id }) => id),
      )
      .where(
        'account',
        '=',
        place(({ account }) => account),
      )
      .where(
        'user_id',
        '=',
        place(({ userId }) => userId),
      ),
  )
}

function expire(db: Kysely<Tables>) {
  return template<Expiry>((place) =>
    db.deleteFrom('objects').where((is) =>
      is(
        is.refTuple('kind', 'id', 'account', 'user_id'),
        'in',
        is
          .selectFrom('objects')
          .select(['kind', 'id', 'account', 'user_id'])
          .where(
            'expires_at',
            '<',
            place(({ before }) => before),
          )
          .limit(place(({ limit }) => limit))
          .$asTuple('kind', 'id', 'account', 'user_id'),
      ),
    ),
  )
}

/** The statements that change whose is what, compiled once. */
export function objectStatements(db: Kysely<Tables>) {
  return { foreign: foreign(db), own: own(db), disown: disown(db), expire: expire(db) }
}
