import { GatewayError } from '../errors.ts'
import { isMultiplier, MAX_MONEY } from '../lib/money.ts'
import type { PriceLookup } from '../metrics/labels.ts'
import { OPERATIONS } from '../minimax/catalog.ts'
import { METERS, type CallFacts } from '../minimax/meters.ts'
import { charge, cost, type Currency, type Facts, type PriceList } from '../minimax/prices.ts'
import { isUnit, type Unit, type Usage } from '../minimax/units.ts'
import type { Bill } from '../store/store.ts'
import type { PriceBook } from './price-book.ts'
import { priceBy, RateFinder } from './rates.ts'

/** How the price of a call was found, or why it has none. The closed list is that of the metric. */
export type PriceStatus = PriceLookup

/** What a price depends on beside the quantities: of the request, or of the answer where that says otherwise. */
export type BillingFacts = Partial<
  Pick<CallFacts, 'serviceTier' | 'resolution' | 'duration' | 'templateId'> & Pick<Facts, 'voice'>
>

export interface BillingOptions {
  readonly prices: Pick<PriceBook, 'list' | 'listAt'>
  readonly currency: Currency
  /** What becomes of a call that has no price: it is refused, or billed by the dearest prices of its modality. */
  readonly unknown: 'refuse' | 'ceiling'
  /** Of everybody whose plan has none and who has none of their own; a decimal text. */
  readonly multiplier: string
  /** By plan; decimal texts. */
  readonly planMultipliers: Readonly<Record<string, string>>
  /** Told the status of every bill and of every call that `check` refuses: for the metric. */
  readonly onLookup?: ((status: PriceStatus) => void) | undefined
}

/** A call that is about to be sent. */
export interface Billable {
  /** Its name in the catalog. */
  readonly operation: string
  /** As the request names it; undefined or '' when it names none, or not yet. */
  readonly model: string | undefined
  /** When the call began, in epoch milliseconds: prices have dates. */
  readonly at: number
  /** With them, what only some lengths or resolutions have a price for is looked at more closely. */
  readonly facts?: CallFacts | undefined
}

/** What a call has used. */
export interface Billed {
  readonly operation: string
  /** The one that answered; undefined or '' when the answer did not say. */
  readonly model: string | undefined
  /** The one that was asked for; undefined or '' when none was named. */
  readonly askedModel: string | undefined
  readonly at: number
  readonly usage: Usage
  readonly facts: BillingFacts | undefined
  /** Whether the usage was estimated rather than reported. */
  readonly estimated: boolean
  /** As `multiplierOf` gave it when the call began. */
  readonly multiplier: string
}

/** Whoever pays, as far as it decides how much. */
export interface Multiplied {
  /** Their own, a decimal text. */
  readonly multiplier: string | null
  /** What stands on their plan; null or undefined: nothing, or there is no such plan. */
  readonly planMultiplier?: string | null | undefined
  readonly plan: string | null
}

export interface BillingResult {
  readonly bill: Bill
  readonly status: PriceStatus
}

/** What looking for a price has come to. */
type Priced =
  | { readonly status: 'listed' | 'alias' | 'asked' | 'ceiling'; readonly list: bigint }
  | { readonly status: 'unpriced' }
  | { readonly status: 'refused'; readonly refused: readonly string[] }

const BILLED: ReadonlySet<string> = new Set(
  Object.entries(METERS).flatMap(([name, { billing }]) =>
    billing === 'answer' || billing === 'request' || billing === 'task' ? [name] : [],
  ),
)

/** Operations whose model comes after the call has begun: in a form, or in a frame. */
export const NAMED_LATER: ReadonlySet<string> = new Set(
  OPERATIONS.flatMap(({ name, body }) => (body === 'multipart' || body === 'websocket' ? [name] : [])),
)

const NO_USAGE: Usage = Object.freeze({})

function isEmpty(usage: Usage): boolean {
  for (const _ in usage) return false
  return true
}

function isKey(key: string, record: Readonly<Record<string, string>>): boolean {
  return Object.hasOwn(record, key)
}

/** The part of a usage that can be: the rest would spoil every total that it is added to. */
function without(usage: Usage, refused: readonly string[]): Usage {
  const sound: Partial<Record<Unit, number>> = {}
  for (const [unit, quantity] of Object.entries(usage)) {
    if (isUnit(unit) && !refused.includes(unit)) sound[unit] = quantity
  }
  return sound
}

