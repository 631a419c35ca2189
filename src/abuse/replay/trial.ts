import type { Cohorts } from '../cohorts.ts'
import { loadVolume, Volume, WINDOW_MS } from '../volume.ts'
import { DAY } from '../volume-rules.ts'
import type { Client } from './traffic.ts'

/** Windows of a week: the first is learnt from, the second judged. */
export const WEEK = 7 * DAY

/** What a request costs in the replay, in nano-units: money then tells the same as requests, by its own rules. */
const PRICE = 1_000_000

/** Rules that spoke at the end of a window, by name; a rule on a token without a past of its own ends in `_of_plan`. */
export type Spoken = readonly string[]

/** A client as the detector meets it, window by window. */
class Run {
  readonly volume: Volume
  readonly #client: Client

  constructor(client: Client, volume: Volume) {
    this.#client = client
    this.volume = volume
  }

  /** @param added requests beside the client's own @returns the rules that speak when the window is over */
  step(window: number, added = 0): Spoken {
    const requests = (this.#client.requests[window] ?? 0) + added
    if (requests > 0) {
      const money = requests * PRICE
      this.volume.count({ at: window * WINDOW_MS, plan: '', requests, money })
    }
    return this.volume.rules((window + 1) * WINDOW_MS).map(({ evidence }) => String(evidence.rule))
  }
}

/** How a client's second week went without an attack, with what is needed to begin one in it. */
export interface Baseline {
  /** For each window of the second week. */
  readonly spoken: readonly Spoken[]
  /** What the detector knew at the beginning of some windows. */
  readonly known: ReadonlyMap<number, unknown>
}

/**
 * Replays a client as it was.
 * @param starts windows at whose beginning an attack may start
 * @param until the window before which it ends
 */
export function replayAsItWas(
  client: Client,
  cohorts: Cohorts,
  starts: ReadonlySet<number>,
  until = 2 * WEEK,
): Baseline {
  const run = new Run(client, new Volume(cohorts))
  const spoken: Spoken[] = []
  const known = new Map<number, unknown>()
  for (let window = 0; window < until; window++) {
    if (starts.has(window)) known.set(window, run.volume.save())
    const said = run.step(window)
    if (window >= WEEK) spoken.push(said)
  }
  return { spoken, known }
}

/**
 * Replays 24 hours with an attack.
 * @param attack with what the detector knew at its beginning, and the requests that it adds to every window
 * @returns of each rule that spoke: after how many windows, at least 1
 */
export function replayAttack(
  client: Client,
  cohorts: Cohorts,
  attack: { readonly start: number; readonly known: unknown; readonly added: number },
): ReadonlyMap<string, number> {
  const run = new Run(client, loadVolume(attack.known, cohorts))
  const after = new Map<string, number>()
  for (let passed = 1; passed <= DAY; passed++) {
    for (const rule of run.step(attack.start + passed - 1, attack.added)) {
      if (!after.has(rule)) after.set(rule, passed)
    }
  }
  return after
}
