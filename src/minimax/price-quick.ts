import type { Facts } from './price-cost.ts'
import type { Rates } from './price-list.ts'
import { isUnit, type Usage } from './units.ts'

/** Below it sums and products of whole numbers are exact, and so is twice of them. */
const EXACT = 2 ** 51

/**
 * The list price where plain arithmetic on whole numbers gives it exactly: units by the million, no variant, no service
 * tier. That is nearly every chat call, at a tenth of the cost of `price-cost.ts`, which decides everything else.
 * @returns nano-units; undefined: ask `cost`
 */
export function quickList(rates: Rates, usage: Usage, facts: Facts | undefined): bigint | undefined {
  if (rates.variants.length > 0 || rates.free) return undefined
  const { inputTokensForTier, serviceTier = '' } = facts ?? {}
  if (inputTokensForTier !== undefined || rates.serviceTiers.has(serviceTier)) return undefined
  const prompt = (usage.input_tokens ?? 0) + (usage.cached_tokens ?? 0) + (usage.cache_write_tokens ?? 0)
  const tier = rates.tiers.length === 0 ? undefined : rates.tiers.findLast(({ above }) => prompt > above)
  let sum = 0
  let per = 0
  let unit: keyof Usage
  for (unit in usage) {
    const quantity = usage[unit] ?? 0
    if (quantity === 0 && isUnit(unit)) continue
    if (!Number.isInteger(quantity) || quantity < 0) return undefined
    const price = tier?.prices.get(unit) ?? rates.prices.get(unit)
    if (price?.free !== 0) return undefined
    const divisor = Number(price.per)
    if (per === 0) per = divisor
    else if (per !== divisor) return undefined
    sum += quantity * Number(price.nano)
    if (sum > EXACT) return undefined
  }
  if (per === 0) return 0n
  let whole = Math.floor(sum / per)
  let rest = sum - whole * per
  // The quotient is rounded to the nearest double, which may be the next whole number.
  if (rest < 0) {
    whole--
    rest += per
  }
  return BigInt(2 * rest >= per ? whole + 1 : whole)
}
