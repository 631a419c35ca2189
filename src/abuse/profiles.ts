import { setImmediate as nextTurn } from 'node:timers/promises'
import type { AbuseProfile, IncidentStore } from '../store/store.ts'
import type { CallEvent } from './event.ts'
import { MAX_LEAVING, ProfileSaves } from './profile-saves.ts'
import { Profile, type MakeWatchers } from './profile.ts'

/** Profiles in memory; of tokens beyond it, those used the longest ago are saved and let go. */
const MAX_PROFILES = 20_000
/** Profiles that are passed over to find one to let go, so that no call pays for many. */
const MAX_PASSES = 32
/** Profiles that are read at a time: each is some kilobytes of JSON, and requests get in between. */
const PAGE = 50

export interface ProfilesOptions {
  readonly store: Pick<IncidentStore, 'profiles' | 'saveProfiles'>
  readonly make: MakeWatchers
  /** Under which name a call is kept; by its token unless said. As `watchedKey` says it. */
  readonly keyOf?: (event: CallEvent) => string
  /** Told when something is lost or late; must not throw. */
  readonly failed: (error: unknown) => void
  readonly maxProfiles?: number
}

/**
 * The profiles of the tokens, or of the end users, that are in use, in bounded memory. The past of a token that was let go is read again when
 * the token is next seen; until it is there the first 64 calls are kept and then taken in, and any more are lost.
 */
export class Profiles {
  readonly #options: ProfilesOptions
  readonly #max: number
  readonly #saves: ProfileSaves
  readonly #profiles = new Map<string, Profile>()
  /** In use since the last look. */
  readonly #active = new Set<Profile>()
  /** Those whose past must be read. */
  readonly #wanted = new Map<string, Profile>()
  #finding: Promise<void> | null = null
  /** Whether the store holds no profile that is not in memory: then an unknown token is a new one. */
  #hasAll = false
  readonly #keyOf: (event: CallEvent) => string
  #lost = 0
  #hasToldVersion = false

  constructor(options: ProfilesOptions) {
    this.#options = options
    this.#saves = new ProfileSaves(options.store)
    this.#max = options.maxProfiles ?? MAX_PROFILES
    this.#keyOf = options.keyOf ?? (({ tokenId }) => tokenId)
  }

  get size(): number {
    return this.#profiles.size
  }

  /** @returns undefined when it is not in memory */
  get(key: string): Profile | undefined {
    return this.#profiles.get(key)
  }

  /** Takes in one call, without waiting for anything. May throw what a watcher throws. */
  observe(event: CallEvent): void {
    const key = this.#keyOf(event)
    const profile = this.#profiles.get(key) ?? this.#enter(key)
    profile.wasUsed = true
    if (!profile.isActive) {
      profile.isActive = true
      profile.userId = event.userId
      this.#active.add(profile)
    }
    if (!profile.isChanged) this.#saves.change(profile, event.at)
    if (!profile.observe(event)) this.#lost++
  }

  /** Has a profile saved in time. @param at milliseconds since the Unix epoch */
  change(profile: Profile, at: number): void {
    this.#saves.change(profile, at)
  }

  #enter(key: string): Profile {
    const kept = this.#wanted.get(key) ?? this.#saves.takeBack(key)
    const profile = kept ?? new Profile(key)
    this.#profiles.set(key, profile)
    if (this.#profiles.size > this.#max) this.#letGo()
    if (profile.isReady) return profile
    if (this.#hasAll) this.#open(profile, undefined)
    else this.#want(profile)
    return profile
  }

  /** Lets one go that was not used since it was last passed over, as a clock does that pages memory. */
  #letGo(): void {
    let passes = 0
    for (const [key, profile] of this.#profiles) {
      if (++passes > MAX_PASSES) return
      this.#profiles.delete(key)
      if (profile.isHeld || (profile.wasUsed && passes < MAX_PASSES)) {
        profile.wasUsed = false
        this.#profiles.set(key, profile)
        continue
      }
      this.#hasAll = false
      // One whose past is being read leaves when it has come.
      if (profile.isReady) this.#leave(profile)
      return
    }
  }

