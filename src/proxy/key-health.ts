import type { Clock } from '../lib/clock.ts'
import { PLAN_USED_UP, verdictOf, type KeyNews, type KeyWant } from './key-codes.ts'

/**
 * How a key stands: `usable`; `cooling`: MiniMax asked for less, so that others are used first; `doubted`: MiniMax did not
 * know it once, and is being asked; `invalid`: that was confirmed; `spent`: no balance, or its plan is used up;
 * `disabled`: by the operator.
 */
export const KEY_STATES = ['usable', 'cooling', 'doubted', 'invalid', 'spent', 'disabled'] as const

export type KeyState = (typeof KEY_STATES)[number]

/**
 * Whether a call may have a key: `usable`; `trial`: one call, to see whether it works again; `last`: where there is no
 * other; `out`: not at all.
 */
export type Standing = 'usable' | 'trial' | 'last' | 'out'

/** What is to be found out of a key by a question that costs nothing. */
export type ProbeKind = 'key' | 'balance'

/** What a question said: the key (or its balance) is there, is not, or nobody knows. */
export type ProbeResult = 'good' | 'bad' | 'unknown'

/** Why a key is not used. Times are of the monotonic clock. */
interface Fault {
  readonly since: number
  /** When MiniMax last said so: what was sent before that tells nothing new. */
  toldAt: number
  tries: number
  /** When it is tried again. */
  nextAt: number
  isOnTrial: boolean
  /** The question that comes before the trial; null: it was answered, or there is none. */
  probe: ProbeKind | null
}

/** Scope of a fault that is not of one modality. */
const EVERYTHING = '*'

/** Retries come after 1, 2, 4 … and at the most so many times the setting. */
const MOST_TIMES = 30
const SHORTEST_COOLING = 1_000
const LONGEST_COOLING = 60_000
/** A limit that comes back within so long after the last one is the same one. */
const SAME_LIMIT_MS = 60_000
const NO_BALANCE = 1008

const WORST: readonly Standing[] = ['usable', 'trial', 'last', 'out']

function worse(one: Standing, other: Standing): Standing {
  return WORST.indexOf(one) > WORST.indexOf(other) ? one : other
}

/** What MiniMax's answers say about one key. Knows nothing of other keys. */
export class KeyHealth {
  readonly #clock: Clock
  readonly #retryMs: number
  #cooling: { toldAt: number; until: number; step: number } | null = null
  /** MiniMax does not know the key, by its own word or by a question of ours. */
  #wrong: (Fault & { isConfirmed: boolean }) | null = null
  readonly #spent = new Map<string, Fault>()
  /** How often it was doubted since a call last worked: one that a question alone proves good is not asked about for ever. */
  #doubts = 0
  #changedAt: number

  /** @param retryMs until the first retry; 0: a refused key is used when there is no other */
  constructor(clock: Clock, retryMs: number) {
    this.#clock = clock
    this.#retryMs = retryMs
    this.#changedAt = clock.now()
  }