/** Turns what calls used into what they cost. Keeps no money itself: that is the ledger's. */
export class Billing {
  /** Of all money of this gateway. */
  readonly currency: Currency
  readonly #options: BillingOptions
  readonly #finder: RateFinder

  constructor(options: BillingOptions) {
    this.#options = options
    this.currency = options.currency
    this.#finder = new RateFinder(options.currency)
  }

  /** What a user pays, as a multiple of the list price: their own, else their plan's, else the settings' for the plan, else everybody's. */
  multiplierOf({ multiplier, planMultiplier, plan }: Multiplied): string {
    const own = multiplier ?? planMultiplier ?? null
    if (own !== null) return own
    const { planMultipliers, multiplier: everybodys } = this.#options
    return plan !== null && isKey(plan, planMultipliers) ? (planMultipliers[plan] ?? everybodys) : everybodys
  }

  /**
   * Whether a call may be sent, as far as its price goes. Where the model is not known yet (a form, a WebSocket), it
   * may; ask again once it is.
   * @throws GatewayError `price_unknown`
   */
  check({ operation, model = '', at, facts }: Billable): void {
    if (this.#options.unknown === 'ceiling' || !BILLED.has(operation)) return
    const found = this.#finder.find(this.#options.prices.listAt(at), operation, model, at)
    if (found !== null) {
      if (facts === undefined || found.rates.variants.length === 0) return
      const result = cost(found.rates, facts.usage, priceFacts(facts))
      if (result.ok || result.unpriced.length === 0) return
    } else if (model === '' && NAMED_LATER.has(operation)) return
    this.#options.onLookup?.('unknown')
    throw new GatewayError('price_unknown')
  }

  /** What a call costs. Never throws: what cannot be priced costs nothing, and the status says why. */
  bill(billed: Billed): BillingResult {
    const { usage, multiplier } = billed
    if (isEmpty(usage)) return this.#result(billed, 'nothing', NO_USAGE, 0n, 0n, '')
    const list = this.#options.prices.listAt(billed.at)
    const priced = this.#price(list, billed)
    if (priced.status === 'refused') {
      return this.#result(billed, 'refused', without(usage, priced.refused), 0n, 0n, '')
    }
    if (priced.status === 'unpriced') return this.#result(billed, 'unpriced', usage, 0n, 0n, '')
    const charged = isMultiplier(multiplier) ? charge(priced.list, multiplier) : undefined
    if (charged === undefined || charged > MAX_MONEY) {
      return this.#result(billed, 'refused', usage, 0n, 0n, '')
    }
    return this.#result(billed, priced.status, usage, priced.list, charged, list.version)
  }

  #result(
    { estimated, multiplier }: Billed,
    status: PriceStatus,
    usage: Usage,
    list: bigint,
    charged: bigint,
    priceVersion: string,
  ): BillingResult {
    this.#options.onLookup?.(status)
    const { currency } = this
    return { bill: { usage, list, charged, currency, multiplier, priceVersion, estimated }, status }
  }

  /** By the model that answered, else by the one that was asked for, else by the ceiling if that is wanted. */
  #price(list: PriceList, { operation, model = '', askedModel = '', at, usage, facts }: Billed): Priced {
    const asPriced = priceFacts(facts)
    const answering = model === '' ? askedModel : model
    const found = this.#finder.find(list, operation, answering, at)
    const first = priceBy(found?.rates, usage, asPriced)
    if (typeof first === 'bigint')
      return { status: found?.isAlias === true ? 'alias' : 'listed', list: first }
    if (first !== null) return { status: 'refused', refused: first }

    if (askedModel !== '' && askedModel !== answering) {
      const asked = this.#finder.find(list, operation, askedModel, at)
      const second = priceBy(asked?.rates, usage, asPriced)
      if (typeof second === 'bigint') return { status: 'asked', list: second }
    }
    const top = this.#finder.ceiling(list, operation, at)
    const last = priceBy(top ?? undefined, usage, asPriced)
    if (last !== null && typeof last !== 'bigint') return { status: 'refused', refused: last }
    return last !== null && this.#options.unknown === 'ceiling'
      ? { status: 'ceiling', list: last }
      : { status: 'unpriced' }
  }
}

/** Of all facts of a call those that prices know. */
export function priceFacts(facts: BillingFacts | undefined): Facts | undefined {
  if (facts === undefined) return undefined
  const { serviceTier, resolution, duration, templateId, voice } = facts
  return { serviceTier, resolution, duration, templateId, voice }
}
