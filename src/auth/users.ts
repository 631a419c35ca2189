import { GatewayError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import { randomBase62 } from '../lib/ids.ts'
import type { Limits, Store, User, UserStatus } from '../store/store.ts'
import type { Authenticator } from './authenticator.ts'

/** A user to be; without an id one is made. */
export interface NewUser {
  readonly id?: string | undefined
  readonly name?: string | null | undefined
  readonly email?: string | null | undefined
  readonly plan?: string | null | undefined
  /** What they pay, as a multiple of the list price: a decimal text. */
  readonly multiplier?: string | null | undefined
  /** Their own, over those of their plan. */
  readonly limits?: Limits | null | undefined
  /** Whether they spend only credit; null: as their plan says. */
  readonly prepaid?: boolean | null | undefined
  /** Of each of their end users, over those of their plan. */
  readonly endUserLimits?: Limits | null | undefined
}

/** What may change about a user; what is left out stays. */
export interface UserChange {
  readonly name?: string | null | undefined
  readonly email?: string | null | undefined
  readonly plan?: string | null | undefined
  readonly multiplier?: string | null | undefined
  readonly limits?: Limits | null | undefined
  readonly prepaid?: boolean | null | undefined
  /** Of each of their end users, over those of their plan. */
  readonly endUserLimits?: Limits | null | undefined
  readonly status?: UserStatus | undefined
}

/** Users and what follows from a change of them. A change is in the store before anybody hears of it. */
export interface UserService {
  /** @throws GatewayError `conflict` when the id is taken, or calls or tasks of somebody who had it still go on */
  add(user: NewUser): Promise<User>
  /** @throws GatewayError `not_found` */
  get(id: string): Promise<User>
  /** A suspension holds from the next request on, and ends what is underway. @throws GatewayError `not_found` */
  update(id: string, change: UserChange): Promise<User>
  /**
   * Suspends a user and revokes all their tokens, from the next request on, and ends what is underway: what comes
   * before a removal. Idempotent.
   * @throws GatewayError `not_found`
   */
  close(id: string): Promise<void>
  /**
   * Takes out a user who was closed, with their tokens.
   * @throws GatewayError `not_found`; `conflict` when they were activated meanwhile
   */
  remove(id: string): Promise<void>
}

const CONFLICTS = {
  taken: 'There is a user with this id already.',
  under_way:
    'Calls or tasks of an earlier user with this id are still under way. Try again when they have ended, or take another id.',
} as const

function noSuchUser(): GatewayError {
  return new GatewayError('not_found', 'There is no such user.')
}

export function createUserService({
  store,
  clock,
  authenticator,
}: {
  readonly store: Pick<Store, 'users' | 'tokens'>
  readonly clock: Clock
  readonly authenticator: Pick<Authenticator, 'forget' | 'refresh'>
}): UserService {
  return {
    async add({ id = `usr_${randomBase62(16)}`, name = null, email = null, plan = null, ...terms }) {
      const { multiplier = null, limits = null, prepaid = null, endUserLimits = null } = terms
      const now = clock.now()
      const user: User = {
        id,
        name,
        email,
        plan,
        multiplier,
        limits,
        prepaid,
        endUserLimits,
        status: 'active',
        createdAt: now,
        updatedAt: now,
      }
      const result = await store.users.add(user)
      if (result === 'added') return user
      throw new GatewayError('conflict', CONFLICTS[result], { path: 'id' })
    },

    async get(id) {
      const user = await store.users.get(id)
      if (user === undefined) throw noSuchUser()
      return user
    },

    async update(id, { name, email, plan, multiplier, limits, prepaid, endUserLimits, status }) {
      const now = clock.now()
      const change = {
        ...(name !== undefined && { name }),
        ...(email !== undefined && { email }),
        ...(plan !== undefined && { plan }),
        ...(multiplier !== undefined && { multiplier }),
        ...(limits !== undefined && { limits }),
        ...(prepaid !== undefined && { prepaid }),
        ...(endUserLimits !== undefined && { endUserLimits }),
        ...(status !== undefined && { status }),
      }
      const user = await store.users.update(id, change, now)
      if (user === undefined) throw noSuchUser()
      // By what was asked, not by what came back: a suspension that was undone meanwhile has still ended what ran.
      if (status === 'suspended') authenticator.forget({ userId: id, at: now })
      else authenticator.refresh(id)
      return user
    },

    async close(id) {
      const now = clock.now()
      if ((await store.users.update(id, { status: 'suspended' }, now)) === undefined) throw noSuchUser()
      await store.tokens.revokeAll(id, now)
      authenticator.forget({ userId: id, at: now })
    },

    async remove(id) {
      if (await store.users.remove(id)) {
        // A token that was issued to the suspended user meanwhile is gone from the store, too.
        authenticator.forget({ userId: id, at: clock.now() })
        return
      }
      if ((await store.users.get(id)) === undefined) throw noSuchUser()
      throw new GatewayError('conflict', 'The user was activated while they were being deleted.')
    },
  }
}
