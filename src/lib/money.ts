/**
 * Money as whole numbers of nano-units: billionths of one unit of a currency, in a bigint. No floating point anywhere.
 * One rule of rounding, applied once, at the end of a calculation and never in between: to the nearest nano-unit, and
 * a half away from zero (half up; a refund mirrors its charge).
 */

/** Nano-units in one unit of a currency. */
export const NANO = 1_000_000_000n

const DECIMALS = 9

/** The most that is read: what a signed 64-bit integer holds, because stores keep money as one. In dollars, 9.2 billion. */
export const MAX_MONEY = 2n ** 63n - 1n

const WRITTEN = /^(-?)(\d{1,18})(?:\.(\d{1,9}))?$/

/**
 * An amount from a decimal text: `0.000123` is 123000n.
 * @param text digits, and perhaps a sign, a point and up to 9 decimals
 * @throws RangeError on anything else: an exponent, NaN, a tenth decimal, an amount beyond MAX_MONEY
 */
export function parseMoney(text: string): bigint {
  const [, sign, whole, fraction = ''] = WRITTEN.exec(text) ?? []
  if (whole === undefined) {
    throw new RangeError('not an amount: write a decimal number with up to 9 decimals, as in 0.000123')
  }
  const nano = BigInt(whole) * NANO + BigInt(fraction.padEnd(DECIMALS, '0'))
  if (nano > MAX_MONEY) throw new RangeError(`an amount may not exceed ${formatMoney(MAX_MONEY)}`)
  return sign === '-' ? -nano : nano
}

/** The shortest decimal text of an amount: 123000n is `0.000123`, 3_000_000_000n is `3`. */
export function formatMoney(nano: bigint): string {
  const size = nano < 0n ? -nano : nano
  const sign = nano < 0n ? '-' : ''
  const whole = String(size / NANO)
  const fraction = String(size % NANO)
    .padStart(DECIMALS, '0')
    .replace(/0+$/, '')
  return fraction === '' ? sign + whole : `${sign}${whole}.${fraction}`
}

/**
 * The nearest whole number to a fraction; a half goes away from zero.
 * @throws RangeError when the denominator is not positive
 */
export function divideHalfUp(numerator: bigint, denominator: bigint): bigint {
  if (denominator <= 0n) throw new RangeError('a denominator must be positive')
  const size = numerator < 0n ? -numerator : numerator
  const rounded = (2n * size + denominator) / (2n * denominator)
  return numerator < 0n ? -rounded : rounded
}

/** What a price is multiplied by, as people write it: zero to a million, with up to 9 decimals. */
export const MULTIPLIER = '^(?:\\d{1,6}(?:\\.\\d{1,9})?|1000000(?:\\.0{1,9})?)$'

const multiplier = new RegExp(MULTIPLIER)

/** @returns whether a text is a multiplier, as in `0.4` */
export function isMultiplier(text: string): boolean {
  return multiplier.test(text)
}

/**
 * An amount times a decimal number, rounded once.
 * @param multiplier zero or more, with up to 9 decimals, as in `0.4`
 * @throws RangeError when the multiplier is not such a number
 */
export function multiplyMoney(nano: bigint, multiplier: string): bigint {
  if (multiplier === '1') return nano
  return divideHalfUp(nano * factorOf(multiplier), NANO)
}

/** The multipliers of plans and users, in nano-units: there are few of them, and each is needed all the time. */
const factors = new Map<string, bigint>()
const MAX_FACTORS = 1_000

function factorOf(multiplier: string): bigint {
  const known = factors.get(multiplier)
  if (known !== undefined) return known
  const factor = parseMoney(multiplier)
  if (factor < 0n || multiplier.startsWith('-')) throw new RangeError('a multiplier may not be negative')
  if (factors.size >= MAX_FACTORS) factors.clear()
  factors.set(multiplier, factor)
  return factor
}

/** The sum of amounts; of none, 0n. */
export function sumMoney(amounts: Iterable<bigint>): bigint {
  let sum = 0n
  for (const amount of amounts) sum += amount
  return sum
}
