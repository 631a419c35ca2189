import type { CallEvent } from './event.ts'
import type { SeenSource, SourcesWatcher } from './profile.ts'
import { SourceCounts } from './source-counts.ts'
import { HOUR_MS } from './source-times.ts'
import type { SourceReader } from './source.ts'
import type { Background, Observation } from './watcher.ts'

export interface EndUserSourcesOptions {
  readonly reader: Pick<SourceReader, 'network'>
  /** Networks in a day that are too many; the setting `abuse_max_sources`. */
  readonly maxSources: number
}

const NONE: readonly SeenSource[] = []

/**
 * From how many networks one end user comes. The many addresses of a token in browsers say nothing, since each of its
 * visitors has one; but a single visitor has few, and whose session is used from as many as are too many for a server was
 * copied or shared. The hard limit alone counts: people move, and their networks and clients change every day, so neither a
 * new one nor more of them than last week is evidence. No list of them is kept.
 */
export class EndUserSources implements SourcesWatcher {
  readonly #options: EndUserSourcesOptions
  readonly #counts = new SourceCounts()
  /** Of the last call: most calls are like the one before. */
  #address = ''
  #hour = -1

  constructor(options: EndUserSourcesOptions) {
    this.#options = options
  }

  /** See `Watcher`. */
  observe({ at, address }: CallEvent): void {
    const hour = Math.floor(at / HOUR_MS)
    if (address === this.#address && hour === this.#hour) return
    this.#address = address
    this.#hour = hour
    const network = this.#options.reader.network(address)
    if (!network.isExempt) this.#counts.add(network.hash, at)
  }

  /** See `Watcher`. */
  look({ now, strikes }: Background): readonly Observation[] {
    const found = this.#counts.look(now, this.#options.maxSources, strikes)
    return found?.strength === 1 ? [found] : []
  }

  /** See `SourcesWatcher`. */
  list(): readonly SeenSource[] {
    return NONE
  }

  /** Nothing: what is known of an end user's past is not stored. */
  save(): unknown {
    return null
  }
}
