import { Counter } from './counter.ts'
import { END_OF_TIME } from './book.ts'
import type { Balance } from './limiter.ts'
import type { Reading } from './reading.ts'

/** What one user was given and what they were charged, since ever. */
export class CreditState {
  /** In nano-units; undefined: not known, or changed since it was read. */
  granted: bigint | undefined
  /** Under way while `granted` is read. */
  reading: Reading | null = null
  /** How often `granted` has changed. */
  changes = 0
  readonly charged = new Counter({ start: -END_OF_TIME, end: END_OF_TIME }, 0, false)

  /**
   * It is to be read anew. To add the amount here would count it twice when a reading had just found it in the store.
   */
  forget(): void {
    this.granted = undefined
    this.changes++
  }

  /** @param held nano-units @returns undefined while it is not known */
  balance(held: bigint): Balance | undefined {
    if (this.granted === undefined || !this.charged.isLoaded) return undefined
    const balance = this.granted - this.charged.used.money
    return { balance, held, available: balance - held }
  }
}
