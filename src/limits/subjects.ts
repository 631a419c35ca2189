import { Chain } from '../lib/chain.ts'
import type { Subject } from './limiter.ts'
import { SubjectState } from './subject-state.ts'

/**
 * The subjects that are in memory: so many at the most, the least recently used forgotten first, unless something of theirs
 * is under way. What is forgotten is loaded from the books when it is needed; of rates, the last minute is lost.
 */
export class Subjects {
  readonly #most: number
  readonly #users = new Map<string, SubjectState>()
  readonly #tokens = new Map<string, SubjectState>()
  readonly #idle = new Chain<SubjectState>()

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#users.size + this.#tokens.size
  }

  find(kind: Subject['kind'], id: string): SubjectState | undefined {
    return this.#of(kind).get(id)
  }

  /** @returns a state that stays until the next `trim`, or as long as it is pinned */
  get(kind: Subject['kind'], id: string): SubjectState {
    const known = this.find(kind, id)
    if (known !== undefined) return known
    const state = new SubjectState(kind, id)
    state.idle = this.#idle.push(state)
    this.#of(kind).set(id, state)
    return state
  }

  #of(kind: Subject['kind']): Map<string, SubjectState> {
    return kind === 'user' ? this.#users : this.#tokens
  }

  /** Something of it is under way. */
  pin(state: SubjectState): void {
    state.pins++
    if (state.idle === null) return
    this.#idle.remove(state.idle)
    state.idle = null
  }

  unpin(state: SubjectState): void {
    state.pins--
    if (state.pins > 0) return
    state.idle = this.#idle.push(state)
    this.trim()
  }

  /** It was used just now. */
  touch(state: SubjectState): void {
    if (state.idle === null) return
    this.#idle.remove(state.idle)
    state.idle = this.#idle.push(state)
  }

  /** Forgets what is too much. */
  trim(): void {
    while (this.size > this.#most) {
      const oldest = this.#idle.first
      if (oldest?.idle === undefined || oldest.idle === null) return
      this.#idle.remove(oldest.idle)
      this.#of(oldest.kind).delete(oldest.id)
    }
  }
}
