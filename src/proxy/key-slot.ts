import type { Clock } from '../lib/clock.ts'
import type { KeyNews, KeyWant } from './key-codes.ts'
import { KeyHealth, type KeyState, type Standing } from './key-health.ts'
import type { KeySetting, UpstreamKey } from './key.ts'

/** A code that MiniMax answered with, and when, in milliseconds of the Unix epoch. */
export interface HeardCode {
  readonly code: number
  readonly at: number
}

/** So many of the last codes are remembered. */
const CODES = 5

/** One key: what it is, what it carries, how it fares. */
export class KeySlot implements UpstreamKey {
  readonly name: string
  readonly account: string
  readonly authorization: string
  readonly health: KeyHealth
  weight: number
  isDisabled: boolean
  /** It is not among the keys any more; calls that have it go on. */
  isRemoved = false
  /** Calls that have it. */
  inflight = 0
  /** How many calls it was given, by which ties are broken. */
  given = 0
  readonly #clock: Clock
  #codes: readonly HeardCode[] = []

  constructor(setting: KeySetting, clock: Clock, retryMs: number) {
    this.name = setting.name
    this.account = setting.account
    this.authorization = `Bearer ${setting.key.reveal()}`
    this.weight = setting.weight ?? 1
    this.isDisabled = setting.isDisabled ?? false
    this.health = new KeyHealth(clock, retryMs)
    this.#clock = clock
  }

  /** How much it carries for its weight. */
  get load(): number {
    return this.inflight / this.weight
  }

  /** Whether a call may have it now. */
  standing(want: KeyWant, now: number): Standing {
    return this.isDisabled ? 'out' : this.health.standing(want, now)
  }

  /** A call with it has been answered. */
  heard(news: KeyNews, want: KeyWant, startedAt: number): void {
    if (news.code !== undefined)
      this.#codes = [{ code: news.code, at: this.#clock.now() }, ...this.#codes].slice(0, CODES)
    this.health.heard(news, want, startedAt)
  }

  get state(): KeyState {
    return this.isDisabled ? 'disabled' : this.health.state
  }

  /** The last codes of failure, newest first. */
  get codes(): readonly HeardCode[] {
    return this.#codes
  }
}
