import { setImmediate as nextTurn } from 'node:timers/promises'
import type { IncidentStore } from '../store/store.ts'
import type { Profile } from './profile.ts'

/** Profiles that were let go and are not saved yet: the store refuses them, or they come too fast. */
export const MAX_LEAVING = 2_000
/** Profiles at a time: each is some kilobytes of JSON, and requests get in between. */
const SLICE = 50
/** With a look each ten seconds, what is saved is never older than a minute. */
const SAVE_AFTER = 50_000

/** Saves profiles: those in memory about once a minute while they change, and those that were let go as soon as may be. */
export class ProfileSaves {
  readonly #store: Pick<IncidentStore, 'saveProfiles'>
  /** In memory and not saved yet, in the order of their changes. */
  #changed = new Set<Profile>()
  /** Let go and not saved since; the longest ago first. */
  readonly #leaving = new Map<string, Profile>()

  constructor(store: Pick<IncidentStore, 'saveProfiles'>) {
    this.#store = store
  }

  /** Has a profile saved in time. @param at milliseconds since the Unix epoch */
  change(profile: Profile, at: number): void {
    if (profile.isChanged) return
    profile.isChanged = true
    profile.changedAt = at
    this.#changed.add(profile)
  }

  /**
   * Takes one that was let go. It is saved in any case: an earlier save may still be under way, and fail.
   * @returns another that is lost for it, because there are too many
   */
  leave(profile: Profile): Profile | undefined {
    this.#changed.delete(profile)
    profile.isChanged = true
    this.#leaving.set(profile.key, profile)
    if (this.#leaving.size <= MAX_LEAVING) return undefined
    const [oldest] = this.#leaving.values()
    if (oldest !== undefined) this.#leaving.delete(oldest.key)
    return oldest
  }

  /** Gives one back that is needed again; undefined: it is not here. */
  takeBack(key: string): Profile | undefined {
    const profile = this.#leaving.get(key)
    if (profile === undefined) return undefined
    this.#leaving.delete(key)
    if (profile.isChanged) this.#changed.add(profile)
    return profile
  }

  /**
   * Saves what is due. What the store refuses stays, and is tried again the next time; it rejects then.
   * @param now milliseconds since the Unix epoch; Infinity: everything is due
   */
  async work(now: number): Promise<void> {
    for (;;) {
      const leaving = [...this.#leaving.values()].slice(0, SLICE)
      if (leaving.length === 0) break
      await this.#write(leaving)
      for (const profile of leaving) if (!profile.isChanged) this.#leaving.delete(profile.key)
      await nextTurn()
    }
    for (let due = this.#takeDue(now); due.length > 0; due = this.#takeDue(now)) {
      await this.#write(due)
      await nextTurn()
    }
  }

  #takeDue(now: number): readonly Profile[] {
    const due: Profile[] = []
    for (const profile of this.#changed) {
      if (due.length >= SLICE || profile.changedAt > now - SAVE_AFTER) break
      this.#changed.delete(profile)
      // One that waits for its past is changed again when that has come.
      if (profile.isReady) due.push(profile)
      else profile.isChanged = false
    }
    return due
  }

  /** From now on they count as saved; a call that comes meanwhile changes them again. */
  async #write(profiles: readonly Profile[]): Promise<void> {
    for (const profile of profiles) profile.isChanged = false
    try {
      await this.#store.saveProfiles(
        profiles.map((profile) => ({
          tokenId: profile.key,
          savedAt: profile.changedAt,
          state: profile.save(),
        })),
      )
    } catch (error) {
      this.#keep(profiles.filter(({ isChanged }) => !isChanged))
      throw error
    }
  }

  /** Puts those back in front that could not be saved. */
  #keep(late: readonly Profile[]): void {
    for (const profile of late) profile.isChanged = true
    const here = late.filter((profile) => this.#leaving.get(profile.key) !== profile)
    this.#changed = new Set([...here, ...this.#changed])
  }
}
