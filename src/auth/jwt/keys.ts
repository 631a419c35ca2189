import { LRUCache } from 'lru-cache'
import { GatewayError } from '../../errors.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Jwk } from '../../lib/jwk.ts'
import { keySetOf, type JwtKeySet } from './verify.ts'

/** From this age on keys are read again, while those that are there are used. */
const SOFT_MS = 5 * 60_000

/** From this age on a token waits until the keys were read again, unless that has failed already. */
const HARD_MS = 15 * 60_000

/** From this age on keys are not used any more, however long the issuer has not answered. */
const STALE_MS = 24 * 60 * 60_000

/** Between two readings, whatever tokens name: nobody makes the gateway hammer an issuer. */
const COOL_DOWN_MS = 30_000

/** How long a `kid` that the issuer did not have makes nobody ask again. */
const UNKNOWN_MS = 60_000

/** Of such, the most that are remembered. */
const MAX_UNKNOWN = 1_000

/** What became of one reading of an issuer's keys. */
export type JwksFetch = 'ok' | 'failed'

export interface IssuerKeysOptions {
  /** Reads the keys where they are published. */
  readonly read: () => Promise<readonly Jwk[]>
  readonly clock: Pick<Clock, 'monotonic'>
  /** Told of each reading. @param keptForMs how old the keys are that are still used; null: there are none */
  readonly onFetch: (result: JwksFetch, error: unknown, keptForMs: number | null) => void
}

function hasKid({ keys }: JwtKeySet, kid: string): boolean {
  return keys.some((key) => key.kid === kid)
}

/** The public keys of one issuer: read when first needed, again as time goes by and when a token names one that is not there. */
export class IssuerKeys {
  readonly #options: IssuerKeysOptions
  readonly #unknown = new LRUCache<string, number>({ max: MAX_UNKNOWN })
  #set: JwtKeySet | null = null
  /** By the monotonic clock; of the last reading that went well, and of the last that began. */
  #readAt = -Infinity
  #triedAt = -Infinity
  #hasFailed = false
  #underway: Promise<void> | null = null

  constructor(options: IssuerKeysOptions) {
    this.#options = options
  }

  get #age(): number {
    return this.#options.clock.monotonic() - this.#readAt
  }

  /** The keys as they are known, when they may be used without waiting; null: they may not. */
  get known(): JwtKeySet | null {
    const age = this.#age
    if (age > SOFT_MS) void this.#refresh()
    const isUsable = age <= HARD_MS || (this.#hasFailed && age <= STALE_MS)
    return isUsable ? this.#set : null
  }

  /**
   * The keys with which a token may be checked; they are read when they are too old, or have none of that name.
   * @throws GatewayError `issuer_unavailable` when there are none and they cannot be read
   */
  async get(kid: string | undefined): Promise<JwtKeySet> {
    const known = this.known
    if (known === null) await this.#refresh()
    else if (kid !== undefined && !hasKid(known, kid) && this.#isWorthAsking(kid)) await this.#ask(kid)
    if (this.#set === null || this.#age > STALE_MS) throw new GatewayError('issuer_unavailable')
    return this.#set
  }

  #isWorthAsking(kid: string): boolean {
    const missedAt = this.#unknown.get(kid)
    return missedAt === undefined || this.#options.clock.monotonic() - missedAt > UNKNOWN_MS
  }

  /** Reads the keys for one of that name; that there is none is remembered only of a reading that went well. */
  async #ask(kid: string): Promise<void> {
    const before = this.#readAt
    await this.#refresh()
    if (this.#readAt === before || this.#set === null || hasKid(this.#set, kid)) return
    this.#unknown.set(kid, this.#options.clock.monotonic())
  }

  /** Reads the keys, unless that was done a moment ago; whoever comes while it is under way waits for it. It never rejects. */
  #refresh(): Promise<void> {
    if (this.#underway !== null) return this.#underway
    const now = this.#options.clock.monotonic()
    if (now - this.#triedAt < COOL_DOWN_MS) return Promise.resolve()
    this.#triedAt = now
    this.#underway = this.#read(now).finally(() => (this.#underway = null))
    return this.#underway
  }

  async #read(startedAt: number): Promise<void> {
    try {
      const keys = await this.#options.read()
      // The same set stays the same object: what was checked with it need not be checked again.
      if (this.#set === null || JSON.stringify(this.#set.keys) !== JSON.stringify(keys))
        this.#set = keySetOf(keys)
      this.#readAt = startedAt
      this.#hasFailed = false
      this.#options.onFetch('ok', undefined, null)
    } catch (error) {
      this.#hasFailed = true
      const age = this.#age
      this.#options.onFetch('failed', error, this.#set !== null && age <= STALE_MS ? age : null)
    }
  }
}
