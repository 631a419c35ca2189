import { Recent } from './behaviour-recent.ts'
import type { CallEvent } from './event.ts'
import { HOUR_MS, MINUTE_MS, numbersOf } from './source-times.ts'
import { fieldOf, isAmount } from './volume-codec.ts'
import type { Observation } from './watcher.ts'

const SPAN_MS = 10 * MINUTE_MS
/** Different contents that are counted at a time (Misra and Gries, 1982): those that make up more than a ninth are found. */
const COUNTERS = 8
const SAME = 30
const SAME_MANY = 120
const FOREIGN = 5
const FOREIGN_MANY = 20
const REFUSED = 10
/** Above a token's own worst day, or its own share. */
const ABOVE = 3
const SHARE_ABOVE = 5
const [PRIOR_REFUSED, PRIOR_CALLS] = [1, 200]
const INPUT_SENSITIVE = 1026
const OUTPUT_SENSITIVE = 1027
/** Calls fade by the thousand: a share is of about the last 20,000. */
const MEMORY = 20_000

/** Counts what comes again and again: the same content, objects that are not there, contents that MiniMax refuses. */
export class Repeats {
  readonly #counters = new Map<number, number>()
  #span = -1
  /** The most of one content in the span before, and the most of the days before. */
  #same = 0
  #usualSame = 0
  readonly #foreign = new Recent(SPAN_MS)
  readonly #refused = new Recent(HOUR_MS)
  readonly #hour = new Recent(HOUR_MS)
  #calls = 0
  #allRefused = 0

  observe({ at, contentHash, refusal, providerCode }: CallEvent): void {
    this.#turn(at)
    if (contentHash !== 0) this.#countSame(contentHash)
    if (refusal === 'object_not_found') this.#foreign.add(at)
    this.#hour.add(at)
    this.#calls++
    if (providerCode === INPUT_SENSITIVE || providerCode === OUTPUT_SENSITIVE) {
      this.#refused.add(at)
      this.#allRefused++
    }
    if (this.#calls < MEMORY) return
    this.#calls /= 2
    this.#allRefused /= 2
  }

  #turn(at: number): void {
    const span = Math.floor(at / SPAN_MS)
    if (span <= this.#span) return
    const most = Math.max(0, ...this.#counters.values())
    this.#same = span === this.#span + 1 ? most : 0
    // A health check that always asks the same is usual after a while; what is rare fades in a week (1,008 spans).
    this.#usualSame = Math.max(this.#usualSame * 0.999, Math.min(most, this.#usualSame + 1))
    this.#counters.clear()
    this.#span = span
  }

  #countSame(hash: number): void {
    const count = this.#counters.get(hash)
    if (count !== undefined) this.#counters.set(hash, count + 1)
    else if (this.#counters.size < COUNTERS) this.#counters.set(hash, 1)
    else {
      for (const [other, least] of this.#counters) {
        if (least <= 1) this.#counters.delete(other)
        else this.#counters.set(other, least - 1)
      }
    }
  }

  /** What was too much by now. */
  look(now: number): readonly Observation[] {
    this.#turn(now)
    return [this.#repetition(), this.#foreignObjects(now), this.#contentRefusals(now)].filter(
      (found) => found !== undefined,
    )
  }

  #repetition(): Observation | undefined {
    const same = Math.max(this.#same, ...this.#counters.values())
    if (same < Math.max(SAME, ABOVE * this.#usualSame)) return undefined
    return { signal: 'repetition', strength: same >= SAME_MANY ? 0.5 : 0.25, evidence: { same } }
  }

  #foreignObjects(now: number): Observation | undefined {
    const count = this.#foreign.count(now)
    if (count < Math.max(FOREIGN, ABOVE * this.#foreign.usualMost)) return undefined
    return { signal: 'foreign_objects', strength: count >= FOREIGN_MANY ? 0.5 : 0.25, evidence: { count } }
  }

  #contentRefusals(now: number): Observation | undefined {
    const refused = this.#refused.count(now)
    if (refused < REFUSED) return undefined
    const before = Math.max(0, this.#allRefused - refused) + PRIOR_REFUSED
    const usual = before / (Math.max(0, this.#calls - this.#hour.count(now)) + PRIOR_CALLS)
    if (refused <= SHARE_ABOVE * usual * this.#hour.count(now)) return undefined
    const evidence = { refused, usual_percent: Math.round(usual * 1_000) / 10 }
    return { signal: 'content_refusals', strength: 0.5, evidence }
  }

  /** As JSON. Of contents only how often the same came is saved. */
  save(): unknown {
    return {
      usual: [this.#usualSame, this.#calls, this.#allRefused],
      foreign: this.#foreign.save(),
      refused: this.#refused.save(),
      hour: this.#hour.save(),
    }
  }

  /** Takes back what `save` gave; anything else is nothing. */
  load(saved: unknown): this {
    const usual = numbersOf(fieldOf(saved, 'usual'), 3)
    if (usual.length !== 3 || !usual.every(isAmount)) return this
    const [same = 0, calls = 0, refused = 0] = usual
    this.#usualSame = same
    this.#calls = calls
    this.#allRefused = refused
    this.#foreign.load(fieldOf(saved, 'foreign'))
    this.#refused.load(fieldOf(saved, 'refused'))
    this.#hour.load(fieldOf(saved, 'hour'))
    return this
  }
}
