import { Costs } from './behaviour-costs.ts'
import { Denials } from './behaviour-denials.ts'
import { ErrorMix } from './behaviour-errors.ts'
import { Probes } from './behaviour-probe.ts'
import { Repeats } from './behaviour-repeats.ts'
import type { CallEvent } from './event.ts'
import type { SourceReader } from './source.ts'
import { fieldOf } from './volume-codec.ts'
import type { Background, Observation, Watcher } from './watcher.ts'

const VERSION = 1

/** How one token is used: what it fails at, tries, repeats, and spends its money on. */
export class Behaviour implements Watcher {
  readonly #errors: ErrorMix
  readonly #denials = new Denials()
  readonly #costs: Costs
  readonly #probes: Probes
  readonly #repeats: Repeats

  /** @param saved what `save` gave; anything else is nothing */
  constructor(reader: SourceReader, saved?: unknown) {
    const past = fieldOf(saved, 'version') === VERSION ? saved : undefined
    this.#errors = new ErrorMix().load(fieldOf(past, 'errors'))
    this.#costs = new Costs().load(fieldOf(past, 'costs'))
    this.#probes = new Probes(reader).load(fieldOf(past, 'probes'))
    this.#repeats = new Repeats().load(fieldOf(past, 'repeats'))
  }

  observe(event: CallEvent): void {
    const cost = Math.max(0, Number(event.charged))
    this.#errors.observe(event)
    this.#denials.observe(event)
    // Before the costs: a call is compared with those before it.
    this.#probes.observe(event, this.#costs, cost)
    this.#costs.observe(event, cost)
    this.#repeats.observe(event)
  }

  /** Says what is unlike the token. */
  look(background: Background): readonly Observation[] {
    const single = [this.#errors, this.#denials, this.#probes].map((part) => part.look(background))
    const found = single.filter((observation) => observation !== undefined)
    return [...found, ...this.#costs.look(background.now), ...this.#repeats.look(background.now)]
  }

  /** Everything but the ten minutes of denials. */
  save(): unknown {
    return {
      version: VERSION,
      errors: this.#errors.save(),
      costs: this.#costs.save(),
      probes: this.#probes.save(),
      repeats: this.#repeats.save(),
    }
  }
}

/** A token's behaviour from what `save` gave; anything else is nothing. */
export function loadBehaviour(saved: unknown, reader: SourceReader): Behaviour {
  return new Behaviour(reader, saved)
}
