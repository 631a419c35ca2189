import type { CallEvent } from './event.ts'
import type { SeenSource, SourcesWatcher } from './profile.ts'
import { Additions } from './source-additions.ts'
import { Countries } from './source-countries.ts'
import { SourceCounts } from './source-counts.ts'
import { Firsts } from './source-firsts.ts'
import { SourceList, type Entry } from './source-list.ts'
import { HOUR_MS, IDENTITY_KINDS } from './source-times.ts'
import type { SourceReader } from './source.ts'
import { fieldOf, isAmount } from './volume-codec.ts'
import type { Background, Observation } from './watcher.ts'

export interface SourcesOptions {
  readonly reader: SourceReader
  /** Networks in a day that are too many for any server token; the setting `abuse_max_sources`. */
  readonly maxSources: number
}

const VERSION = 1
const WEAK = 0.25
const TELLING = 0.5

/** What may be new about a caller. */
const KINDS = ['network', 'asn', 'country', 'client'] as const

type Kind = (typeof KINDS)[number]

/** From where, and with what, one token is used. */
export class Sources implements SourcesWatcher {
  readonly #options: SourcesOptions
  readonly #counts: SourceCounts
  readonly #list: SourceList
  readonly #additions: Additions
  readonly #firsts: Readonly<Record<Kind, Firsts>>
  readonly #countries = new Countries()
  /** When the token was first seen; 0: it was not. */
  #since: number
  /** Of the last call: most calls are like the one before. */
  #address = ''
  #userAgent = ''
  #hour = -1
  #entry: Entry | undefined

  /** @param saved what `save` gave; anything else is nothing */
  constructor(options: SourcesOptions, saved?: unknown) {
    this.#options = options
    const past = fieldOf(saved, 'version') === VERSION ? saved : undefined
    const since = fieldOf(past, 'since')
    this.#since = isAmount(since) ? since : 0
    this.#counts = SourceCounts.load(fieldOf(past, 'counts'))
    this.#list = SourceList.load(fieldOf(past, 'list'))
    this.#additions = Additions.load(fieldOf(past, 'additions'))
    const firsts = fieldOf(past, 'firsts')
    this.#firsts = {
      network: Firsts.load(fieldOf(firsts, 'network')),
      asn: Firsts.load(fieldOf(firsts, 'asn')),
      country: Firsts.load(fieldOf(firsts, 'country')),
      client: Firsts.load(fieldOf(firsts, 'client')),
    }
  }

  /** Takes in one call of a server token; those of other kinds come from everywhere. */
  observe(event: CallEvent): void {
    const { at, address, userAgent } = event
    if (!IDENTITY_KINDS.has(event.kind)) return
    const hour = Math.floor(at / HOUR_MS)
    if (address !== this.#address || userAgent !== this.#userAgent || hour !== this.#hour)
      this.#meet(event, hour)
    const entry = this.#entry
    if (entry === undefined) return
    entry.calls++
    if (at > entry.lastSeen) entry.lastSeen = at
    this.#additions.add(entry, this.#list, at, Math.max(0, Number(event.charged)), this.#since)
  }

  /** A call that is not like the one before. */
  #meet({ at, address, userAgent }: CallEvent, hour: number): void {
    this.#address = address
    this.#userAgent = userAgent
    this.#hour = hour
    this.#entry = undefined
    const { reader } = this.#options
    const network = reader.network(address)
    if (network.isExempt) return
    if (this.#since === 0) this.#since = at
    const client = reader.family(userAgent)
    const since = this.#since
    this.#counts.add(network.hash, at)
    const entry = this.#list.at(network, client, at)
    entry.client = client
    this.#entry = entry
    this.#firsts.network.see(network.hash.toString(36), at, since)
    this.#firsts.client.see(client, at, since)
    if (network.asn !== 0) this.#firsts.asn.see(String(network.asn), at, since)
    if (network.country === '') return
    this.#countries.see(network.country, at, this.#firsts.country.see(network.country, at, since), since)
  }

  /** Says what speaks for more than one user of the token. */
  look({ now, strikes }: Background): readonly Observation[] {
    const found = [
      this.#counts.look(now, this.#options.maxSources, strikes),
      this.#novel(now),
      this.#countries.look(now),
    ]
    return found.filter((observation) => observation !== undefined)
  }

  #novel(now: number): Observation | undefined {
    const news = KINDS.filter((kind) => this.#firsts[kind].hasNews(now)).join(' ')
    const added = this.#additions.look(now, this.#list)
    if (added !== undefined)
      return { signal: 'novel_source', strength: TELLING, evidence: { new: news, ...added } }
    return news === '' ? undefined : { signal: 'novel_source', strength: WEAK, evidence: { new: news } }
  }

  /** The last networks, at most 64, those of the last 90 days. Only the operator may see it. */
  list(): readonly SeenSource[] {
    return this.#list.list()
  }

  /** Everything but the minutes that two countries need. */
  save(): unknown {
    const { network, asn, country, client } = this.#firsts
    return {
      version: VERSION,
      since: this.#since,
      counts: this.#counts.save(),
      list: this.#list.save(),
      additions: this.#additions.save(),
      firsts: { network: network.save(), asn: asn.save(), country: country.save(), client: client.save() },
    }
  }
}

/** A token's sources from what `save` gave; anything else is nothing. */
export function loadSources(saved: unknown, options: SourcesOptions): Sources {
  return new Sources(options, saved)
}
