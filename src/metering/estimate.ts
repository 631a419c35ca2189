import { isMultiplier, MAX_MONEY } from '../lib/money.ts'
import type { CallFacts } from '../minimax/meters.ts'
import { MOST, SESSION_CHARACTERS } from '../minimax/most-usage.ts'
import { charge, type Currency } from '../minimax/prices.ts'
import { SYSTEM_VOICES } from '../minimax/system-voices.ts'
import type { Usage } from '../minimax/units.ts'
import { priceFacts } from './billing.ts'
import type { PriceBook } from './price-book.ts'
import { WorstPrice } from './worst-price.ts'

/** What worst cases are reckoned with. */
export interface EstimatorOptions {
  readonly prices: Pick<PriceBook, 'listAt'>
  readonly currency: Currency
  /** As for billing: whether a call without a price is refused, or billed by the dearest prices of its modality. */
  readonly unknown: 'refuse' | 'ceiling'
  /** What an answer is taken to have at the most where neither the request nor the caller's limits say, in tokens. */
  readonly holdOutputTokens: number
}

/** A call that is about to be sent. */
export interface Estimable {
  /** Its name in the catalog. */
  readonly operation: string
  /** As the request names it; undefined or '' when it names none, or not yet. */
  readonly model: string | undefined
  readonly facts: CallFacts
  /** When the call began, in epoch milliseconds: prices have dates. */
  readonly at: number
  /** What the caller pays, as a multiple of the list price. */
  readonly multiplier: string
  /** What the caller's limits say of answers without a maximum, in tokens; null: nothing. */
  readonly maxOutputTokens: number | null
  /** How many voices that the request names were never used, where somebody knows; undefined: nobody does. */
  readonly unusedVoices?: number | undefined
  /** Bytes of the file that the call is about, or of the form that holds it, where they are known. */
  readonly bytes?: number | undefined
}

/** The most that a call may use and cost. */
export interface WorstCase {
  /** Nano-units of the currency; not less than the bill of any usage up to this one. */
  readonly charged: bigint
  /** All of a prompt as input, whatever of it may come from a cache. */
  readonly usage: Usage
}

type Priced = Pick<Estimable, 'operation' | 'model' | 'at' | 'multiplier'>

const NOTHING: WorstCase = Object.freeze({ charged: 0n, usage: Object.freeze({}) })
const SESSION = 'speech.websocket'

/** Voices that are everybody's, and so without a one-off fee: those that MiniMax documents. */
const documented: ReadonlySet<string> = new Set(SYSTEM_VOICES)

/** Voices that were cloned or designed, by their names; any of them may be used for the first time. */
function newVoices(names: readonly string[]): number {
  return new Set(names.filter((name) => !documented.has(name))).size
}

/**
 * What a call may use and cost at the most, going by its request alone, at the prices of the moment when it began: held
 * of budgets and credit before the call is sent. Bounds and prices are those of `most-usage.ts` and of billing.
 */
export class Estimator {
  readonly #options: EstimatorOptions
  readonly #price: WorstPrice

  constructor(options: EstimatorOptions) {
    this.#options = options
    this.#price = new WorstPrice(options.currency, options.unknown)
  }

  /** Never throws. What costs nothing is looked up in a map, and no more. */
  estimate(call: Estimable): WorstCase {
    const most = MOST.get(call.operation)
    if (most === undefined) return NOTHING
    const { facts, maxOutputTokens, bytes, unusedVoices = Infinity } = call
    const usage = most(facts, {
      outputTokens: maxOutputTokens ?? this.#options.holdOutputTokens,
      bytes,
      voices: facts.voices.length === 0 ? 0 : Math.min(unusedVoices, newVoices(facts.voices)),
    })
    return this.#worstCase(call, usage, facts)
  }

  /**
   * What has to be held for a session of speech over a WebSocket. Never throws.
   * @param model '' or undefined before the session has named one: then the dearest
   * @param at when the session began, in epoch milliseconds
   * @param characters of all texts that were sent, and of the one that is about to be, as they are billed; 0: none yet,
   * and the longest that may come is held
   * @param voices how many voices may owe their one-off fee
   */
  sessionHold(
    model: string | undefined,
    at: number,
    multiplier: string,
    characters: number,
    voices = 0,
  ): WorstCase {
    const most = characters === 0 ? SESSION_CHARACTERS : characters
    const usage: Usage = voices > 0 ? { characters: most, voices } : { characters: most }
    return this.#worstCase({ operation: SESSION, model, at, multiplier }, usage, undefined)
  }

  #worstCase(call: Priced, usage: Usage, facts: CallFacts | undefined): WorstCase {
    const { operation, model = '', at, multiplier } = call
    const list = this.#price.of(this.#options.prices.listAt(at), {
      operation,
      model,
      at,
      usage,
      facts: priceFacts(facts),
    })
    // Billing charges nothing for a multiplier that is none.
    if (!isMultiplier(multiplier)) return { charged: 0n, usage }
    const charged = charge(list, multiplier)
    return { charged: charged > MAX_MONEY ? MAX_MONEY : charged, usage }
  }
}
