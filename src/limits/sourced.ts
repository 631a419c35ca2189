import type { Counter } from './counter.ts'
import type { CreditState } from './credit-state.ts'
import type { LimiterEvents, SpendSource } from './limiter.ts'
import { startReading, type Readable, type Reading } from './reading.ts'
import type { SubjectState } from './subject-state.ts'
import type { Subjects } from './subjects.ts'

/** Brings what the books know into memory. Whoever is being read about stays there. */
export class Sourced {
  readonly #source: SpendSource
  readonly #events: LimiterEvents
  readonly #subjects: Subjects

  constructor(source: SpendSource, events: LimiterEvents, subjects: Subjects) {
    this.#source = source
    this.#events = events
    this.#subjects = subjects
  }

  /** @returns the reading that loads a counter: the one under way, or a new one */
  counter(state: SubjectState, counter: Counter): Reading {
    if (counter.reading?.isOver === false) return counter.reading
    const { kind, id } = state
    return (counter.reading = this.#start(state, {
      read: () => this.#source.spent({ kind, id }, counter.from, counter.end),
      version: () => state.settlements,
      take: (spent) => counter.load(spent),
    }))
  }

  /** @returns the reading of what is not known of a user's credit; null: all is, or they have none */
  credit(state: SubjectState): Reading | null {
    const { credit } = state
    if (credit === null) return null
    const charged = credit.charged.isLoaded ? null : this.counter(state, credit.charged)
    const granted = credit.granted === undefined ? this.#granted(state, credit) : null
    return charged ?? granted
  }

  #granted(state: SubjectState, credit: CreditState): Reading {
    if (credit.reading?.isOver === false) return credit.reading
    return (credit.reading = this.#start(state, {
      read: () => this.#source.credit(state.id),
      version: () => credit.changes,
      take: (granted) => {
        credit.granted = granted
      },
    }))
  }

  #start<T>(state: SubjectState, readable: Readable<T>): Reading {
    this.#subjects.pin(state)
    return startReading(readable, this.#events, () => this.#subjects.unpin(state))
  }
}
