import type { Clock } from '../lib/clock.ts'
import { bucketAt } from './window.ts'

/** One moment by both clocks, so that everything that a call takes is taken at the same one. */
export interface Moment {
  /** Milliseconds since the Unix epoch: which periods it is in. */
  readonly now: number
  /** Milliseconds of the monotonic clock: what counts as the last minute. */
  readonly monotonic: number
  readonly bucket: number
}

/** This moment. */
export function momentBy(clock: Clock): Moment {
  const monotonic = clock.monotonic()
  return { now: clock.now(), monotonic, bucket: bucketAt(monotonic) }
}
