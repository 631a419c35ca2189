import type { Incident, IncidentStore } from '../store/store.ts'
import { isOver, rankOf, type Verdict } from './response.ts'
import { watchedKey, type Watched } from './watched.ts'

/** An open incident's newest numbers are written down this often; what is news, at once. */
const SAVE_EVERY = 60_000

/** What can be done about a token, or about one end user. Doing the same again must change nothing. */
export interface Actions {
  /** Slows it down. */
  throttle(watched: Watched, requestsPerMinute: number): void
  unthrottle(watched: Watched): void
  /** Stops it; resolves when that is stored. */
  suspend(watched: Watched, incidentId: string): Promise<void>
  /** Lets it go on, if nothing else forbids it. */
  reinstate(watched: Watched): Promise<void>
}

export interface IncidentsOptions {
  readonly store: Pick<IncidentStore, 'put' | 'get' | 'open'>
  readonly actions: Pick<Actions, 'suspend'>
  /** Slows a token down to what is usual for it. Must not throw. */
  readonly throttle: (watched: Watched) => void
  /** Told of an incident that has ended, whether that is stored yet or not. Must not throw. */
  readonly ended: (incident: Incident) => void
  /** Told of what the store or an action refused; it is tried again. Must not throw. */
  readonly failed: (error: unknown) => void
}

/** An incident that is open, or whose end is not stored yet. */
interface Entry {
  incident: Incident
  /** The newest state that must reach the store. */
  isUnsaved: boolean
  savedAt: number
  mustSuspend: boolean
}

/**
 * The open incidents, one per token and one per end user, in memory; and what is still to be done about them. What the store refuses is
 * done at the next round, so nothing is lost while the process lives, and the start takes up what is open.
 */
export class Incidents {
  readonly #options: IncidentsOptions
  readonly #entries = new Map<string, Entry>()

  constructor(options: IncidentsOptions) {
    this.#options = options
  }

  /**
   * Takes up what is open, with its suspensions: the process may have ended between an incident and what it led to.
   * Rejects when the store does not say.
   * @returns what it took up
   */
  async load(): Promise<readonly Incident[]> {
    const open = await this.#options.store.open()
    const taken = open.filter((incident) => !this.#entries.has(watchedKey(incident)))
    for (const incident of taken) {
      const mustSuspend = incident.response === 'suspend'
      const savedAt = incident.updatedAt
      this.#entries.set(watchedKey(incident), { incident, isUnsaved: false, savedAt, mustSuspend })
    }
    return taken
  }

  /** Who has an open incident, as `watchedKey` says it. */
  keys(): readonly string[] {
    return [...this.#entries.keys()]
  }

  /** The open incident of a token or an end user. */
  of(key: string): Incident | undefined {
    return this.#entries.get(key)?.incident
  }

  /** An incident as it stands now; undefined when there is none. Rejects when the store does not say. */
  async get(id: string): Promise<Incident | undefined> {
    for (const { incident } of this.#entries.values()) if (incident.id === id) return incident
    return await this.#options.store.get(id)
  }

  /** Takes what was judged, and slows the token down at once where that is the step; the rest is done by `work`. */
  take({ incident, raised, isNews }: Verdict): void {
    const { updatedAt } = incident
    const key = watchedKey(incident)
    const before = this.#entries.get(key)
    const savedAt = before?.savedAt ?? 0
    const isUnsaved = isNews || (before?.isUnsaved ?? true) || updatedAt - savedAt >= SAVE_EVERY
    const mustSuspend = raised === 'suspend' || (before?.mustSuspend ?? false)
    this.#entries.set(key, { incident, isUnsaved, savedAt, mustSuspend })
    if (raised !== null && isThrottled(raised)) this.#options.throttle(incident)
  }

  /** Ends what is over, stores what is new and suspends whom it must. Never rejects. */
  async work(now: number): Promise<void> {
    for (const entry of this.#entries.values()) {
      try {
        await this.#do(entry, now)
      } catch (error) {
        this.#options.failed(error)
      }
    }
  }

  async #do(entry: Entry, now: number): Promise<void> {
    if (entry.incident.state === 'open' && !entry.mustSuspend && isOver(entry.incident, now)) {
      this.#end(entry, 'closed')
    }
    if (entry.isUnsaved) await this.#put(entry, now)
    if (entry.incident.state !== 'open') {
      this.#entries.delete(watchedKey(entry.incident))
      return
    }
    if (!entry.mustSuspend) return
    await this.#options.actions.suspend(entry.incident, entry.incident.id)
    entry.mustSuspend = false
  }

  async #put(entry: Entry, now: number): Promise<void> {
    await this.#options.store.put(entry.incident)
    entry.isUnsaved = false
    entry.savedAt = now
  }

  #end(entry: Entry, state: 'closed' | 'dismissed'): void {
    entry.incident = { ...entry.incident, state }
    entry.isUnsaved = true
    entry.mustSuspend = false
    this.#options.ended(entry.incident)
  }

  /**
   * Ends an incident by the operator's word, and lets the token go at its own speed again. One that has ended already
   * may still be dismissed, or dismissed again. Rejects when the store does not take it; it may be tried again.
   */
  async end(incident: Incident, state: 'closed' | 'dismissed', now: number): Promise<Incident> {
    const entry = this.#entries.get(watchedKey(incident))
    if (entry?.incident.id !== incident.id) {
      const ended = { ...incident, state }
      if (incident.state !== state) await this.#options.store.put(ended)
      return ended
    }
    this.#end(entry, state)
    await this.#put(entry, now)
    this.#entries.delete(watchedKey(incident))
    return entry.incident
  }
}

/** Whether a step slows the token down, or does more. @param step as an incident holds it */
export function isThrottled(step: string): boolean {
  return rankOf(step) >= rankOf('throttle')
}
