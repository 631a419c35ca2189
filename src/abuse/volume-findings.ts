import { formatMoney } from '../lib/money.ts'
import type { Evidence } from '../signals.ts'
import type { Quantity } from './cohorts.ts'
import { coldStrengthOf, HORIZONS, limitOf, strengthOf, type HorizonName } from './volume-rules.ts'
import type { Excess, Series } from './volume-series.ts'
import type { Observation } from './watcher.ts'

/** An hour that takes so much of the highest day of the past uses that day up in a fraction of it. */
const SHARE_OF_DAY = 0.25

/** Rules that say something about a token without a past: what is sustained, and what is far too much at once. */
export const COLD: readonly HorizonName[] = ['30m', '12h']

/** A number as people read it: requests whole, money in units. */
function shown(quantity: Quantity, amount: number): string | number {
  if (quantity === 'requests') return Math.round(amount)
  // Nano-units beyond what a double holds exactly are noise.
  return formatMoney(BigInt(Math.round(amount / 1_000)) * 1_000n)
}

function factsOf(quantity: Quantity, excess: Excess, p99: number): Evidence {
  const { horizon } = excess
  const what = horizon.kind === 'sum' ? `${quantity}_${horizon.name}` : `${quantity}_10m`
  const over = horizon.kind === 'sum' ? {} : { sustained: horizon.name }
  return {
    [what]: shown(quantity, excess.level),
    ...over,
    usual_most: shown(quantity, excess.highest),
    usual_p99_10m: shown(quantity, p99),
    limit: shown(quantity, excess.limit),
    rule: `${quantity}_${horizon.name}`,
  }
}

/** Far more than the token's own past, by each horizon that says so. */
export function envelope(
  quantity: Quantity,
  excesses: readonly Excess[],
  p99: number,
): readonly Observation[] {
  // An hour's money is what costVelocity judges.
  const own = quantity === 'money' ? excesses.filter(({ horizon }) => horizon.name !== '1h') : excesses
  return own
    .filter(({ ratio }) => ratio > 1)
    .map((excess) => ({
      signal: 'volume_envelope',
      strength: strengthOf(excess.ratio),
      evidence: factsOf(quantity, excess, p99),
    }))
}

/** An hour costs far more than any before, and a good part of the dearest day. @param excesses of money */
export function costVelocity(excesses: readonly Excess[]): readonly Observation[] {
  const hour = excesses.find(({ horizon }) => horizon.name === '1h')
  const day = excesses.find(({ horizon }) => horizon.name === 'day')
  if (hour === undefined || day === undefined) return []
  const limit = Math.max(hour.limit, SHARE_OF_DAY * day.highest)
  if (hour.level <= limit) return []
  const evidence = {
    money_1h: shown('money', hour.level),
    usual_most_1h: shown('money', hour.highest),
    usual_most_day: shown('money', day.highest),
    limit: shown('money', limit),
    rule: 'money_1h',
  }
  return [{ signal: 'cost_velocity', strength: strengthOf(hour.level / limit), evidence }]
}

/** Far more than busy tokens of the plan, by each rule that says so. @param usual in a busy window of ten minutes */
export function coldStart(quantity: Quantity, series: Series, usual: number): readonly Observation[] {
  const levels = series.levels()
  return HORIZONS.flatMap((horizon, index): readonly Observation[] => {
    const level = levels[index] ?? 0
    // Nothing is known of a past: what is usual is put in its place.
    const limit = limitOf(horizon, usual, usual)
    if (!COLD.includes(horizon.name) || level <= limit) return []
    const evidence = {
      [`${quantity}_10m`]: shown(quantity, level),
      sustained: horizon.name,
      usual_of_plan_10m: shown(quantity, usual),
      limit: shown(quantity, limit),
      rule: `${quantity}_${horizon.name}_of_plan`,
    }
    return [{ signal: 'cold_start', strength: coldStrengthOf(level / limit), evidence }]
  })
}