  #leave(profile: Profile): void {
    const lost = this.#saves.leave(profile)
    if (lost !== undefined) this.#lose(lost)
  }

  #lose(profile: Profile): void {
    this.#active.delete(profile)
    this.#lost++
  }

  /** Has the past of one read. Of too many that were let go before it came, the oldest are lost. */
  #want(profile: Profile): void {
    this.#wanted.set(profile.key, profile)
    this.#find()
    if (this.#wanted.size <= this.#max + MAX_LEAVING) return
    const [oldest] = this.#wanted.values()
    if (oldest === undefined) return
    this.#wanted.delete(oldest.key)
    this.#profiles.delete(oldest.key)
    this.#lose(oldest)
  }

  #isIn(profile: Profile): boolean {
    return this.#profiles.get(profile.key) === profile
  }

  #open(profile: Profile, state: Uint8Array | undefined): void {
    if (!profile.open(state, this.#options.make)) this.#tellVersion()
    for (const event of profile.takeEarly()) this.#takeIn(profile, event)
    // The calls that waited are not saved yet.
    if (profile.isActive) this.#saves.change(profile, profile.changedAt)
    if (!this.#isIn(profile)) this.#leave(profile)
  }

  #takeIn(profile: Profile, event: CallEvent): void {
    try {
      profile.observe(event)
    } catch (error) {
      this.#options.failed(error)
    }
  }

  #tellVersion(): void {
    if (this.#hasToldVersion) return
    this.#hasToldVersion = true
    this.#options.failed(new Error('the past of a token is of another version; it begins anew'))
  }

  /** Those that were used since this was last asked, and whose past is known. */
  takeActive(): readonly Profile[] {
    const ready = [...this.#active].filter(({ isReady }) => isReady)
    for (const profile of ready) {
      profile.isActive = false
      this.#active.delete(profile)
    }
    return ready
  }

  /** How many calls and profiles were lost since this was last asked. */
  takeLost(): number {
    const lost = this.#lost
    this.#lost = 0
    return lost
  }

  /** Reads what was saved, page by page, as far as there is room. Rejects when the store does not say. */
  async load(): Promise<void> {
    let after = ''
    while (this.#profiles.size < this.#max) {
      const page = await this.#options.store.profiles(after, PAGE)
      const last = page.at(-1)
      if (last === undefined) {
        this.#hasAll = true
        return
      }
      for (const saved of page) this.#admit(saved)
      after = last.tokenId
      await nextTurn()
    }
  }

  #admit({ tokenId, state }: AbuseProfile): void {
    const profile = this.#profiles.get(tokenId) ?? new Profile(tokenId)
    if (profile.isReady) return
    this.#wanted.delete(tokenId)
    this.#profiles.set(tokenId, profile)
    this.#open(profile, state)
  }

  /** Reads the past of those that wait for it, of which there is at least one. */
  #find(): void {
    this.#finding ??= this.#findAll()
  }

  /** Never rejects. */
  async #findAll(): Promise<void> {
    try {
      // What is wanted meanwhile is reached as well: a map hands out what was added during the walk.
      for (const [key, profile] of this.#wanted) {
        const state = await this.#stateOf(key)
        // The start, which reads all, may have been faster; or there were too many.
        if (this.#wanted.get(key) !== profile) continue
        this.#wanted.delete(key)
        this.#open(profile, state)
      }
    } catch (error) {
      this.#options.failed(error)
    } finally {
      // Before anything else runs: what is wanted from now on begins another walk.
      this.#finding = null
    }
  }

  /** What was saved of one token: the store lists them in order, so it is the first that is not below it. */
  async #stateOf(tokenId: string): Promise<Uint8Array | undefined> {
    let after = tokenId.slice(0, -1)
    for (;;) {
      const page = await this.#options.store.profiles(after, 2)
      const found = page.find((saved) => saved.tokenId >= tokenId)
      const last = page.at(-1)
      if (found !== undefined) return found.tokenId === tokenId ? found.state : undefined
      if (last === undefined) return undefined
      after = last.tokenId
    }
  }

  /** Brings a profile into memory; it is not ready when the store does not say. Never rejects. */
  async fetch(key: string): Promise<Profile> {
    const profile = this.#profiles.get(key) ?? this.#enter(key)
    if (this.#finding !== null) await this.#finding
    return profile
  }

  /**
   * Saves what is due and reads what is wanted. What the store refuses stays, and is tried again the next time.
   * @param now milliseconds since the Unix epoch; Infinity: everything is due
   */
  async work(now: number): Promise<void> {
    if (this.#wanted.size > 0) this.#find()
    await this.#saves.work(now)
  }
}
