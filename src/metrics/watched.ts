import type { TaskTally } from './labels.ts'

/** An upstream key and whether calls are sent with it now. */
export interface KeyState {
  /** The operator's name for it. */
  readonly name: string
  readonly isUp: boolean
}

/** What is asked of others whenever Prometheus reads. */
export interface Watched {
  /** Money in nano-units. */
  held: () => { readonly money: bigint; readonly holds: number }
  tasks: () => Promise<readonly TaskTally[]>
  keys: () => readonly KeyState[]
  isDraining: () => boolean
}

/** As it is until somebody is there to be asked. */
export function nothingWatched(): Watched {
  return {
    held: () => ({ money: 0n, holds: 0 }),
    tasks: () => Promise.resolve([]),
    keys: () => [],
    isDraining: () => false,
  }
}
