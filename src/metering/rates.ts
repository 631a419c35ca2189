import {
  ceiling,
  cost,
  quickList,
  type Currency,
  type Facts,
  type PriceList,
  type Rates,
} from '../minimax/prices.ts'
import type { Usage } from '../minimax/units.ts'

/** Rates, and how they were found: by the model's own name (or the operation's), or by another name of the model. */
export interface FoundRates {
  readonly rates: Rates
  readonly isAlias: boolean
}

/** Names come from clients: longer ones are not remembered, and beyond so many the memory of them starts anew. */
const MAX_NAME = 128
const MAX_NAMES = 2_000

/** Lists and spans of time that are kept at once. */
const MAX_SPANS = 16

/** What holds between two moments at which some price of a list changes. */
interface Span {
  readonly list: PriceList
  /** Epoch milliseconds: from, and up to but not at. */
  readonly from: number
  readonly to: number
  readonly found: Map<string, Map<string, FoundRates>>
  readonly ceilings: Map<string, Rates | null>
  names: number
}

function spanOf(list: PriceList, at: number): Span {
  let from = Number.NEGATIVE_INFINITY
  let to = Number.POSITIVE_INFINITY
  for (const row of list.entries.values()) {
    for (const entry of row) {
      if (entry.from <= at) from = Math.max(from, entry.from)
      else to = Math.min(to, entry.from)
    }
  }
  return { list, from, to, found: new Map(), ceilings: new Map(), names: 0 }
}

function remember(span: Span, operation: string, model: string, found: FoundRates): void {
  if (span.names >= MAX_NAMES) {
    span.found.clear()
    span.names = 0
  }
  const models = span.found.get(operation) ?? new Map<string, FoundRates>()
  span.found.set(operation, models.set(model, found))
  span.names++
}

/** Finds rates in lists of prices, and remembers what it found for as long as no price changes. */
export class RateFinder {
  readonly #currency: Currency
  #current: Span | undefined
  #spans: Span[] = []

  constructor(currency: Currency) {
    this.#currency = currency
  }

  #spanAt(list: PriceList, at: number): Span {
    const holds = (span: Span) => span.list === list && span.from <= at && at < span.to
    if (this.#current !== undefined && holds(this.#current)) return this.#current
    let span = this.#spans.find(holds)
    if (span === undefined) {
      span = spanOf(list, at)
      this.#spans = [span, ...this.#spans].slice(0, MAX_SPANS)
    }
    this.#current = span
    return span
  }

  /**
   * @param model '' where none was named
   * @param at when the call began, in epoch milliseconds
   * @returns null where the list has no price
   */
  find(list: PriceList, operation: string, model: string, at: number): FoundRates | null {
    const span = this.#spanAt(list, at)
    const known = span.found.get(operation)?.get(model)
    if (known !== undefined) return known
    const named = model === '' ? undefined : model
    const rates = list.priceOf({ operation, model: named, at, currency: this.#currency })
    if (rates === undefined) return null
    const isAlias = rates.name.startsWith('model:') && rates.name !== `model:${model}`
    const found = { rates, isAlias }
    if (model.length <= MAX_NAME) remember(span, operation, model, found)
    return found
  }

  /** The dearest rates of an operation's modality; null where there are none. */
  ceiling(list: PriceList, operation: string, at: number): Rates | null {
    const { ceilings } = this.#spanAt(list, at)
    let rates = ceilings.get(operation)
    if (rates === undefined) {
      rates = ceiling(list, operation, this.#currency) ?? null
      ceilings.set(operation, rates)
    }
    return rates
  }
}

/** @returns the list price in nano-units; what is no quantity; or null where there is no price */
export function priceBy(
  rates: Rates | undefined,
  usage: Usage,
  facts: Facts | undefined,
): bigint | readonly string[] | null {
  if (rates === undefined) return null
  const quick = quickList(rates, usage, facts)
  if (quick !== undefined) return quick
  const result = cost(rates, usage, facts)
  if (result.ok) return result.list
  return result.refused.length > 0 ? result.refused : null
}
