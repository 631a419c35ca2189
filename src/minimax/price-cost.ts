import { divideHalfUp, formatMoney, MAX_MONEY, multiplyMoney, NANO } from '../lib/money.ts'
import { OPERATIONS } from './catalog.ts'
import type { Currency, Price, PriceList, Prices, Rates } from './price-list.ts'
import type { When } from './price-schema.ts'
import { FRACTIONAL_UNITS, isUnit, TOKEN_UNITS, type Unit, type Usage } from './units.ts'

/** What a price may depend on beside the quantities. */
export interface Facts {
  /** Tokens of the whole prompt. When absent: input, cached and cache-write tokens of the usage together. */
  readonly inputTokensForTier?: number | undefined
  /** As the answer, else the request, names it. */
  readonly serviceTier?: string | undefined
  /** As `768P`; lower case is read as upper case. */
  readonly resolution?: string | undefined
  /** Seconds of video that the request asks for. */
  readonly duration?: number | undefined
  readonly templateId?: string | undefined
  /** How the voice was made whose fee falls due. */
  readonly voice?: 'cloned' | 'designed' | undefined
}

/** One unit of a call. Its cost is (quantity − free) × price × factor ÷ per. */
export interface CostLine {
  readonly unit: Unit
  readonly quantity: number
  /** Decimal text, for `per` units. */
  readonly price: string
  readonly per: number
  /** How many units cost nothing. */
  readonly free: number
  /** Factor of the service tier, as a decimal text. */
  readonly factor: string
}

export type Cost =
  | {
      readonly ok: true
      /** At list price, in nano-units of the rates' currency. */
      readonly list: bigint
      readonly lines: readonly CostLine[]
    }
  | {
      readonly ok: false
      /** Units of the usage that have no price. */
      readonly unpriced: readonly Unit[]
      /** What is not a quantity: negative, not finite, beyond what a number holds exactly, too fine, or no unit at all. */
      readonly refused: readonly string[]
    }

/** A quantity in thousandths, exactly; undefined when it is none. */
function thousandths(unit: Unit, quantity: number): bigint | undefined {
  if (quantity < 0 || quantity > Number.MAX_SAFE_INTEGER) return undefined
  if (Number.isInteger(quantity)) return BigInt(quantity) * 1000n
  if (!FRACTIONAL_UNITS.has(unit)) return undefined
  const [, whole, fraction] = /^(\d+)\.(\d{1,3})$/.exec(String(quantity)) ?? []
  if (whole === undefined || fraction === undefined) return undefined
  return BigInt(whole) * 1000n + BigInt(fraction.padEnd(3, '0'))
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function holds(when: When, rates: Rates, facts: Facts): boolean {
  const resolution = facts.resolution?.toUpperCase() ?? rates.defaults.resolution
  return (
    (when.model === undefined || (rates.model !== undefined && when.model.includes(rates.model))) &&
    (when.resolution === undefined || when.resolution === resolution) &&
    (when.duration === undefined || when.duration === (facts.duration ?? rates.defaults.duration)) &&
    (when.template_id === undefined || when.template_id === facts.templateId) &&
    (when.voice === undefined || when.voice === facts.voice)
  )
}

/** Where to look for the price of a unit, the first place first: the facts of the call, its tier, the rest. */
function placesOf(rates: Rates, inputTokens: number, facts: Facts): Prices[] {
  const variant = rates.variants.find(({ when }) => holds(when, rates, facts))
  const tier = rates.tiers.findLast(({ above }) => inputTokens > above)
  return [variant, tier, rates].flatMap((place) => (place === undefined ? [] : [place.prices]))
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b)
}

/**
 * What a usage costs at list price: every unit exactly, added up exactly, and rounded once to the nano-unit.
 * A unit without a price makes the whole call unpriced: nothing is ever priced at zero by silence.
 */
