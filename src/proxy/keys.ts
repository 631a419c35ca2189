import { createHash } from 'node:crypto'
import { systemClock, type Clock } from '../lib/clock.ts'
import type { KeyWant } from './key-codes.ts'
import type { KeySetting, UpstreamKey } from './key.ts'
import { KeySlot } from './key-slot.ts'
import { KeyUse } from './key-use.ts'

export type { KeySetting, UpstreamKey } from './key.ts'

export interface UpstreamKeysOptions {
  readonly clock?: Clock
  /** Until a key that was refused is tried again, in milliseconds. Default: a minute. */
  readonly retryMs?: number
}

const MINUTE_MS = 60_000
/** Names of keys that are gone, for tasks that they have made: more are not remembered. */
const MOST_FORMER = 1_000
/** For what is asked by the gateway itself. */
const ANYTHING = { modality: '', costs: false } as const

/**
 * The operator's keys. Each call gets the one that carries the least for its weight, of those that MiniMax accepts; where
 * there is none such, one that may be accepted again.
 */
export class UpstreamKeys {
  readonly #clock: Clock
  readonly #retryMs: number
  #slots: readonly KeySlot[] = []
  #byAccount: ReadonlyMap<string, readonly KeySlot[]> = new Map()
  #accounts: readonly string[] = []
  /** Accounts of keys that are gone, by their names. */
  readonly #former = new Map<string, string>()

  constructor(
    keys: readonly KeySetting[],
    { clock = systemClock, retryMs = MINUTE_MS }: UpstreamKeysOptions = {},
  ) {
    this.#clock = clock
    this.#retryMs = retryMs
    this.replace(keys)
  }

  /**
   * From now on these are the keys. One that stays as it was keeps what is known of it; calls that have one that is gone
   * go on with it.
   */
  replace(keys: readonly KeySetting[]): void {
    const slots = keys.map(
      (setting) => this.#kept(setting) ?? new KeySlot(setting, this.#clock, this.#retryMs),
    )
    for (const gone of this.#slots) {
      if (slots.includes(gone)) continue
      gone.isRemoved = true
      this.#former.set(gone.name, gone.account)
    }
    for (const { name } of slots) this.#former.delete(name)
    for (const name of this.#former.keys()) if (this.#former.size > MOST_FORMER) this.#former.delete(name)
    // A new key does not have to catch up with what the others were given.
    for (const slot of slots) slot.given = 0
    this.#slots = slots
    this.#byAccount = Map.groupBy(slots, ({ account }) => account)
    this.#accounts = [...this.#byAccount.keys()]
  }

  #kept({ name, account, weight = 1, isDisabled = false, key }: KeySetting): KeySlot | undefined {
    const slot = this.#slots.find((one) => one.name === name && one.account === account)
    if (slot?.authorization !== `Bearer ${key.reveal()}`) return undefined
    slot.weight = weight
    slot.isDisabled = isDisabled
    return slot
  }

  /**
   * Gives a call a key.
   * @param otherThan a key that will not do
   * @returns undefined when the account has none that may be used now
   */
  take(want: KeyWant, otherThan?: UpstreamKey): KeyUse | undefined {
    const slot = this.#choose(want, otherThan)
    if (slot === undefined) return undefined
    slot.given++
    return new KeyUse(slot, want, this.#clock)
  }

  #choose(want: KeyWant, otherThan: UpstreamKey | undefined): KeySlot | undefined {
    const now = this.#clock.monotonic()
    let best: KeySlot | undefined
    let last: KeySlot | undefined
    for (const slot of this.#of(want.account)) {
      if (slot === otherThan) continue
      const standing = slot.standing(want, now)
      // It is its turn to be tried, and one call is all that it gets; what was refused once is not tried on it.
      if (standing === 'trial' && otherThan === undefined) return slot
      if (standing === 'usable' && (best === undefined || isLighter(slot, best))) best = slot
      if (standing === 'last' && (last === undefined || isSooner(slot, last, now))) last = slot
    }
    return best ?? last
  }

  #of(account: string | null): readonly KeySlot[] {
    return account === null ? this.#slots : (this.#byAccount.get(account) ?? [])
  }

  /**
   * For a question of the gateway's own, which is not counted.
   * @param account null: any
   * @returns undefined when there is none that may be used now
   */
  pickOf(account: string | null): UpstreamKey | undefined {
    return this.#choose({ account, ...ANYTHING }, undefined)
  }

  /** @returns the key of that name; undefined when the operator has taken it away */
  named(name: string): UpstreamKey | undefined {
    return this.#slots.find((key) => key.name === name)
  }

  /** @returns the account of a key, also of one that was taken away since the start; undefined: not known */
  accountOf(name: string): string | undefined {
    return this.named(name)?.account ?? this.#former.get(name)
  }

  /** The names of the keys of an account, with those that were taken away since the start. */
  namesOf(account: string): readonly string[] {
    const former = [...this.#former].filter(([, itsAccount]) => itsAccount === account)
    return [...this.of(account).map(({ name }) => name), ...former.map(([name]) => name)]
  }

  /** The keys of an account. */
  of(account: string): readonly UpstreamKey[] {
    return this.#of(account)
  }

  /** Every key, with how it fares. */
  get all(): readonly KeySlot[] {
    return this.#slots
  }

  /**
   * The account on which a user's objects are made, always the same one while it has keys, so that what they make can be
   * used together: MiniMax knows nothing of the objects of another account. (Rendezvous hashing: of the accounts the one
   * with the highest hash, so that adding one moves few users.) Whether its keys can be used now does not matter.
   */
  homeOf(userId: string): string {
    const [only = '', ...others] = this.#accounts
    if (others.length === 0) return only
    const hashOf = (account: string): string =>
      createHash('sha256').update(`${account}\n${userId}`).digest('hex')
    return this.#accounts.reduce((best, account) => (hashOf(account) > hashOf(best) ? account : best), only)
  }
}

/** Less to carry; of two that carry the same, the one that was given less for its weight. */
function isLighter(one: KeySlot, other: KeySlot): boolean {
  if (one.load !== other.load) return one.load < other.load
  return one.given / one.weight < other.given / other.weight
}

/** Of two that are away, the one that comes back first. */
function isSooner(one: KeySlot, other: KeySlot, now: number): boolean {
  const [its, others] = [one.health.readyAt(now), other.health.readyAt(now)]
  return its === others ? isLighter(one, other) : its < others
}
