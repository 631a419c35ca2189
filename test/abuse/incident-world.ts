import type { CallEvent } from '../../src/abuse/event.ts'
import { createGuard, type Guard, type GuardOptions } from '../../src/abuse/guard.ts'
import type { Watchers } from '../../src/abuse/profile.ts'
import { watchedKey } from '../../src/abuse/watched.ts'
import type { Observation } from '../../src/abuse/watcher.ts'
import type { Finding, Signal } from '../../src/signals.ts'
import type { AbuseProfile, Exemption, Incident, IncidentStore } from '../../src/store/store.ts'

export const START = Date.UTC(2026, 5, 1)
export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** A store in memory that can be told to refuse. */
export class MemoryIncidents implements IncidentStore {
  readonly incidents = new Map<string, Incident>()
  readonly held = new Map<string, Exemption>()
  readonly saved = new Map<string, AbuseProfile>()
  /** How many profiles each write had. */
  readonly writes: number[] = []
  /** Names of calls that reject. */
  readonly broken = new Set<keyof IncidentStore>()
  puts = 0

  #check(call: keyof IncidentStore): void {
    if (this.broken.has(call)) throw new Error(`the store refuses ${call}`)
  }

  async put(incident: Incident): Promise<void> {
    this.#check('put')
    this.puts++
    this.incidents.set(incident.id, incident)
  }

  async get(id: string): Promise<Incident | undefined> {
    this.#check('get')
    return this.incidents.get(id)
  }

  async list(): Promise<{ items: readonly Incident[]; next: null }> {
    return { items: [...this.incidents.values()].reverse(), next: null }
  }

  async open(): Promise<readonly Incident[]> {
    this.#check('open')
    return [...this.incidents.values()].filter(({ state }) => state === 'open')
  }

  async strikes(tokenId: string, endUser: string): Promise<number> {
    this.#check('strikes')
    return [...this.incidents.values()].filter(
      (incident) =>
        incident.tokenId === tokenId &&
        incident.endUser === endUser &&
        incident.response === 'suspend' &&
        incident.state !== 'dismissed',
    ).length
  }

  async addExemption(exemption: Exemption): Promise<void> {
    this.#check('addExemption')
    this.held.set(exemption.id, exemption)
  }

  async removeExemption(id: string): Promise<boolean> {
    return this.held.delete(id)
  }

  async exemptions(at: number): Promise<readonly Exemption[]> {
    this.#check('exemptions')
    return [...this.held.values()].filter(({ expiresAt }) => expiresAt > at)
  }

  async saveProfiles(profiles: readonly AbuseProfile[]): Promise<void> {
    this.#check('saveProfiles')
    this.writes.push(profiles.length)
    for (const profile of profiles) this.saved.set(profile.tokenId, profile)
  }

  async profiles(after: string, limit: number): Promise<readonly AbuseProfile[]> {
    this.#check('profiles')
    const ids = [...this.saved.keys()].filter((id) => id > after).sort()
    return ids.slice(0, limit).flatMap((id) => this.saved.get(id) ?? [])
  }

  async prune(): Promise<number> {
    return 0
  }
}

/** Watchers that count calls, and find in each token what the test lays down. */
export class FakeWatchers {
  readonly found = new Map<string, Observation[]>()
  /** p99 of ten minutes; undefined: the token has no past. */
  usual: number | undefined = 120
  readonly make = (saved: Readonly<Record<string, unknown>>): Watchers => {
    let [calls, tokenId] = isCount(saved.volume) ? saved.volume : [0, '']
    const volume = {
      observe: (event: CallEvent) => {
        if (event.operation === 'broken') throw new Error('a watcher broke')
        tokenId = event.tokenId
        calls++
      },
      look: () => this.found.get(tokenId) ?? [],
      save: () => [calls, tokenId],
      usualRequests: () => this.usual,
    }
    const quiet = { observe: () => undefined, look: () => [], save: () => null }
    const list = () => [
      { prefix: '192.0.2.0/24', client: 'curl', country: null, firstSeen: 1, lastSeen: 2, calls },
    ]
    return { volume, sources: { ...quiet, list }, behaviour: quiet }
  }
}

