import { DEAR, type Costs } from './behaviour-costs.ts'
import type { CallEvent } from './event.ts'
import { DAY_MS, HOUR_MS, IDENTITY_KINDS, MINUTE_MS, numbersOf } from './source-times.ts'
import type { SourceReader } from './source.ts'
import { fieldOf, isAmount } from './volume-codec.ts'
import type { Background, Observation } from './watcher.ts'

/** Networks that are remembered. A token that has had more is used from everywhere, and a new one says nothing. */
const KEPT = 128
/** What follows a probe so soon belongs to it. */
const AFTER_MS = 30 * MINUTE_MS
const SAID_MS = HOUR_MS
/** A call that asks for so little does not want the answer, but whether there is one. */
const TINY_BYTES = 200
const TINY_COST = 0.05
const DEAR_COST = 10

/** Notices that somebody tries whether a token works, from a network that is new to it, and then spends. */
export class Probes {
  readonly #reader: SourceReader
  #seen = new Set<number>()
  #isEverywhere = false
  #probedAt = -Infinity
  #network = 0
  #foundAt = 0
  #address = ''

  constructor(reader: SourceReader) {
    this.#reader = reader
  }

  /** @param costs as they were before this call @param cost of this call, in nano-units */
  observe(event: CallEvent, costs: Costs, cost: number): void {
    const { at, address } = event
    if (this.#isEverywhere || !IDENTITY_KINDS.has(event.kind)) return
    const isProbed = at - this.#probedAt <= AFTER_MS
    if (address === this.#address && !isProbed) return
    this.#address = address
    const { hash, isExempt } = this.#reader.network(address)
    if (isExempt) return
    if (!this.#seen.has(hash)) this.#meet(event, hash, costs, cost)
    else if (isProbed && hash === this.#network && isDear(event, costs, cost)) this.#foundAt = at
  }

  #meet(event: CallEvent, hash: number, costs: Costs, cost: number): void {
    this.#seen.add(hash)
    if (this.#seen.size > KEPT) {
      this.#isEverywhere = true
      this.#seen.clear()
      return
    }
    // Whoever has just got a token tries it too.
    const isOld = costs.since !== 0 && event.at - costs.since >= DAY_MS
    if (!isOld || !isProbe(event, costs, cost)) return
    this.#probedAt = event.at
    this.#network = hash
  }

  look({ now }: Background): Observation | undefined {
    if (this.#foundAt === 0 || now - this.#foundAt >= SAID_MS) return undefined
    const evidence = {
      seconds_after_probe: Math.max(0, Math.round((this.#foundAt - this.#probedAt) / 1_000)),
    }
    return { signal: 'probe_sequence', strength: 0.5, evidence }
  }

  /** As JSON. */
  save(): unknown {
    const probed = Number.isFinite(this.#probedAt) ? this.#probedAt : 0
    const now = [probed, this.#network, this.#foundAt]
    return { seen: [...this.#seen], everywhere: this.#isEverywhere, now }
  }

  /** Takes back what `save` gave; anything else is nothing. */
  load(saved: unknown): this {
    const now = numbersOf(fieldOf(saved, 'now'), 3)
    if (now.length !== 3 || !now.every(isAmount)) return this
    const [probedAt = 0, network = 0, foundAt = 0] = now
    this.#probedAt = probedAt
    this.#network = network
    this.#foundAt = foundAt
    this.#isEverywhere = fieldOf(saved, 'everywhere') === true
    this.#seen = new Set(numbersOf(fieldOf(saved, 'seen'), KEPT))
    return this
  }
}

function isProbe({ outcome, bytesIn }: CallEvent, costs: Costs, cost: number): boolean {
  if (outcome === 'caller_invalid' || outcome === 'provider_rejected' || outcome === 'caller_forbidden')
    return true
  return bytesIn > 0 && bytesIn < TINY_BYTES && cost < TINY_COST * costs.mean
}

function isDear({ modality, outcome, at }: CallEvent, costs: Costs, cost: number): boolean {
  if (outcome !== 'ok') return false
  if (DEAR.includes(modality) && !costs.isUsual(modality, at)) return true
  return costs.mean > 0 && cost > DEAR_COST * costs.mean
}
