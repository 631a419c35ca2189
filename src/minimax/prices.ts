/**
 * MiniMax's prices: the list that is shipped, and what there is to do with a list. Pure: watching an operator's file is
 * the business of whoever reads it.
 *
 * What a request that leaves them open gets from MiniMax (api-reference/video-generation-t2v and -i2v): Hailuo makes
 * 6 seconds at 768P; the 01 models make 6 seconds at 720P and nothing else; H3 demands both, so a video of H3 whose
 * resolution is not known has no price. "512K input tokens" is 512 × 1024: MiniMax counts in 1024s wherever it also
 * writes the number (M3 makes at most 524288 tokens, M2 holds 204800 of "200K").
 */
import { openPriceList } from './price-list.ts'
import shipped from './prices.json' with { type: 'json' }

export { quickList } from './price-quick.ts'
export { ceiling, charge, cost, dearestOf, type Cost, type CostLine, type Facts } from './price-cost.ts'
export {
  CURRENCIES,
  mergePriceLists,
  openPriceList,
  priceFile,
  PriceListError,
  type Currency,
  type PriceList,
  type PriceProblem,
  type PriceQuery,
  type Rates,
} from './price-list.ts'

/** The prices that MiniMax published when this version was made. Checked whenever the process starts. */
export const SHIPPED_PRICES = openPriceList(shipped)
