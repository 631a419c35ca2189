import type { RefusalCode } from '../errors.ts'
import type { CallEvent } from './event.ts'
import { MINUTE_MS } from './source-times.ts'
import type { Background, Observation } from './watcher.ts'

/** Refusals that say: this token may not do that. */
const DENIALS: ReadonlySet<RefusalCode> = new Set<RefusalCode>(['operation_forbidden', 'model_forbidden'])

const SPAN_MS = 10 * MINUTE_MS
/** Different things that are too many: one is a mistake in a program, six are a search. */
const MANY = 6
const KEPT = 32
/** Names beyond this length are alike: callers write them. */
const NAME_LENGTH = 64

/** Notices a token that tries many operations and models which it may not use. Ten minutes: nothing is saved. */
export class Denials {
  /** When each was last denied. The one denied the longest ago stands first. */
  readonly #denied = new Map<string, number>()

  observe({ at, refusal, operation, model }: CallEvent): void {
    if (refusal === null || !DENIALS.has(refusal)) return
    const name = `${operation} ${model.slice(0, NAME_LENGTH)}`
    this.#denied.delete(name)
    this.#denied.set(name, at)
    for (const oldest of this.#denied.keys()) if (this.#denied.size > KEPT) this.#denied.delete(oldest)
  }

  look({ now }: Background): Observation | undefined {
    for (const [name, at] of this.#denied) if (now - at >= SPAN_MS) this.#denied.delete(name)
    const different = this.#denied.size
    if (different < MANY) return undefined
    const strength = different >= 2 * MANY ? 0.75 : 0.5
    return { signal: 'denials', strength, evidence: { different } }
  }
}
