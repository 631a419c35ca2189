import { randomBase62 } from '../lib/ids.ts'
import type { Signal } from '../signals.ts'
import type { Exemption, IncidentStore } from '../store/store.ts'
import { watchedKey, type Watched } from './watched.ts'

/** How the reason of an exemption begins that a dismissal made: its signals are not even recorded while it holds. */
const DISMISSED = 'dismissed incident '

/** What an exemption is made of. */
export type NewExemption = Pick<Exemption, 'subject' | 'signals' | 'reason' | 'expiresAt'>

/** What the exemptions say about one token at one moment. */
export interface Exempted {
  /** The signal is recorded, and leads to nothing. */
  readonly isExempt: (signal: Signal) => boolean
  /** The signal is left out: somebody has said what it means. */
  readonly isQuiet: (signal: Signal) => boolean
}

/** The reason that a dismissal gives. @param why the operator's own; '' when they gave none */
export function dismissalReason(incidentId: string, why: string): string {
  return `${DISMISSED}${incidentId}${why === '' ? '' : `: ${why}`}`
}

/** The exemptions that hold, in memory, so that a look asks no store. */
export class Exemptions {
  readonly #store: Pick<IncidentStore, 'exemptions' | 'addExemption' | 'removeExemption'>
  #held: readonly Exemption[] = []

  constructor(store: Pick<IncidentStore, 'exemptions' | 'addExemption' | 'removeExemption'>) {
    this.#store = store
  }

  /** Reads all that hold; rejects when the store does not say, and keeps what it knew. */
  async load(now: number): Promise<void> {
    this.#held = await this.#store.exemptions(now)
  }

  /** Those that hold at a moment, oldest first. */
  list(now: number): readonly Exemption[] {
    return this.#held.filter(({ expiresAt }) => expiresAt > now)
  }

  /** Adds one; rejects when the store does not take it. @param now milliseconds since the Unix epoch */
  async add(exemption: NewExemption, now: number): Promise<Exemption> {
    const added = { ...exemption, id: `exm_${randomBase62(12)}`, createdAt: now }
    await this.#store.addExemption(added)
    this.#held = [...this.#held, added]
    return added
  }

  /** @returns false when there is none of that id */
  async remove(id: string): Promise<boolean> {
    const isRemoved = await this.#store.removeExemption(id)
    this.#held = this.#held.filter((exemption) => exemption.id !== id)
    return isRemoved
  }

  /** Whether a dismissal of an incident holds already. */
  hasDismissal(incidentId: string, now: number): boolean {
    const start = dismissalReason(incidentId, '')
    return this.list(now).some(({ reason }) => reason.startsWith(start))
  }

  /** What they say about a token or an end user; those of a token and of a user hold for their end users too. */
  about(watched: Watched, now: number): Exempted {
    const ids = { user: watched.userId, token: watched.tokenId, end_user: watchedKey(watched) }
    const held = this.list(now).filter(({ subject: { kind, id } }) => id === ids[kind])
    const names = (signal: Signal) => (exemption: Exemption) => exemption.signals?.includes(signal) ?? true
    const quiet = held.filter(({ reason }) => reason.startsWith(DISMISSED))
    return {
      isExempt: (signal) => held.some(names(signal)),
      isQuiet: (signal) => quiet.some(names(signal)),
    }
  }
}
