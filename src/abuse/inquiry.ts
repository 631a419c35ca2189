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
import type { Observation } from './watcher.ts'

const MINUTE = 60_000
/** Profiles that are looked at in one go; requests get in between. */
const SLICE = 20
const REFRESH_EVERY = MINUTE

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
  readonly cross: readonly CrossWatcher[]
}

/**
 * Watches over all tokens: takes in what each call tells, looks every few seconds at what has come together, and does
 * what follows. Whatever fails in it, calls go on.
 */
export class Inquiry {
  readonly #options: InquiryOptions
  readonly #policy: Policy
  readonly #reports: Reports
  readonly #measures: Measures
  readonly profiles: Profiles
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
    this.#measures = new Measures(options, this.profiles)
    this.exemptions = new Exemptions(store)
    this.incidents = new Incidents({
      store,
      actions,
      failed,
      throttle: (tokenId, userId) => this.#measures.throttle(tokenId, userId),
      ended: (incident) => this.#measures.ended(incident),
    })
  }

  /** Takes in one call: no more than counting. Never throws. */
  observe(event: CallEvent): void {
    try {
      this.profiles.observe(event)
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
    for (const [tokenId, suspect] of suspects) await this.#judge(tokenId, suspect, now)
    await this.incidents.work(now)
    await this.profiles.work(now)
  }

  /** Reads what was known before, until the store has said it. Rejects when it does not. */
  async #prepare(now: number): Promise<void> {
    if (now - this.#refreshedAt >= REFRESH_EVERY) await this.#refresh(now)
    if (!this.#hasProfiles) await this.profiles.load()
    this.#hasProfiles = true
    if (this.#hasIncidents) return
    for (const { tokenId, userId, response } of await this.incidents.load()) {
      const profile = await this.profiles.fetch(tokenId)
      profile.isHeld = true
      if (isThrottled(response)) this.#measures.throttle(tokenId, userId)
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
    const profiles = new Set<Profile>(this.profiles.takeActive())
    for (const tokenId of this.incidents.tokens()) {
      const profile = this.profiles.get(tokenId)
      if (profile !== undefined) profiles.add(profile)
    }
    let looked = 0
    for (const profile of profiles) {
      this.#measures.guarded(() => add(suspects, profile.tokenId, profile.userId, profile.look(now)))
      if (++looked % SLICE === 0) await nextTurn()
    }
  }

  async #judge(tokenId: string, { userId, found }: Suspect, now: number): Promise<void> {
    const standing = this.incidents.of(tokenId)
    // The end of the one before is not stored yet.
    if (standing !== undefined && standing.state !== 'open') {
      this.#reports.keep(tokenId, { userId, found })
      return
    }
    const { isExempt, isQuiet } = this.exemptions.about(tokenId, userId, now)
    const loud = found.filter(({ signal }) => !isQuiet(signal))
    if (loud.length === 0) return
    const profile = await this.profiles.fetch(tokenId)
    const strikes = standing?.strikes ?? (await this.#strikes(profile))
    const file = { tokenId, userId, now, open: standing, found: loud, strikes, isExempt }
    const verdict = judge(file, this.#policy, () => `inc_${randomBase62(12)}`)
    if (verdict === undefined) return
    profile.isHeld = true
    this.incidents.take(verdict)
    this.#measures.tell(verdict)
  }

  /** As the store knows it; as the profile does when the store does not say. */
  async #strikes(profile: Profile): Promise<number> {
    try {
      const strikes = await this.#options.store.strikes(profile.tokenId)
      if (strikes !== profile.strikes) this.profiles.change(profile, this.#options.clock.now())
      profile.strikes = strikes
    } catch (error) {
      this.#options.failed(error)
    }
    return profile.strikes
  }

  #tellMissed(): void {
    const lost = this.profiles.takeLost()
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
  tokenId: string,
  userId: string,
  found: readonly Observation[],
): void {
  if (found.length === 0) return
  const before = suspects.get(tokenId)?.found ?? []
  suspects.set(tokenId, { userId, found: [...before, ...found] })
}
