/** How much is used over some time, said in one number. */
export interface Horizon {
  readonly name: string
  /** Windows of ten minutes. */
  readonly windows: number
  /**
   * `sum`: all of it. `floor`: what all windows reach, but a few of the lowest. Bursts leave the
   * floor low; somebody who uses the token beside its owner lifts it.
   */
  readonly kind: 'floor' | 'sum'
  /** How many windows may be lower than the floor. */
  readonly spared: number
  /**
   * It is too much above `times` × the highest of the past, and above `usual` × the windows' own p99 (of a sum: for each
   * window) + `past` × the highest of the past: an addition stands out by its size, whether the token's own use is even
   * (then `times` decides) or comes in bursts (then `usual`).
   */
  readonly times: number
  readonly usual: number
  readonly past: number
}

/** Windows of ten minutes in a day. */
export const DAY = 144

/**
 * The horizons of the envelope. The numbers were chosen on half of the clients of a public trace, forward, backward and
 * with its weeks changed round; docs/abuse.md has what they reach on the other half.
 */
export const HORIZONS = [
  { name: '20m', windows: 3, kind: 'floor', spared: 1, times: 2, usual: 5, past: 0 },
  { name: '30m', windows: 3, kind: 'floor', spared: 0, times: 2, usual: 2.8, past: 0 },
  { name: '1h', windows: 6, kind: 'sum', spared: 0, times: 4, usual: 2, past: 0 },
  { name: '6h', windows: 36, kind: 'floor', spared: 3, times: 1.8, usual: 0.9, past: 1 },
  { name: '12h', windows: 72, kind: 'floor', spared: 7, times: 1.9, usual: 0.7, past: 0.8 },
  { name: '24h', windows: DAY, kind: 'floor', spared: 14, times: 1.4, usual: 0.42, past: 0.7 },
  { name: 'day', windows: DAY, kind: 'sum', spared: 0, times: 3, usual: 0.8, past: 1 },
] as const satisfies readonly Horizon[]

export type HorizonName = (typeof HORIZONS)[number]['name']

/**
 * The most that is still usual.
 * @param p99 of the token's active windows
 * @param highest of this horizon, in the past
 */
export function limitOf(horizon: Horizon, p99: number, highest: number): number {
  const each = horizon.kind === 'sum' ? horizon.windows : 1
  return Math.max(horizon.times * highest, horizon.usual * each * p99 + horizon.past * highest)
}

/** @param ratio of what was used to the most that is usual, 1 or more @returns 0.5 at 1, 1 from 4 on */
export function strengthOf(ratio: number): number {
  return Math.min(1, 0.5 + 0.25 * Math.log2(ratio))
}

/** Whoever is judged by what others do is judged mildly. @returns 0.25 at 1, 0.49 from 8 on */
export function coldStrengthOf(ratio: number): number {
  return Math.min(0.49, 0.25 + 0.08 * Math.log2(ratio))
}
