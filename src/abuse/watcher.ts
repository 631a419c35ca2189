import type { Signal, Evidence } from '../signals.ts'
import type { CallEvent } from './event.ts'

/** What a watcher found about its token. */
export interface Observation {
  readonly signal: Signal
  /** As in `Finding`. */
  readonly strength: number
  readonly evidence: Evidence
}

/** What one token's watcher may ask, beside what it knows itself. */
export interface Background {
  /** Milliseconds since the Unix epoch. */
  readonly now: number
  /** How often the token was suspended before. */
  readonly strikes: number
}

/** Something that is watched of one token, in memory that does not grow with its traffic. */
export interface Watcher {
  /** Takes in one call, in the order of time: no more than counting, well below a microsecond. */
  observe(event: CallEvent): void
  /**
   * Says what there is to say by now, whenever asked; asked at least once a minute while the token is used. An
   * observation that still holds is said again, with its evidence of now.
   */
  look(background: Background): readonly Observation[]
  /** All that it knows, as JSON. `load` of its module takes it back, and takes anything else for nothing. */
  save(): unknown
}
