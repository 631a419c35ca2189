import { setImmediate as nextTurn } from 'node:timers/promises'
import { randomBase62 } from '../lib/ids.ts'
import type { Finding, Response } from '../signals.ts'
import type { IncidentStore } from '../store/store.ts'
import type { CallEvent } from './event.ts'
import { Exemptions } from './exemptions.ts'
import { Incidents, isThrottled } from './incidents.ts'
import { Measures, type MeasuresOptions } from './measures.ts'
import type { MakeWatchers, Profile } from './profile.ts'
import { Profiles } from './profiles.ts'
import { Reports, type Leak, type Refused, type ReportsOptions, type Suspect } from './reports.ts'
import { judge, type Policy } from './response.ts'
import { isOfEndUser, watchedFrom, watchedKey, type Watched } from './watched.ts'
import type { Observation } from './watcher.ts'

const MINUTE = 60_000
/** Profiles that are looked at in one go; requests get in between. */
const SLICE = 20
const REFRESH_EVERY = MINUTE
/** The past of end users is not stored: there may be any number of them, made up by whoever holds a token. */
const NOWHERE = { profiles: async () => [], saveProfiles: async () => undefined }

/** Something that is watched across tokens. */
export interface CrossWatcher {
  /** Takes in one call, in the order of time. */
  observe(event: CallEvent): void
  /** Says what there is to say by now. @param now milliseconds since the Unix epoch */
  look(now: number): readonly Finding[]
}

/** How far the guard goes, as the operator has set it. */
export interface InquirySettings {
  /** The furthest step; `off`: nothing is looked for. */
  readonly response: Response | 'off'
  /** Signals that are recorded only; `*`: all. */
  readonly shadow: readonly string[]
}

/** What an inquiry works with. */
export interface InquiryOptions extends ReportsOptions, MeasuresOptions {
  readonly store: IncidentStore
  readonly settings: InquirySettings
  readonly make: MakeWatchers
  /** The same for end users; as for tokens unless said. */
  readonly makeOfEndUser?: MakeWatchers
  readonly cross: readonly CrossWatcher[]
}

/**
 * Watches over all tokens and end users: takes in what each call tells, looks every few seconds at what has come together, and does
 * what follows. Whatever fails in it, calls go on.
 */
export class Inquiry {
  readonly #options: InquiryOptions
  readonly #policy: Policy
  readonly #reports: Reports
  readonly #measures: Measures
  readonly profiles: Profiles
  readonly #endUsers: Profiles
  readonly incidents: Incidents
  readonly exemptions: Exemptions
  #turn: Promise<unknown> = Promise.resolve()
  #queued: Promise<void> | null = null
  #hasProfiles = false
  #hasIncidents = false
  #refreshedAt = -Infinity
  #missed = 0
  #firstMiss: unknown

