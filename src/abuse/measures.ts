import type { Clock } from '../lib/clock.ts'
import type { Response, Signal } from '../signals.ts'
import type { Incident } from '../store/store.ts'
import { isThrottled, type Actions } from './incidents.ts'
import type { Profiles } from './profiles.ts'
import { isSignal, type NoticeKind, type Verdict } from './response.ts'

/** Who is told of an incident, and what is done about a token. No callback may throw; what one throws is counted. */
export interface MeasuresOptions {
  readonly clock: Pick<Clock, 'now'>
  readonly actions: Actions
  /** Tells people of an incident: once, and again when it comes to a suspension. */
  readonly notice: (incident: Incident, kind: NoticeKind) => void
  /** Told of an incident that was opened, has come to a further step, or has ended: a line of the log. */
  readonly changed: (incident: Incident) => void
  /** Counts an incident's step. */
  readonly count: (signal: Signal, response: Response) => void
  /** Told of what went wrong, at most some times a round. Detection goes on. */
  readonly failed: (error: unknown) => void
}

/** What follows from an incident at once. What the store must take is done by `Incidents`. None of it throws. */
export class Measures {
  readonly #options: MeasuresOptions
  readonly #profiles: Profiles

  constructor(options: MeasuresOptions, profiles: Profiles) {
    this.#options = options
    this.#profiles = profiles
  }

  /** Does something that may fail, and counts it then. */
  guarded(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#options.failed(error)
    }
  }

  /** Tells of a step, if it is a new one. */
  tell({ incident, raised, notice }: Verdict): void {
    const { changed, count, notice: tell } = this.#options
    if (raised === null) return
    const { signal } = incident
    if (isSignal(signal)) this.guarded(() => count(signal, raised))
    this.guarded(() => changed(incident))
    if (notice !== null) this.guarded(() => tell(incident, notice))
  }

  /** Slows a token down to what was usual for it when it was first slowed down. */
  throttle(tokenId: string, userId: string): void {
    const now = this.#options.clock.now()
    const profile = this.#profiles.get(tokenId)
    const rate = profile?.throttledTo ?? profile?.usualRate(now) ?? 1
    if (profile !== undefined && profile.throttledTo !== rate) {
      profile.throttledTo = rate
      this.#profiles.change(profile, now)
    }
    this.guarded(() => this.#options.actions.throttle(tokenId, userId, rate))
  }

  /** Lets a token go at its own speed, whose incident has ended. */
  ended(incident: Incident): void {
    const { actions, changed, clock } = this.#options
    const profile = this.#profiles.get(incident.tokenId)
    if (profile !== undefined) {
      profile.isHeld = false
      profile.throttledTo = null
      this.#profiles.change(profile, clock.now())
    }
    if (isThrottled(incident.response)) this.guarded(() => actions.unthrottle(incident.tokenId))
    this.guarded(() => changed(incident))
  }
}