  /** Whether a call may have it now. */
  standing({ modality, costs }: Pick<KeyWant, 'modality' | 'costs'>, now: number): Standing {
    let standing: Standing = this.#cooling !== null && now < this.#cooling.until ? 'last' : 'usable'
    if (this.#wrong !== null) standing = worse(standing, this.#wrong.isConfirmed ? this.#out() : 'last')
    if (!costs || this.#spent.size === 0) return standing
    for (const scope of [EVERYTHING, modality]) {
      const fault = this.#spent.get(scope)
      if (fault !== undefined) standing = worse(standing, this.#standingOf(fault, now))
    }
    return standing
  }

  #out(): Standing {
    return this.#retryMs === 0 ? 'last' : 'out'
  }

  #standingOf(fault: Fault, now: number): Standing {
    if (this.#retryMs === 0) return 'last'
    return now >= fault.nextAt && !fault.isOnTrial && fault.probe === null ? 'trial' : 'out'
  }

  /** When it comes back, by the monotonic clock; the past: it is not away. */
  readyAt(now: number): number {
    return this.#cooling !== null && now < this.#cooling.until ? this.#cooling.until : now
  }

  /** A call tries it. @returns gives the trial back, for when the call says nothing of the key */
  beginTrial(modality: string): () => void {
    const tried = [EVERYTHING, modality].flatMap((scope) => this.#spent.get(scope) ?? [])
    for (const fault of tried) fault.isOnTrial = true
    return () => {
      for (const fault of tried) fault.isOnTrial = false
    }
  }

  /** A call has ended. @param startedAt when it was given the key, by the monotonic clock */
  heard(news: KeyNews, want: Pick<KeyWant, 'modality' | 'costs'>, startedAt: number): void {
    const now = this.#clock.monotonic()
    switch (verdictOf(news)) {
      case 'works':
        this.#works(want, startedAt, now)
        return
      case 'wrong':
        this.#doubt(startedAt, now)
        return
      case 'spent':
        this.#spend(news, want.modality, startedAt, now)
        return
      case 'limited':
        this.#cool(news.retryAfterMs, startedAt, now)
        return
      case null:
    }
  }

  #works({ modality, costs }: Pick<KeyWant, 'modality' | 'costs'>, startedAt: number, now: number): void {
    this.#doubts = 0
    if (this.#wrong !== null && startedAt >= this.#wrong.toldAt) this.#change(() => (this.#wrong = null))
    if (this.#cooling !== null && startedAt >= this.#cooling.until && now >= this.#cooling.until)
      this.#cooling = null
    if (!costs || this.#spent.size === 0) return
    for (const scope of [EVERYTHING, modality]) {
      const fault = this.#spent.get(scope)
      if (fault !== undefined && startedAt >= fault.toldAt) this.#change(() => this.#spent.delete(scope))
    }
  }

  #doubt(startedAt: number, now: number): void {
    if (this.#wrong !== null) {
      if (startedAt >= this.#wrong.toldAt) this.#wrong.toldAt = now
      return
    }
    const nextAt = this.#doubts === 0 ? now : now + this.#delay(this.#doubts)
    this.#doubts++
    const probe = this.#retryMs === 0 ? null : ('key' as const)
    const fault = { since: now, toldAt: now, tries: 0, nextAt, isOnTrial: false, probe }
    this.#change(() => (this.#wrong = { ...fault, isConfirmed: false }))
  }

  #spend({ code }: KeyNews, modality: string, startedAt: number, now: number): void {
    const scope = code === PLAN_USED_UP ? modality : EVERYTHING
    const known = this.#spent.get(scope)
    if (known !== undefined && startedAt < known.toldAt) return
    const tries = (known?.tries ?? 0) + 1
    const probe = code === NO_BALANCE && this.#retryMs > 0 ? ('balance' as const) : null
    const nextAt = now + this.#delay(tries)
    const fault = { since: known?.since ?? now, toldAt: now, tries, nextAt, isOnTrial: false, probe }
    if (known === undefined) this.#change(() => this.#spent.set(scope, fault))
    else this.#spent.set(scope, fault)
  }

  /** Longer each time; what MiniMax asks for counts more. */
  #cool(askedMs: number | undefined, startedAt: number, now: number): void {
    const before = this.#cooling
    if (before !== null && startedAt < before.toldAt) return
    const isSame = before !== null && now < before.until + SAME_LIMIT_MS
    const step = isSame ? before.step + 1 : 0
    const ms = askedMs ?? SHORTEST_COOLING * 2 ** Math.min(step, 6)
    const until = now + Math.min(LONGEST_COOLING, Math.max(SHORTEST_COOLING, ms))
    this.#change(() => (this.#cooling = { toldAt: now, until, step }))
  }

  #delay(tries: number): number {
    return this.#retryMs * Math.min(MOST_TIMES, 2 ** (tries - 1))
  }

  #change(change: () => void): void {
    change()
    this.#changedAt = this.#clock.now()
  }

  /** The question that is due, and the fault that it is about. */
  #due(now: number): (Fault & { isConfirmed?: boolean }) | undefined {
    const faults = [this.#wrong, ...this.#spent.values()]
    return faults
      .filter((fault) => fault !== null)
      .find(({ probe, nextAt }) => probe !== null && nextAt <= now)
  }

  /** @returns what is to be asked about it now; null: nothing */
  probeDue(now: number): ProbeKind | null {
    return this.#due(now)?.probe ?? null
  }

  /** A question that was due is answered. An answer that tells nothing lets a trial begin where there is one. */
  probed(kind: ProbeKind, result: ProbeResult): void {
    const now = this.#clock.monotonic()
    const fault = this.#due(now)
    if (fault?.probe !== kind) return
    if (kind === 'balance' && result !== 'bad') {
      fault.probe = null
    } else if (result === 'good') {
      this.#change(() => (this.#wrong = null))
    } else {
      if (result === 'bad') fault.toldAt = now
      if (result === 'bad' && fault === this.#wrong && !this.#wrong.isConfirmed)
        this.#change(() => fault === this.#wrong && (this.#wrong.isConfirmed = true))
      fault.tries++
      fault.nextAt = now + this.#delay(fault.tries)
    }
  }

  /** How it stands now, for people and metrics. */
  get state(): KeyState {
    if (this.#wrong !== null) return this.#wrong.isConfirmed ? 'invalid' : 'doubted'
    if (this.#spent.size > 0) return 'spent'
    return this.#cooling !== null && this.#clock.monotonic() < this.#cooling.until ? 'cooling' : 'usable'
  }

  /** For which modalities its plan is used up; null: for all, or it is not spent. */
  get spentFor(): readonly string[] | null {
    return this.#spent.size === 0 || this.#spent.has(EVERYTHING) ? null : [...this.#spent.keys()]
  }

  /** Since when it stands so, in milliseconds of the Unix epoch; a cooling that is over is not told apart. */
  get since(): number {
    return this.#changedAt
  }
}