  constructor(options: InquiryOptions) {
    const { store, make, failed, actions, settings } = options
    this.#options = options
    const shadow = new Set(settings.shadow)
    this.#policy = {
      limit: settings.response === 'off' ? 'watch' : settings.response,
      isShadowed: (signal) => shadow.has(signal) || shadow.has('*'),
    }
    this.#reports = new Reports(options)
    this.profiles = new Profiles({ store, make, failed })
    this.#endUsers = new Profiles({
      store: NOWHERE,
      make: options.makeOfEndUser ?? make,
      failed,
      keyOf: watchedKey,
    })
    this.#measures = new Measures(options, (key) => this.#profilesOf(key))
    this.exemptions = new Exemptions(store)
    this.incidents = new Incidents({
      store,
      actions,
      failed,
      throttle: (watched) => this.#measures.throttle(watched),
      ended: (incident) => this.#measures.ended(incident),
    })
  }

  #profilesOf(key: string): Profiles {
    return isOfEndUser(key) ? this.#endUsers : this.profiles
  }

  async #fetch(key: string): Promise<Profile> {
    return await this.#profilesOf(key).fetch(key)
  }

  /** Takes in one call: no more than counting. Never throws. */
  observe(event: CallEvent): void {
    try {
      // Of JWTs there is no token that could be stopped, so nobody asks how all of them together do.
      if (event.kind !== 'jwt') this.profiles.observe(event)
      if (event.endUser !== '') this.#endUsers.observe(event)
      for (const watcher of this.#options.cross) watcher.observe(event)
    } catch (error) {
      this.#missed++
      this.#firstMiss ??= error
    }
  }

  /** Takes in a refusal. Never throws. */
  refused(refused: Refused): void {
    this.#measures.guarded(() => this.#reports.refused(refused))
  }

  /** Takes in the proved report of a leak; resolves when it was acted upon, or will be at the next look. Never rejects. */
  async report(leak: Leak): Promise<void> {
    this.#reports.leaked(leak)
    await this.look()
  }

  /** One thing after the other: a look, a dismissal, the end. */
  async exclusive<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return await turn
  }

  /** Looks at all that came since the last look, and does what follows. Never rejects: what failed is told, and tried again. */
  async look(): Promise<void> {
    // Whoever asks while a look waits for its turn is served by that one.
    this.#queued ??= this.exclusive(async () => {
      this.#queued = null
      try {
        await this.#look(this.#options.clock.now())
      } catch (error) {
        this.#options.failed(error)
      }
      this.#tellMissed()
    })
    await this.#queued
  }

  async #look(now: number): Promise<void> {
    // Who knows neither the exemptions nor what was done before must do nothing.
    await this.#prepare(now)
    const suspects = new Map(this.#reports.take())
    await this.#lookAtProfiles(suspects, now)
    for (const watcher of this.#options.cross) {
      this.#measures.guarded(() => {
        for (const finding of watcher.look(now)) add(suspects, finding.tokenId, finding.userId, [finding])
      })
    }
    for (const [key, suspect] of suspects) await this.#judge(key, suspect, now)
    await this.incidents.work(now)
    await this.profiles.work(now)
    await this.#endUsers.work(now)
  }

  /** Reads what was known before, until the store has said it. Rejects when it does not. */
  async #prepare(now: number): Promise<void> {
    if (now - this.#refreshedAt >= REFRESH_EVERY) await this.#refresh(now)
    if (!this.#hasProfiles) await this.profiles.load()
    this.#hasProfiles = true
    if (this.#hasIncidents) return
    for (const incident of await this.incidents.load()) {
      const profile = await this.#fetch(watchedKey(incident))
      profile.isHeld = true
      if (isThrottled(incident.response)) this.#measures.throttle(incident)
    }
    this.#hasIncidents = true
  }

  /** Another process may have changed the exemptions. Once they were read, what was read serves until they are read again. */
  async #refresh(now: number): Promise<void> {
    try {
      await this.exemptions.load(now)
      this.#refreshedAt = now
    } catch (error) {
      if (this.#refreshedAt === -Infinity) throw error
      this.#options.failed(error)
    }
  }

  async #lookAtProfiles(suspects: Map<string, Suspect>, now: number): Promise<void> {
    const profiles = new Set<Profile>([...this.profiles.takeActive(), ...this.#endUsers.takeActive()])
    for (const key of this.incidents.keys()) {
      const profile = this.#profilesOf(key).get(key)
      if (profile !== undefined) profiles.add(profile)
    }
    let looked = 0
    for (const profile of profiles) {
      this.#measures.guarded(() => add(suspects, profile.key, profile.userId, profile.look(now)))
      if (++looked % SLICE === 0) await nextTurn()
    }
  }

  async #judge(key: string, { userId, found }: Suspect, now: number): Promise<void> {
    const standing = this.incidents.of(key)
    // The end of the one before is not stored yet.
    if (standing !== undefined && standing.state !== 'open') {
      this.#reports.keep(key, { userId, found })
      return
    }
    const watched = watchedFrom(key, userId)
    const { isExempt, isQuiet } = this.exemptions.about(watched, now)
    const loud = found.filter(({ signal }) => !isQuiet(signal))
    if (loud.length === 0) return
    const profile = await this.#fetch(key)
    const strikes = standing?.strikes ?? (await this.#strikes(profile, watched))
    const file = { ...watched, now, open: standing, found: loud, strikes, isExempt }
    const verdict = judge(file, this.#policy, () => `inc_${randomBase62(12)}`)
    if (verdict === undefined) return
    profile.isHeld = true
    this.incidents.take(verdict)
    this.#measures.tell(verdict)
  }

  /** As the store knows it; as the profile does when the store does not say. */
  async #strikes(profile: Profile, { tokenId, endUser }: Watched): Promise<number> {
    try {
      const strikes = await this.#options.store.strikes(tokenId, endUser)
      if (strikes !== profile.strikes)
        this.#profilesOf(profile.key).change(profile, this.#options.clock.now())
      profile.strikes = strikes
    } catch (error) {
      this.#options.failed(error)
    }
    return profile.strikes
  }

  #tellMissed(): void {
    const lost = this.profiles.takeLost() + this.#endUsers.takeLost()
    if (lost > 0) this.#options.failed(new Error(`${lost} calls or profiles were lost to detection`))
    if (this.#missed === 0) return
    const cause = this.#firstMiss
    this.#options.failed(new Error(`detection failed at ${this.#missed} calls; the first`, { cause }))
    this.#missed = 0
    this.#firstMiss = undefined
  }

  /** Saves all that is known. Never rejects. */
  async close(): Promise<void> {
    await this.exclusive(async () => {
      try {
        await this.incidents.work(this.#options.clock.now())
        await this.profiles.work(Infinity)
      } catch (error) {
        this.#options.failed(error)
      }
    })
    this.#tellMissed()
  }
}

function add(
  suspects: Map<string, Suspect>,
  key: string,
  userId: string,
  found: readonly Observation[],
): void {
  if (found.length === 0) return
  const before = suspects.get(key)?.found ?? []
  suspects.set(key, { userId, found: [...before, ...found] })
}
