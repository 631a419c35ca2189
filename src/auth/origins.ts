import type { Clock } from '../lib/clock.ts'
import { startRounds } from '../lib/rounds.ts'
import type { Timer } from '../lib/timer.ts'
import type { TokenStore } from '../store/store.ts'
import type { PageOrigins } from './place.ts'
import type { TokenService } from './tokens.ts'

/** How often the store is asked what other processes changed. */
const EVERY_MS = 30_000

/** Origins of tokens in memory; a store that names more is read up to here. */
const MAX_ORIGINS = 10_000

/** What the book works with. */
export interface OriginBookOptions {
  readonly store: Pick<TokenStore, 'origins'>
  readonly clock: Pick<Clock, 'now'>
  /** Whose pages may use every token (setting CORS_ORIGINS). */
  readonly everybodys: readonly string[]
  /** Told when the store could not be read; what was known stays. Must not throw. */
  readonly onError: (error: unknown) => void
  readonly timer?: Timer | undefined
}

/**
 * The web origins that are anybody's: those of the setting, and each that a token of the store names. A preflight carries
 * no credential, so that this is all that can be known of one; whether a token may be used from an origin is its own rule.
 */
export class OriginBook implements PageOrigins {
  /** Those of the setting alone. */
  readonly everybodys: ReadonlySet<string>
  readonly #options: OriginBookOptions
  #ofTokens: ReadonlySet<string> = new Set()
  /** Learned since the reading that is under way began, which may not have seen them. */
  readonly #learned = new Set<string>()
  #underway: Promise<void> = Promise.resolve()
  #next: Promise<void> | null = null
  #rounds: { stop(): Promise<void> } | null = null

  constructor(options: OriginBookOptions) {
    this.#options = options
    this.everybodys = new Set(options.everybodys)
  }

  /** Whether an `Origin` header names a known origin: the same characters, as browsers write them. */
  has(origin: string): boolean {
    return this.everybodys.has(origin) || this.#ofTokens.has(origin)
  }

  /** Takes in what a token names that the store has already. */
  learn(origins: readonly string[] | null): void {
    for (const origin of origins ?? []) this.#learned.add(origin)
    if (origins !== null) this.#ofTokens = bounded([...this.#ofTokens, ...origins])
  }

  /** Reads the store again, after a reading that is under way. @returns when that is done; it never rejects */
  refresh(): Promise<void> {
    this.#next ??= this.#underway.then(() => {
      this.#next = null
      this.#underway = this.#read()
      return this.#underway
    })
    return this.#next
  }

  /** Reads the store, and from then on every 30 s. */
  async start(): Promise<void> {
    await this.refresh()
    const { onError, timer } = this.#options
    this.#rounds = startRounds({
      firstMs: EVERY_MS,
      pauseMs: EVERY_MS,
      everyMs: EVERY_MS,
      begin: () => 0,
      step: async () => {
        await this.refresh()
        return 0
      },
      onError,
      timer,
    })
  }

  /** Stops reading. @returns when the store is not used any more */
  async close(): Promise<void> {
    await this.#rounds?.stop()
    await this.#next
    await this.#underway
  }

  async #read(): Promise<void> {
    const { store, clock, onError } = this.#options
    this.#learned.clear()
    try {
      const found = await store.origins(clock.now(), MAX_ORIGINS)
      this.#ofTokens = bounded([...found, ...this.#learned])
    } catch (error) {
      onError(error)
    }
  }
}

/** The first so many of them. */
function bounded(origins: readonly string[]): ReadonlySet<string> {
  return new Set(origins.slice(0, MAX_ORIGINS))
}

/**
 * The service of tokens, which from now on tells a book of what its changes do to origins: new ones are known at once,
 * and those that nobody names any more are forgotten with the next reading, which begins at once.
 */
export function tellingOrigins(
  tokens: TokenService,
  book: Pick<OriginBook, 'learn' | 'refresh'>,
): TokenService {
  return {
    ...tokens,
    async create(userId, rules) {
      const issued = await tokens.create(userId, rules)
      book.learn(issued.record.origins)
      return issued
    },
    async update(id, change) {
      const token = await tokens.update(id, change)
      book.learn(token.origins)
      if (change.origins !== undefined) void book.refresh()
      return token
    },
    async revoke(id) {
      const token = await tokens.revoke(id)
      if (token.origins !== null) void book.refresh()
      return token
    },
    async rotate(id, graceMs) {
      const issued = await tokens.rotate(id, graceMs)
      book.learn(issued.record.origins)
      return issued
    },
  }
}
