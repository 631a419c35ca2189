import type { Clock } from '../lib/clock.ts'
import type { KeyNews, KeyWant } from './key-codes.ts'
import type { KeySlot } from './key-slot.ts'
import type { UpstreamKey } from './key.ts'

/**
 * A call has a key, from before it is sent until it is over. Whoever takes one ends it, on every path; a second end is
 * nothing.
 */
export class KeyUse {
  readonly #slot: KeySlot
  readonly #want: KeyWant
  readonly #clock: Clock
  readonly #startedAt: number
  #giveBack: (() => void) | null
  #isOver = false

  /** Counts from here on. */
  constructor(slot: KeySlot, want: KeyWant, clock: Clock) {
    this.#slot = slot
    this.#want = want
    this.#clock = clock
    this.#startedAt = clock.monotonic()
    const isTrial = slot.standing(want, this.#startedAt) === 'trial'
    this.#giveBack = isTrial ? slot.health.beginTrial(want.modality) : null
    slot.inflight++
  }

  get key(): UpstreamKey {
    return this.#slot
  }

  /** Whether it may still be sent: while a call waited, the key may have been found to be bad, or taken away. */
  get isGood(): boolean {
    if (this.#slot.isRemoved) return false
    return this.#giveBack !== null || this.#slot.standing(this.#want, this.#clock.monotonic()) !== 'out'
  }

  /** MiniMax has answered. */
  heard(news: KeyNews): void {
    this.#slot.heard(news, this.#want, this.#startedAt)
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#slot.inflight--
    this.#giveBack?.()
  }
}
