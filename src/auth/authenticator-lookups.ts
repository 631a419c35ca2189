import { LRUCache } from 'lru-cache'
import { GatewayError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Plan, Token, User } from '../store/store.ts'

/** How long a token is served from memory before the store is asked again. */
export const FRESH_MS = 30_000

/** How long what the store did not know is refused from memory. */
const UNKNOWN_MS = 10_000

/** A look-up that changes keep overtaking is answered, after so many tries, by refusing. */
const MAX_TRIES = 5

/** A token as the store has it. */
export interface Found {
  readonly token: Token
  readonly user: User
  readonly plan: Plan | null
}

/** What one reading of the store said. */
interface Reading {
  readonly found: Found | undefined
  /** By the monotonic clock, before the store was asked. */
  readonly readAt: number
  /** How many changes there had been by then. */
  readonly epoch: number
}

/** Readings of the store: one at a time for each key, and none that a change has overtaken is used. */
export class Lookups {
  readonly #clock: Clock
  readonly #unknown: LRUCache<string, number>
  readonly #underway = new Map<string, Promise<Reading>>()
  /** Rises with every change; what was read under an older one may be out of date. */
  #epoch = 0

  /** @param remembered how many keys that the store does not know are kept in memory */
  constructor(clock: Clock, remembered: number) {
    this.#clock = clock
    this.#unknown = new LRUCache({ max: remembered })
  }

  /** The store says something else from now on. */
  changed(): void {
    this.#epoch++
  }

  /** What was unknown until now is there. */
  welcome(key: string): void {
    this.changed()
    this.#unknown.delete(key)
  }

  /** @throws GatewayError `token_invalid` where the store did not know it a short while ago */
  refuseUnknown(key: string): void {
    const missedAt = this.#unknown.get(key)
    if (missedAt !== undefined && this.#clock.monotonic() - missedAt <= UNKNOWN_MS) {
      throw new GatewayError('token_invalid')
    }
  }

  /**
   * @param read asks the store
   * @param use is given what the store says at this very moment: nothing comes between
   * @returns what `use` returns; rejects with what it throws, with `token_invalid` where there is no such token, and with
   * `store_unavailable`
   */
  async find<Result>(
    key: string,
    read: () => Promise<Found | undefined>,
    use: (found: Found, readAt: number) => Result,
  ): Promise<Result> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const { found, readAt, epoch } = await this.#readOnce(key, read)
      if (epoch !== this.#epoch) continue
      if (found !== undefined) return use(found, readAt)
      this.#unknown.set(key, readAt)
      throw new GatewayError('token_invalid')
    }
    throw new GatewayError('store_unavailable')
  }

  #readOnce(key: string, read: () => Promise<Found | undefined>): Promise<Reading> {
    const shared = this.#underway.get(key)
    if (shared !== undefined) return shared
    const started = this.#read(read).finally(() => this.#underway.delete(key))
    this.#underway.set(key, started)
    return started
  }

  async #read(read: () => Promise<Found | undefined>): Promise<Reading> {
    const [readAt, epoch] = [this.#clock.monotonic(), this.#epoch]
    try {
      return { found: await read(), readAt, epoch }
    } catch (cause) {
      throw new GatewayError('store_unavailable', undefined, { cause })
    }
  }
}
