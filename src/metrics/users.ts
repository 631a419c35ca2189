/**
 * What users use and pay, for Prometheus: the busiest by name, all others together as `_other`.
 *
 * How users get names, and why no sum is ever wrong:
 * - The first `cap` users who use anything get a name at once, so a small installation sees everybody.
 * - After that, whoever is known to have paid twice as much as the least busy of the `cap` busiest gets a name, and that
 *   one is no longer among the busiest. At most `cap` names are given this way; then it takes a restart.
 * - A name is for the life of the process: who was overtaken keeps the series and is counted in it still. To move a
 *   count to `_other` instead would make `increase()` count the same money twice, and to drop it would lose money.
 * - A user who gets a name begins at 0; what was counted before stays in `_other`. So each series only grows, there are
 *   never more than 2 × `cap` names, and a sum over all series is all that was counted since the start.
 *
 * Ids of users come from the operator's API: their shape is checked there, and none begins with `_`.
 */
import { Busiest } from './busiest.ts'
import { OTHER_USERS, UsageSeriesSet, type UsageSeries, type UserSeries } from './usage-series.ts'

/** The part of a bill that is counted. Money in nano-units, 0 or more. */
export interface CountedBill {
  readonly usage: Readonly<Record<string, number>>
  readonly list: bigint
  readonly charged: bigint
}

/** What one user, or `_other`, has paid since the series began. Money in nano-units. */
export interface UserMoney {
  readonly user: string
  readonly charged: bigint
  readonly list: bigint
}

interface Counted {
  readonly user: string
  /** What was paid for certain before the user had a name: no part of the series, but of how busy the user is. */
  readonly before: bigint
  charged: bigint
  list: bigint
  readonly series: UserSeries
}

/** How many unnamed users are watched for every place among the busiest. */
const WATCHED = 4

export interface UserTotalsOptions {
  /** How many users are the busiest; 0: all are `_other`. */
  readonly cap: number
  /** How many series of usage there may be. */
  readonly limit: number
  /** A series was folded into another for want of room. */
  readonly onFold: () => void
  /** An amount was none and is not counted. */
  readonly onLost: (count: number) => void
}

/** Counts what users use and pay. See the head of this file. */
export class UserTotals {
  readonly #cap: number
  readonly #onLost: (count: number) => void
  readonly #named = new Map<string, Counted>()
  /** Those of the named who are the busiest, `cap` at most. */
  readonly #busiest = new Set<Counted>()
  readonly #unnamed: Busiest
  readonly #series: UsageSeriesSet
  readonly #others: Counted
  /** No more than the least of the busiest has paid: it was the truth once, and that only grows. */
  #least = 0n

  constructor({ cap, limit, onFold, onLost }: UserTotalsOptions) {
    this.#cap = cap
    this.#onLost = onLost
    this.#unnamed = new Busiest(Math.max(cap * WATCHED, 1))
    this.#series = new UsageSeriesSet(limit, onFold)
    this.#others = { user: OTHER_USERS, before: 0n, charged: 0n, list: 0n, series: this.#series.rest }
  }

  /** Counts a bill. @param model from a list of ours; '' where the operation has none */
  count(userId: string, model: string, { usage, list, charged }: CountedBill): void {
    if (list < 0n || charged < 0n) {
      this.#onLost(1)
      return
    }
    const counted = this.#named.get(userId) ?? this.#admit(userId, charged)
    counted.charged += charged
    counted.list += list
    const lost = this.#series.count(counted.user, counted.series, model, usage)
    if (lost > 0) this.#onLost(lost)
  }

  /** Every series of usage. */
  get usage(): readonly UsageSeries[] {
    return this.#series.all
  }

  /** Every user with a name, and `_other`. */
  *money(): Generator<UserMoney> {
    yield* this.#named.values()
    yield this.#others
  }

  #admit(userId: string, charged: bigint): Counted {
    if (this.#busiest.size < this.#cap) return this.#name(userId, 0n)
    if (this.#cap === 0 || charged === 0n || this.#named.size >= 2 * this.#cap) return this.#others
    const paid = this.#unnamed.add(userId, charged)
    if (paid <= 2n * this.#least) return this.#others
    const least = this.#findLeast()
    if (least === undefined || paid <= 2n * paidBy(least)) return this.#others
    this.#busiest.delete(least)
    this.#unnamed.forget(userId)
    return this.#name(userId, paid - charged)
  }

  #name(user: string, before: bigint): Counted {
    const counted = { user, before, charged: 0n, list: 0n, series: new Map() }
    this.#named.set(user, counted)
    this.#busiest.add(counted)
    this.#least = 0n
    return counted
  }

  #findLeast(): Counted | undefined {
    let least: Counted | undefined
    for (const one of this.#busiest) if (least === undefined || paidBy(one) < paidBy(least)) least = one
    this.#least = least === undefined ? 0n : paidBy(least)
    return least
  }
}

function paidBy({ before, charged }: Counted): bigint {
  return before + charged
}
