import { MAX_MONEY, NANO } from '../lib/money.ts'
import { dearestOf, type Currency, type Facts, type PriceList, type Rates } from '../minimax/prices.ts'
import { isUnit, type Unit, type Usage } from '../minimax/units.ts'
import { NAMED_LATER } from './billing.ts'
import { priceBy, RateFinder } from './rates.ts'

/** What is to be priced. */
export interface WorstPriced {
  readonly operation: string
  /** '' where none was named, or not yet. */
  readonly model: string
  /** When the call began, in epoch milliseconds. */
  readonly at: number
  /** A prompt all as input tokens. */
  readonly usage: Usage
  readonly facts: Facts | undefined
}

/** What a token of a chat's prompt may be billed as: where writing to the cache costs more than input, all may be written. */
const PROMPT_UNITS = ['input_tokens', 'cache_write_tokens', 'cached_tokens'] as const satisfies Unit[]
const CACHED = 'chat.'

/** The most that a usage, or any part of it, may cost at list price. It finds and computes prices as billing does. */
export class WorstPrice {
  readonly #unknown: 'refuse' | 'ceiling'
  readonly #finder: RateFinder
  readonly #dearest = new WeakMap<Rates, Rates>()
  readonly #promptUnits = new WeakMap<Rates, readonly Unit[]>()

  /** @param unknown whether a call without a price is refused, or billed by the dearest prices of its modality */
  constructor(currency: Currency, unknown: 'refuse' | 'ceiling') {
    this.#unknown = unknown
    this.#finder = new RateFinder(currency)
  }

  /**
   * By the model's prices. What they do not say costs the dearest that they come to, and the dearest of the modality
   * where billing would take that, or the model is not named yet. Nothing, where the call will be refused for want of a
   * price. Never throws.
   * @returns nano-units
   */
  of(list: PriceList, { operation, model, at, usage, facts }: WorstPriced): bigint {
    const found = this.#finder.find(list, operation, model, at)
    let worst = 0n
    let isPriced = found !== null
    if (found !== null) {
      const { rates } = found
      const dear = withDearTier(rates, facts)
      for (const used of splits(usage, rates, this.#promptUnitsOf(operation, rates))) {
        const price = priceBy(rates, used, dear)
        if (price === null) isPriced = false
        worst = larger(worst, price === null ? this.#atDearest(rates, used) : amount(price))
      }
    }
    const mayBeCeiling = this.#unknown === 'ceiling' || (model === '' && NAMED_LATER.has(operation))
    if (isPriced || !mayBeCeiling) return worst
    const top = this.#finder.ceiling(list, operation, at)
    return top === null ? worst : larger(worst, part(top, usage))
  }

  /** The units that have to be tried for a prompt: the dearest alone, where that is plain to see. */
  #promptUnitsOf(operation: string, rates: Rates): readonly Unit[] {
    if (rates.free || !operation.startsWith(CACHED)) return []
    let units = this.#promptUnits.get(rates)
    if (units === undefined) {
      units = promptUnitsIn(rates)
      this.#promptUnits.set(rates, units)
    }
    return units
  }

  #atDearest(rates: Rates, usage: Usage): bigint {
    let dearest = this.#dearest.get(rates)
    if (dearest === undefined) {
      dearest = dearestOf(rates)
      this.#dearest.set(rates, dearest)
    }
    return part(dearest, usage)
  }
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

/** What has no price because it is too much is as dear as can be. */
function amount(price: bigint | readonly string[]): bigint {
  return typeof price === 'bigint' ? price : MAX_MONEY
}

/** The price of those units that have one. */
function part(rates: Rates, usage: Usage): bigint {
  const priced: Partial<Record<Unit, number>> = {}
  for (const [unit, quantity] of Object.entries(usage)) {
    if (isUnit(unit) && rates.prices.has(unit)) priced[unit] = quantity
  }
  return amount(priceBy(rates, priced, undefined) ?? 0n)
}

/** The answer may name another service tier than the request: a cheaper one is not counted on. */
function withDearTier(rates: Rates, facts: Facts | undefined): Facts | undefined {
  const factor = rates.serviceTiers.get(facts?.serviceTier ?? '')
  return factor === undefined || factor >= NANO ? facts : { ...facts, serviceTier: undefined }
}

/** Below the first tier: one unit where all have plain prices that nothing else decides about; else all of them. */
function promptUnitsIn({ prices, variants }: Rates): readonly Unit[] {
  const priced = PROMPT_UNITS.map((unit) => ({ unit, price: prices.get(unit) }))
  if (variants.length > 0 || priced.some(({ price }) => price?.free !== 0)) return PROMPT_UNITS
  const costs = priced.map(({ unit, price }) => ({ unit, nano: price?.nano ?? 0n, per: price?.per ?? 1n }))
  return [costs.reduce((top, one) => (one.nano * top.per > top.nano * one.per ? one : top)).unit]
}

/** The ways in which a usage may be told of which one is the dearest: prices are linear, from tier to tier. */
function splits(usage: Usage, rates: Rates, units: readonly Unit[]): readonly Usage[] {
  const { input_tokens: prompt = 0 } = usage
  if (prompt === 0 || units.length === 0) return [usage]
  const { input_tokens: _, ...rest } = usage
  const tiers = rates.tiers.filter(({ above }) => above < prompt)
  if (tiers.length === 0) return units.map((unit) => ({ [unit]: prompt, ...rest }))
  // A shorter prompt may fall into a dearer tier, and another unit be the dearest there.
  return [prompt, ...tiers.map(({ above }) => above)].flatMap((size) =>
    PROMPT_UNITS.map((unit) => ({ [unit]: size, ...rest })),
  )
}
