import type { TaskTally } from './labels.ts'

/** What is asked of others whenever Prometheus reads. */
export interface Watched {
  /** Money in nano-units. */
  held: () => { readonly money: bigint; readonly holds: number }
  tasks: () => Promise<readonly TaskTally[]>
  isDraining: () => boolean
  /** Tokens that are about to end. */
  expiring: () => number
}

/** As it is until somebody is there to be asked. */
export function nothingWatched(): Watched {
  return {
    held: () => ({ money: 0n, holds: 0 }),
    tasks: () => Promise.resolve([]),
    isDraining: () => false,
    expiring: () => 0,
  }
}
