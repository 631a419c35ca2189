import type { RefusalCode } from '../errors.ts'
import { SIGNALS } from '../signals.ts'
import type { Network } from './source.ts'
import type { Observation } from './watcher.ts'

const DAY = 24 * 60 * 60_000
/** Tokens whose last report is remembered, and reports that wait. */
const MAX_TOKENS = 10_000
/** Of an address on the web, in characters. */
const MAX_PLACE = 200
/** The level of a revoked token in use: telling, and no more, since its owner may have forgotten one of their programs. */
const REVOKED = 0.5

/** A request that was refused though its token is known. */
export interface Refused {
  readonly code: RefusalCode
  readonly tokenId: string
  readonly userId: string
  /** The caller's network address. */
  readonly address: string
  /** Milliseconds since the Unix epoch. */
  readonly at: number
}

/** A token that somebody found in public, as they signed it. */
export interface Leak {
  readonly tokenId: string
  readonly userId: string
  /** Who found it: a short word. */
  readonly source: string
  /** Where it was found; '' or null: they did not say. */
  readonly url: string | null
}

/** A token that something is said about. */
export interface Suspect {
  readonly userId: string
  readonly found: readonly Observation[]
}

export interface ReportsOptions {
  /** What is known of the network of an address; `SourceReader` says it. */
  readonly networkOf: (address: string) => Pick<Network, 'prefix' | 'isExempt'>
}

/** What is told about tokens beside their calls, kept until the next look. */
export class Reports {
  readonly #options: ReportsOptions
  /** When a revoked token was last told of; the longest ago first. */
  readonly #revoked = new Map<string, number>()
  #suspects = new Map<string, Suspect>()

  constructor(options: ReportsOptions) {
    this.#options = options
  }

  /** Takes in a refusal. A revoked token that is in use is told of once a day. */
  refused({ code, tokenId, userId, address, at }: Refused): void {
    if (code !== 'token_revoked') return
    const last = this.#revoked.get(tokenId)
    if (last !== undefined && at - last < DAY) return
    const { prefix, isExempt } = this.#options.networkOf(address)
    if (isExempt) return
    this.#revoked.delete(tokenId)
    this.#revoked.set(tokenId, at)
    const [oldest] = this.#revoked.keys()
    if (this.#revoked.size > MAX_TOKENS && oldest !== undefined) this.#revoked.delete(oldest)
    const evidence = { refusal: code, network: prefix }
    this.#add(tokenId, userId, { signal: 'revoked_in_use', strength: REVOKED, evidence })
  }

  /** Takes in the report of a leak. The newest of a token stands. */
  leaked({ tokenId, userId, source, url }: Leak): void {
    const place = url === null || url === '' ? {} : { found_at: url.slice(0, MAX_PLACE) }
    this.#add(tokenId, userId, { signal: 'leak_report', strength: 1, evidence: { source, ...place } })
  }

  /** Keeps what was taken and cannot be judged yet, as far as nobody says it again: watchers do. */
  keep(tokenId: string, { userId, found }: Suspect): void {
    for (const observation of found) {
      if (SIGNALS[observation.signal] === 'report') this.#add(tokenId, userId, observation)
    }
  }

  #add(tokenId: string, userId: string, observation: Observation): void {
    const before = this.#suspects.get(tokenId)
    if (before === undefined && this.#suspects.size >= MAX_TOKENS) return
    const others = before?.found.filter(({ signal }) => signal !== observation.signal) ?? []
    this.#suspects.set(tokenId, { userId, found: [...others, observation] })
  }

  /** All that came since this was last asked, by token. */
  take(): ReadonlyMap<string, Suspect> {
    const suspects = this.#suspects
    this.#suspects = new Map()
    return suspects
  }
}
