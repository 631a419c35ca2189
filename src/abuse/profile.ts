import type { CallEvent } from './event.ts'
import { isOfEndUser } from './watched.ts'
import type { Background, Observation, Watcher } from './watcher.ts'

/** The watcher of volume, which also knows what is usual. */
export interface VolumeWatcher extends Watcher {
  /** Requests in ten minutes that the token passes only rarely: their p99; undefined while it has no past of its own. */
  usualRequests(now: number): number | undefined
}

/** One place that a token was used from, as the operator may see it. Times are milliseconds since the Unix epoch. */
export interface SeenSource {
  /** A network, never a whole address. */
  readonly prefix: string
  /** The kind of client. */
  readonly client: string
  /** Null: not known. */
  readonly country: string | null
  readonly firstSeen: number
  readonly lastSeen: number
  readonly calls: number
}

/** The watcher of sources, which also lists them. */
export interface SourcesWatcher extends Watcher {
  list(): readonly SeenSource[]
}

/** All that watches one token. */
export interface Watchers {
  readonly volume: VolumeWatcher
  readonly sources: SourcesWatcher
  readonly behaviour: Watcher
}

/** Makes watchers from what they saved; from anything else they begin with nothing. */
export type MakeWatchers = (saved: Readonly<Record<keyof Watchers, unknown>>) => Watchers

/** The version of what a profile saves about itself; watchers have versions of their own. */
const VERSION = 1
/** Calls that a profile keeps while its past is read. Later ones are lost, and counted. */
const MAX_EARLY = 64

const NOTHING = { volume: undefined, sources: undefined, behaviour: undefined } as const

const WINDOW_MINUTES = 10
/** Requests a minute of a token without a past that is slowed down: what one person does by hand. */
const UNKNOWN_RATE = 10

/** What is known of one token, or of one end user: its watchers, and what was done about it. */
export class Profile {
  /** As `watchedKey` says it. */
  readonly key: string
  readonly #isOfEndUser: boolean
  /** '' until a call or its past has told it. */
  userId = ''
  /** How often the token was suspended before, as far as is known here; the store knows it for sure. */
  strikes = 0
  /** Requests a minute to which it is slowed down; null: it is not. */
  throttledTo: number | null = null
  /** Whether it was used since it was last asked for. */
  isActive = false
  /** Whether something is not saved yet, and since when (milliseconds since the Unix epoch). */
  isChanged = false
  changedAt = 0
  /** Whether it was used since it was last passed over when room was needed. */
  wasUsed = true
  /** Whether it must stay in memory: something is being done about the token. */
  isHeld = false
  /** Null until its past was read. */
  #watchers: Watchers | null = null
  #early: CallEvent[] = []

  constructor(key: string) {
    this.key = key
    this.#isOfEndUser = isOfEndUser(key)
  }

  /** Whether its past is known, or known to be none. */
  get isReady(): boolean {
    return this.#watchers !== null
  }

  /** Takes in one call. A few additions; may throw what a watcher throws. @returns false when the call is lost */
  observe(event: CallEvent): boolean {
    const watchers = this.#watchers
    if (watchers === null) return this.#keep(event)
    watchers.volume.observe(event)
    // What an end user does is theirs; the token sees how much all of them do together, as when new ones are made up.
    if (event.endUser !== '' && !this.#isOfEndUser) return true
    watchers.sources.observe(event)
    watchers.behaviour.observe(event)
    return true
  }

  #keep(event: CallEvent): boolean {
    if (this.#early.length >= MAX_EARLY) return false
    this.#early.push(event)
    return true
  }

  /**
   * Gives it its past; `takeEarly` has the calls that came meanwhile. May throw what the watchers throw.
   * @param state as `save` made it; undefined: it has none
   * @returns false when the state is of a version that is not known here; the profile begins with nothing then
   */
  open(state: Uint8Array | undefined, make: MakeWatchers): boolean {
    const past = state === undefined ? undefined : read(state)
    const isKnown = state === undefined || past !== undefined
    this.#watchers = make({
      volume: past?.volume,
      sources: past?.sources,
      behaviour: past?.behaviour,
    })
    if (past !== undefined) this.#recall(past)
    return isKnown
  }

  /** The calls that were kept while its past was read, in the order of time; they are gone then. */
  takeEarly(): readonly CallEvent[] {
    const early = this.#early
    this.#early = []
    return early
  }

  #recall({ user, strikes, throttle }: Readonly<Record<string, unknown>>): void {
    if (this.userId === '' && typeof user === 'string') this.userId = user
    if (typeof strikes === 'number' && strikes > 0) this.strikes = strikes
    if (typeof throttle === 'number' && throttle >= 1) this.throttledTo = throttle
  }

  /** What its watchers find by now. */
  look(now: number): readonly Observation[] {
    const watchers = this.#watchers
    if (watchers === null) return []
    const background: Background = { now, strikes: this.strikes }
    return [
      ...watchers.volume.look(background),
      ...watchers.sources.look(background),
      ...watchers.behaviour.look(background),
    ]
  }

  /** What is usual for the token, in requests a minute; at least 1. @param now milliseconds since the Unix epoch */
  usualRate(now: number): number {
    const usual = this.#watchers?.volume.usualRequests(now)
    return usual === undefined ? UNKNOWN_RATE : Math.max(1, Math.ceil(usual / WINDOW_MINUTES))
  }

  /** Where it was used from. */
  sources(): readonly SeenSource[] {
    return this.#watchers?.sources.list() ?? []
  }

  /** Everything that it knows, for `open`. Must not be asked before it is ready. */
  save(): Uint8Array {
    const { volume, sources, behaviour } = this.#watchers ?? {}
    const state = {
      version: VERSION,
      user: this.userId,
      strikes: this.strikes,
      throttle: this.throttledTo,
      volume: volume?.save(),
      sources: sources?.save(),
      behaviour: behaviour?.save(),
    }
    return Buffer.from(JSON.stringify(state))
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

/** @returns undefined when it is nothing that this version wrote */
function read(state: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  let saved: unknown
  try {
    saved = JSON.parse(Buffer.from(state).toString())
  } catch {
    // Text that is no JSON is of another version too.
    return undefined
  }
  return isRecord(saved) && saved.version === VERSION ? { ...NOTHING, ...saved } : undefined
}
