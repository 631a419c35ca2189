import { Billing, type Billed } from '../../src/metering/billing.ts'
import {
  Estimator,
  type EstimatorOptions,
  type Estimable,
  type WorstCase,
} from '../../src/metering/estimate.ts'
import { METERS, requestFacts } from '../../src/minimax/meters.ts'
import { SHIPPED_PRICES, type PriceList } from '../../src/minimax/prices.ts'
import type { Usage } from '../../src/minimax/units.ts'

export const AT = Date.UTC(2026, 9, 1)

/** Names of all operations that are billed. */
export const BILLED: readonly string[] = Object.entries(METERS).flatMap(([name, { billing }]) =>
  ['answer', 'request', 'task'].includes(billing) ? [name] : [],
)

export interface Terms extends Partial<EstimatorOptions> {
  readonly list?: PriceList
}

export function anEstimator({ list = SHIPPED_PRICES, ...options }: Terms = {}): Estimator {
  return new Estimator({
    prices: { listAt: () => list },
    currency: 'USD',
    unknown: 'refuse',
    holdOutputTokens: 8192,
    ...options,
  })
}

/** A call with this body; its model is the body's. */
export function callOf(operation: string, body: object | null, over: Partial<Estimable> = {}): Estimable {
  const facts = requestFacts(operation, body === null ? null : Buffer.from(JSON.stringify(body)))
  return { operation, model: facts.model, facts, at: AT, multiplier: '1', maxOutputTokens: null, ...over }
}

export function worst(
  operation: string,
  body: object | null,
  over: Partial<Estimable> = {},
  terms: Terms = {},
): WorstCase {
  return anEstimator(terms).estimate(callOf(operation, body, over))
}

/** What billing makes of a usage of that call. */
export function billOf(
  call: Estimable,
  usage: Usage,
  { list = SHIPPED_PRICES, currency = 'USD', unknown = 'refuse' }: Terms = {},
  over: Partial<Billed> = {},
): bigint {
  const billing = new Billing({
    prices: { list, listAt: () => list },
    currency,
    unknown,
    multiplier: '1',
    planMultipliers: {},
  })
  const { operation, model, facts, at, multiplier } = call
  return billing.bill({
    operation,
    model,
    askedModel: model,
    at,
    usage,
    facts,
    estimated: false,
    multiplier,
    ...over,
  }).bill.charged
}
