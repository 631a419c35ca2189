import { heldCostOf, type Cost } from './amounts.ts'
import type { Kept } from './limiter.ts'
import type { SubjectState } from './subject-state.ts'
import type { Subjects } from './subjects.ts'

/** One call whose task goes on, and for whom it is held. */
interface KeptCall {
  readonly cost: Cost
  readonly states: readonly SubjectState[]
}

/** Calls that are over and hold money and units for their tasks. */
export class KeptCalls {
  readonly #subjects: Subjects
  readonly #calls = new Map<string, KeptCall>()
  #held = 0n

  constructor(subjects: Subjects) {
    this.#subjects = subjects
  }

  get size(): number {
    return this.#calls.size
  }

  /** Money, in nano-units. */
  get held(): bigint {
    return this.#held
  }

  /** Holds it for all of its owners, limited or not: they may come to be. One that is kept already stays as it is. */
  keep(kept: Kept): void {
    if (this.#calls.has(kept.requestId)) return
    const states = this.#subjects.all(kept)
    const cost = heldCostOf(kept)
    for (const state of states) {
      this.#subjects.pin(state)
      state.held.add(cost)
    }
    this.#calls.set(kept.requestId, { cost, states })
    this.#held += kept.charged
    this.#subjects.trim()
  }

  /** It is held no longer. Where nothing is kept under that id, nothing happens. */
  end(requestId: string): void {
    const call = this.#calls.get(requestId)
    if (call === undefined) return
    this.#calls.delete(requestId)
    this.#held -= call.cost.charged
    for (const state of call.states) {
      state.held.subtract(call.cost)
      this.#subjects.unpin(state)
    }
  }
}
