import { LRUCache } from 'lru-cache'
import { endUserKey, personOf } from '../call.ts'
import { GatewayError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { EndUserStore, Limits, Page, PageRequest, SuspendedEndUser } from '../store/store.ts'
import { isLimiting, slowedDown } from './effective.ts'
import type { EndUserGate } from './end-user-gate.ts'
import type { Ending, Identity } from './identity.ts'
import { TokenRefusal } from './refusal.ts'

/** Read at a time when the process starts. */
const STEP = 1_000
/** They are all in memory; whoever has so many is better helped by another token. */
const MAX_SUSPENDED = 200_000
/** Slowed down at a time; beyond it, those slowed down the longest ago go at their own speed again. */
const MAX_THROTTLED = 10_000

/** What the end users of the users' own apps are judged by. */
export interface EndUsersOptions {
  readonly store: EndUserStore
  readonly clock: Pick<Clock, 'now'>
  /** Told of one who was suspended, when the store says so: what is under way in their name has to end. */
  readonly ended: (ending: Ending) => void
  /** How many may be suspended at a time. Default: 200,000. */
  readonly maxSuspended?: number
}

/**
 * The end users whom sessions and JWTs name: who of them is stopped, slowed down, and what each may use. Nothing but
 * suspensions is stored: an end user is a name that the user's app gives, and there may be any number of them.
 */
export class EndUsers implements EndUserGate {
  readonly #options: EndUsersOptions
  readonly #suspended = new Map<string, SuspendedEndUser>()
  readonly #throttled = new LRUCache<string, number>({ max: MAX_THROTTLED })
  #version = 0

  private constructor(options: EndUsersOptions) {
    this.#options = options
  }

  /** Reads who is suspended. Rejects when the store does not say: nobody may be let in then. */
  static async open(options: EndUsersOptions): Promise<EndUsers> {
    const endUsers = new EndUsers(options)
    for (let after: SuspendedEndUser | null = null; ;) {
      const step: readonly SuspendedEndUser[] = await options.store.all(after, STEP)
      for (const one of step) endUsers.#suspended.set(endUserKey(one.userId, one.endUser), one)
      const last = step.at(-1)
      if (last === undefined) return endUsers
      after = last
    }
  }

  /** See `EndUserGate`. */
  get version(): number {
    return this.#version
  }

  /** See `EndUserGate`. */
  admit(identity: Identity): Identity {
    const { userId, userSince, endUser } = identity
    const id = endUserKey(userId, personOf(identity))
    const stopped = this.#suspended.get(id)
    // Whoever had the user's id before is somebody else.
    if (stopped !== undefined && stopped.suspendedAt >= userSince)
      throw new TokenRefusal('end_user_suspended', identity)
    const own: Limits = endUser === '' ? {} : identity.endUserLimits
    const limits = slowedDown(own, this.#throttled.get(id) ?? null)
    if (!isLimiting(limits)) return identity
    const subject = { kind: 'end_user', id, since: userSince, limits } as const
    return Object.freeze({ ...identity, limited: [...identity.limited, subject] })
  }

  /**
   * Stops an end user from the next request on, and ends what is under way. Idempotent.
   * @param by the id of an incident; null: the operator does it
   * @throws GatewayError `not_found` when there is no such user; `conflict` when too many are suspended already
   */
  async suspend(userId: string, endUser: string, by: string | null): Promise<SuspendedEndUser> {
    const { store, clock, ended, maxSuspended = MAX_SUSPENDED } = this.#options
    const id = endUserKey(userId, endUser)
    if (!this.#suspended.has(id) && this.#suspended.size >= maxSuspended) {
      throw new GatewayError(
        'conflict',
        `${maxSuspended} end users are suspended already: suspend the token.`,
      )
    }
    const at = clock.now()
    const suspended = await store.suspend({ userId, endUser, suspendedAt: at, suspendedBy: by })
    if (suspended === undefined) throw new GatewayError('not_found', 'There is no such user.')
    this.#suspended.set(id, suspended)
    this.#version++
    ended({ userId, endUser, at })
    return suspended
  }

  /** Lets an end user in again, from the next request on. @returns false when they were not suspended */
  async reinstate(userId: string, endUser: string): Promise<boolean> {
    const wasSuspended = await this.#options.store.reinstate(userId, endUser)
    this.#suspended.delete(endUserKey(userId, endUser))
    this.#version++
    return wasSuspended
  }

  /**
   * Slows an end user down from the next request on, in this process; their own limits hold beside it.
   * @param requestsPerMinute a whole number from 1; null: they go at their own speed again
   * @throws RangeError for any other number; nothing changes then
   */
  throttle(userId: string, endUser: string, requestsPerMinute: number | null): void {
    const id = endUserKey(userId, endUser)
    if (requestsPerMinute === null) this.#throttled.delete(id)
    else if (Number.isSafeInteger(requestsPerMinute) && requestsPerMinute >= 1)
      this.#throttled.set(id, requestsPerMinute)
    else throw new RangeError(`an end user cannot be slowed down to ${requestsPerMinute} requests a minute`)
    this.#version++
  }

  /** @returns undefined when they are not suspended */
  get(userId: string, endUser: string): SuspendedEndUser | undefined {
    return this.#suspended.get(endUserKey(userId, endUser))
  }

  /** The suspended ones of a user, by name. */
  async list(page: PageRequest & { readonly userId: string }): Promise<Page<SuspendedEndUser>> {
    return await this.#options.store.list(page)
  }
}
