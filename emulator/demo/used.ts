import { formatMoney } from '../../src/lib/money.ts'
import { isUnit, UNITS, type Unit, type Usage } from '../../src/minimax/units.ts'

/** One, and several, of a unit. */
type Words = readonly [one: string, several: string]

const WORDS: Readonly<Record<Unit, Words>> = {
  input_tokens: ['in', 'in'],
  cached_tokens: ['cached', 'cached'],
  cache_write_tokens: ['to cache', 'to cache'],
  output_tokens: ['out', 'out'],
  web_searches: ['search', 'searches'],
  characters: ['character', 'characters'],
  images: ['image', 'images'],
  input_images: ['image in', 'images in'],
  videos: ['video', 'videos'],
  video_seconds: ['s', 's'],
  input_video_seconds: ['s in', 's in'],
  songs: ['song', 'songs'],
  audio_seconds: ['s', 's'],
  voices: ['voice', 'voices'],
  requests: ['call', 'calls'],
}

/** What several calls used together. */
export function usageOfAll(usages: readonly Usage[]): Usage {
  const sum: Partial<Record<Unit, number>> = {}
  for (const usage of usages) {
    for (const [unit, quantity] of Object.entries(usage)) {
      // Some units have three decimals: without rounding 0.1 and 0.2 would be shown as 0.30000000000000004.
      if (isUnit(unit)) sum[unit] = Math.round(((sum[unit] ?? 0) + quantity) * 1000) / 1000
    }
  }
  return sum
}

/** A usage for people: `64 in, 28 out`, `1,234 characters`, `6 s`; `–` for none. */
export function used(usage: Usage): string {
  const parts = UNITS.flatMap((unit) => {
    const quantity = usage[unit] ?? 0
    if (quantity === 0) return []
    return [`${quantity.toLocaleString('en-US')} ${WORDS[unit][quantity === 1 ? 0 : 1]}`]
  })
  return parts.length === 0 ? '–' : parts.join(', ')
}

const SIGNS: Readonly<Record<string, string>> = { USD: '$', CNY: '¥' }

/** An amount of nano-units for people, exact: `$0.0000528`. */
export function money(nano: bigint, currency: string): string {
  const sign = SIGNS[currency]
  return sign === undefined ? `${currency} ${formatMoney(nano)}` : sign + formatMoney(nano)
}

/** The same texts with as much space behind them as brings their decimal points together in a column set to the right. */
export function aligned(amounts: readonly string[]): readonly string[] {
  const decimals = (amount: string): number =>
    amount.includes('.') ? amount.length - amount.indexOf('.') : 0
  const most = Math.max(0, ...amounts.map(decimals))
  return amounts.map((amount) => amount.padEnd(amount.length + most - decimals(amount)))
}