export function cost(rates: Rates, usage: Usage, facts: Facts = {}): Cost {
  const refused: string[] = []
  const quantities: { unit: Unit; quantity: number; amount: bigint }[] = []
  for (const [unit, quantity] of Object.entries(usage)) {
    const amount = isUnit(unit) ? thousandths(unit, quantity) : undefined
    if (!isUnit(unit) || amount === undefined) refused.push(unit)
    else if (amount > 0n) quantities.push({ unit, quantity, amount })
  }
  const inputTokens =
    facts.inputTokensForTier ??
    (usage.input_tokens ?? 0) + (usage.cached_tokens ?? 0) + (usage.cache_write_tokens ?? 0)
  if (facts.inputTokensForTier !== undefined && !isCount(facts.inputTokensForTier)) {
    refused.push('inputTokensForTier')
  }
  if (refused.length > 0) return { ok: false, unpriced: [], refused }
  if (rates.free) return { ok: true, list: 0n, lines: [] }

  const places = placesOf(rates, inputTokens, facts)
  const tierFactor = rates.serviceTiers.get(facts.serviceTier ?? '') ?? NANO
  const unpriced: Unit[] = []
  const lines: CostLine[] = []
  let numerator = 0n
  let denominator = 1n
  for (const { unit, quantity, amount } of quantities) {
    const price = places.find((prices) => prices.has(unit))?.get(unit)
    if (price === undefined) {
      unpriced.push(unit)
      continue
    }
    const factor = TOKEN_UNITS.has(unit) ? tierFactor : NANO
    const free = BigInt(price.free) * 1000n
    const billed = amount > free ? amount - free : 0n
    const step = denominator === price.per ? 1n : price.per / greatestCommonDivisor(denominator, price.per)
    numerator = numerator * step + (billed * price.nano * factor * denominator * step) / price.per
    denominator *= step
    lines.push({
      unit,
      quantity,
      price: price.text,
      per: Number(price.per),
      free: price.free,
      factor: factor === NANO ? '1' : formatMoney(factor),
    })
  }
  if (unpriced.length > 0) return { ok: false, unpriced, refused }
  // Quantities stand in thousandths and factors in billionths.
  const list = divideHalfUp(numerator, denominator * 1000n * NANO)
  if (list > MAX_MONEY) return { ok: false, unpriced, refused: lines.map(({ unit }) => unit) }
  return { ok: true, list, lines }
}

/**
 * What the user pays: the list price times their multiplier, rounded once.
 * @param multiplier decimal text of zero or more, as in `0.4`
 */
export function charge(list: bigint, multiplier: string): bigint {
  return multiplyMoney(list, multiplier)
}

function dearer(a: Price, b: Price | undefined): boolean {
  return b === undefined || a.nano * b.per > b.nano * a.per
}

/** A price with a factor in billionths, rounded up: a ceiling may be too high, never too low. */
function raised(price: Price, factor: bigint): Price {
  const nano = (price.nano * factor + NANO - 1n) / NANO
  return { nano, text: formatMoney(nano), per: price.per, free: 0 }
}

/** Every price of some rates into `prices` where it is dearer, whatever the tier, the service tier or the facts of the call. */
function addDearest(prices: Map<Unit, Price>, rates: Rates): void {
  let factor = NANO
  for (const other of rates.serviceTiers.values()) if (other > factor) factor = other
  for (const place of [rates, ...rates.tiers, ...rates.variants]) {
    for (const [unit, price] of place.prices) {
      const dear = raised(price, TOKEN_UNITS.has(unit) ? factor : NANO)
      if (dearer(dear, prices.get(unit))) prices.set(unit, dear)
    }
  }
}

function flat(prices: Prices, about: Pick<Rates, 'currency' | 'name' | 'model' | 'basis' | 'free'>): Rates {
  return { ...about, prices, tiers: [], serviceTiers: new Map(), defaults: {}, variants: [] }
}

/** The dearest that some rates can come to, unit by unit: for a call whose facts fit none of them, or are not known. */
export function dearestOf(rates: Rates): Rates {
  const prices = new Map<Unit, Price>()
  addDearest(prices, rates)
  return flat(prices, rates)
}

/**
 * The dearest rates of an operation's modality, unit by unit, whatever the tier, the service tier, the facts of the
 * call or the date: what a model of unknown price is taken to cost when the operator prefers that to a refusal.
 * @returns undefined for an unknown operation, and where nothing of its modality has a price in the currency
 */
export function ceiling(list: PriceList, operation: string, currency: Currency): Rates | undefined {
  const modality = OPERATIONS.find(({ name }) => name === operation)?.modality
  if (modality === undefined) return undefined
  const prices = new Map<Unit, Price>()
  let onlyFree = false
  for (const entry of [...list.entries.values()].flat()) {
    if (entry.modality !== modality || entry.currency !== currency || entry.unsold) continue
    onlyFree ||= entry.rates.free
    addDearest(prices, entry.rates)
  }
  if (prices.size === 0 && !onlyFree) return undefined
  return flat(prices, {
    currency,
    name: `ceiling:${modality}`,
    model: undefined,
    basis: 'ceiling',
    free: prices.size === 0,
  })
}
