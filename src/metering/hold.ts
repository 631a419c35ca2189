import type { GatewayError } from '../errors.ts'
import type { Usage } from '../minimax/units.ts'

/** Money and units, in nano-units of the currency and native units. */
export interface Amounts {
  readonly charged: bigint
  readonly usage: Usage
}

/** What a call needs from now on, with what it had before. */
export interface MoreAmounts extends Amounts {
  /** A model that it has named only now: its own limits count from here on, beside those of models named before. */
  readonly model?: string | undefined
}

/** What a call has taken of its caller's limits. Limits keep it; metering knows no more of it than this. */
export interface CallHold {
  /** @param most all that the call needs from now on. @param done with an error when there is not so much: nothing changed, and it has to end */
  extend(most: MoreAmounts, done: (error: GatewayError | null) => void): void
  /** The call is over and did cost this. @param settled.at when, as the ledger has it */
  settle(settled: Amounts & { readonly at: number }): void
  /** The call is over and cost nothing. @param isRefunded it does not count as a call at all */
  release(isRefunded: boolean): void
  /** The call is over, its task goes on. @param most what that costs */
  keep(most: Amounts): void
}