function isCount(saved: unknown): saved is [number, string] {
  return Array.isArray(saved) && typeof saved[0] === 'number' && typeof saved[1] === 'string'
}

/** A call as most are. */
export function call(tokenId: string, at: number, more: Partial<CallEvent> = {}): CallEvent {
  return {
    at,
    tokenId,
    userId: `user-of-${tokenId}`,
    kind: 'server',
    endUser: '',
    plan: '',
    operation: 'chat.openai',
    modality: 'chat',
    model: 'MiniMax-M2',
    outcome: 'ok',
    refusal: null,
    providerCode: 0,
    charged: 1_000n,
    bytesIn: 100,
    contentHash: 0,
    address: '192.0.2.7',
    userAgent: 'curl/8.0',
    ...more,
  }
}

/** What a watcher finds. */
export function seen(signal: Signal, strength: number): Observation {
  return { signal, strength, evidence: { count: 7 } }
}

interface WorldOptions {
  readonly store?: MemoryIncidents
  readonly settings?: Partial<GuardOptions['settings']>
  /** Makes other watchers than the fake ones. */
  readonly make?: GuardOptions['make']
  readonly makeOfEndUser?: GuardOptions['make']
}

/** A guard with a store, watchers and actions that tell what they were asked. */
export class World {
  readonly clock = { time: START, now: (): number => this.clock.time }
  readonly store: MemoryIncidents
  readonly watchers = new FakeWatchers()
  /** What was done: `throttle a 12`, `suspend a`. */
  readonly done: string[] = []
  readonly notices: string[] = []
  readonly counted: string[] = []
  readonly changes: string[] = []
  readonly errors: unknown[] = []
  cross: Finding[] = []
  /** Actions that reject. */
  refusing = false
  readonly guard: Guard

  constructor(given: WorldOptions = {}) {
    const { store = new MemoryIncidents(), settings, make = this.watchers.make } = given
    const { makeOfEndUser = make } = given
    this.store = store
    this.guard = createGuard({
      store,
      clock: this.clock,
      settings: { response: 'suspend', shadow: [], ...settings },
      retentionMs: 90 * DAY,
      make,
      makeOfEndUser,
      cross: [{ observe: () => undefined, look: () => this.cross }],
      actions: {
        throttle: (who, rate) => this.done.push(`throttle ${watchedKey(who)} ${rate}`),
        unthrottle: (who) => this.done.push(`unthrottle ${watchedKey(who)}`),
        suspend: async (who) => this.#act(`suspend ${watchedKey(who)}`),
        reinstate: async (who) => this.#act(`reinstate ${watchedKey(who)}`),
      },
      notice: ({ tokenId, response }, kind) => this.notices.push(`${kind} ${tokenId} ${response}`),
      changed: ({ tokenId, state, response }) => this.changes.push(`${tokenId} ${state} ${response}`),
      count: (signal, response) => this.counted.push(`${signal} ${response}`),
      failed: (error) => this.errors.push(error),
      networkOf: (address) => ({ prefix: '192.0.2.0/24', isExempt: address === '198.51.100.1' }),
      tokensOf: async () => ['a', 'b'],
      // Rounds are the test's own business.
      timer: () => () => undefined,
    })
  }

  #act(what: string): void {
    if (this.refusing) throw new Error(`refused: ${what}`)
    this.done.push(what)
  }

  /** A token is used, its watchers find this much, and the guard looks. */
  async finds(tokenId: string, ...found: Observation[]): Promise<void> {
    this.watchers.found.set(tokenId, found)
    this.guard.observe(call(tokenId, this.clock.time))
    await this.guard.look()
  }

  /** Time passes without a look. */
  passes(milliseconds: number): void {
    this.clock.time += milliseconds
  }

  /** The newest incident of a token. */
  incidentOf(tokenId: string): Incident | undefined {
    return [...this.store.incidents.values()].filter((incident) => incident.tokenId === tokenId).at(-1)
  }
}
