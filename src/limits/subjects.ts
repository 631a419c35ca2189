import { endUserKey } from '../call.ts'
import { Chain } from '../lib/chain.ts'
import type { Owners, SubjectKind } from './limiter.ts'
import { SubjectState } from './subject-state.ts'

/** Subjects of two kinds that share one bound. */
class Shelf {
  readonly #most: number
  readonly #first: SubjectKind
  readonly #ofFirst = new Map<string, SubjectState>()
  readonly #ofOther = new Map<string, SubjectState>()
  /** The least recently used first. */
  readonly idle = new Chain<SubjectState>()

  constructor(most: number, first: SubjectKind) {
    this.#most = most
    this.#first = first
  }

  of(kind: SubjectKind): Map<string, SubjectState> {
    return kind === this.#first ? this.#ofFirst : this.#ofOther
  }

  trim(): void {
    while (this.#ofFirst.size + this.#ofOther.size > this.#most) {
      const oldest = this.idle.first
      if (oldest?.idle === undefined || oldest.idle === null) return
      this.idle.remove(oldest.idle)
      this.of(oldest.kind).delete(oldest.id)
    }
  }
}

/**
 * The subjects that are in memory: so many at the most, the least recently used forgotten first, unless something of theirs
 * is under way. What is forgotten is loaded from the books when it is needed; of rates, the last minute is lost. Sessions
 * and end users have a bound of their own: whoever makes up new ones drives no user and no token out.
 */
export class Subjects {
  readonly #lasting: Shelf
  readonly #passing: Shelf

  /** @param most users and tokens. @param mostPassing sessions and end users */
  constructor(most: number, mostPassing: number) {
    this.#lasting = new Shelf(most, 'user')
    this.#passing = new Shelf(mostPassing, 'session')
  }

  find(kind: SubjectKind, id: string): SubjectState | undefined {
    return this.#of(kind).get(id)
  }

  /** Those for whom a call counts, as far as they are in memory. */
  known({ userId, tokenId, sessionId, endUser }: Owners): readonly SubjectState[] {
    const states: SubjectState[] = []
    const add = (state: SubjectState | undefined) => {
      if (state !== undefined) states.push(state)
    }
    add(this.find('user', userId))
    add(this.find('token', tokenId))
    if (sessionId !== '') add(this.find('session', sessionId))
    if (endUser !== '') add(this.find('end_user', endUserKey(userId, endUser)))
    return states
  }

  /** Those for whom a call counts, whether they are in memory or not; as with `get`. */
  all({ userId, tokenId, sessionId, endUser }: Owners): readonly SubjectState[] {
    return [
      this.get('user', userId),
      this.get('token', tokenId),
      ...(sessionId === '' ? [] : [this.get('session', sessionId)]),
      ...(endUser === '' ? [] : [this.get('end_user', endUserKey(userId, endUser))]),
    ]
  }

  /** @returns a state that stays until the next `trim`, or as long as it is pinned */
  get(kind: SubjectKind, id: string): SubjectState {
    const known = this.find(kind, id)
    if (known !== undefined) return known
    const state = new SubjectState(kind, id)
    state.idle = this.#shelfOf(kind).idle.push(state)
    this.#of(kind).set(id, state)
    return state
  }

  #shelfOf(kind: SubjectKind): Shelf {
    return kind === 'user' || kind === 'token' ? this.#lasting : this.#passing
  }

  #of(kind: SubjectKind): Map<string, SubjectState> {
    return this.#shelfOf(kind).of(kind)
  }

  /** Something of it is under way. */
  pin(state: SubjectState): void {
    state.pins++
    if (state.idle === null) return
    this.#shelfOf(state.kind).idle.remove(state.idle)
    state.idle = null
  }

  unpin(state: SubjectState): void {
    state.pins--
    if (state.pins > 0) return
    state.idle = this.#shelfOf(state.kind).idle.push(state)
    this.trim()
  }

  /** It was used just now. */
  touch(state: SubjectState): void {
    if (state.idle === null) return
    const { idle } = this.#shelfOf(state.kind)
    idle.remove(state.idle)
    state.idle = idle.push(state)
  }

  /** Forgets what is too much. */
  trim(): void {
    this.#lasting.trim()
    this.#passing.trim()
  }
}
