import type { Clock } from '../lib/clock.ts'
import type { Response, Signal } from '../signals.ts'
import type { Incident } from '../store/store.ts'
import { isThrottled, type Actions } from './incidents.ts'
import type { Profiles } from './profiles.ts'
import { isSignal, type NoticeKind, type Verdict } from './response.ts'
import { watchedKey, type Watched } from './watched.ts'

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
  readonly #profilesOf: (key: string) => Profiles

  /** @param profilesOf where the profile of a token or of an end user is kept */
  constructor(options: MeasuresOptions, profilesOf: (key: string) => Profiles) {
    this.#options = options
    this.#profilesOf = profilesOf
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

  /** Slows a token or an end user down to what was usual for them when they were first slowed down. */
  throttle(watched: Watched): void {
    const now = this.#options.clock.now()
    const key = watchedKey(watched)
    const profiles = this.#profilesOf(key)
    const profile = profiles.get(key)
    const rate = profile?.throttledTo ?? profile?.usualRate(now) ?? 1
    if (profile !== undefined && profile.throttledTo !== rate) {
      profile.throttledTo = rate
      profiles.change(profile, now)
    }
    this.guarded(() => this.#options.actions.throttle(watched, rate))
  }

  /** Lets a token or an end user go at their own speed, whose incident has ended. */
  ended(incident: Incident): void {
    const { actions, changed, clock } = this.#options
    const key = watchedKey(incident)
    const profiles = this.#profilesOf(key)
    const profile = profiles.get(key)
    if (profile !== undefined) {
      profile.isHeld = false
      profile.throttledTo = null
      profiles.change(profile, clock.now())
    }
    if (isThrottled(incident.response)) this.guarded(() => actions.unthrottle(incident))
    this.guarded(() => changed(incident))
  }
}
