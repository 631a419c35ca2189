/**
 * Where the parts of a JSON document end, by bytes. Each function takes the position of the part's first byte and
 * returns that of the byte after its last; NONE: that is no such part, or it is cut off.
 */

export const QUOTE = 0x22
export const BACKSLASH = 0x5c
export const OPEN_BRACE = 0x7b
export const CLOSE_BRACE = 0x7d
export const OPEN_BRACKET = 0x5b
export const CLOSE_BRACKET = 0x5d
export const COLON = 0x3a
export const COMMA = 0x2c
export const LETTER_N = 0x6e
const LETTER_T = 0x74
const LETTER_F = 0x66
const ZERO = 0x30
const NINE = 0x39
const MINUS = 0x2d
const PLUS = 0x2b
const POINT = 0x2e

/** In place of an end. */
export const NONE = -1

/** Strings up to here are searched byte by byte, which is faster than a native call. */
const NEAR = 32

const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')
const NULL = Buffer.from('null')

/** @returns the position of the first byte from `from` on that is no white space */
export function spaceEnd(bytes: Buffer, from: number): number {
  let at = from
  for (;;) {
    const byte = bytes[at]
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) at++
    else return at
  }
}

/**
 * The end of a string. What stands in it is not checked: no control character and no unknown escape moves its end, and
 * a client that tolerates them would read on.
 */
export function stringEnd(bytes: Buffer, start: number): number {
  let at = start + 1
  for (;;) {
    const near = Math.min(bytes.length, at + NEAR)
    while (at < near) {
      const byte = bytes[at]
      if (byte === QUOTE) return at + 1
      at += byte === BACKSLASH ? 2 : 1
    }
    if (at >= bytes.length) return NONE
    const end = bytes.indexOf(QUOTE, at)
    if (end < 0) return NONE
    // The quote ends the string unless an odd number of backslashes stands before it.
    let backslashes = 0
    while (end - backslashes > at && bytes[end - backslashes - 1] === BACKSLASH) backslashes++
    if (backslashes % 2 === 0) return end + 1
    at = end + 1
  }
}

/** The end of a number, `true`, `false` or `null`. */
export function scalarEnd(bytes: Buffer, start: number): number {
  switch (bytes[start]) {
    case LETTER_T:
      return wordEnd(bytes, start, TRUE)
    case LETTER_F:
      return wordEnd(bytes, start, FALSE)
    case LETTER_N:
      return wordEnd(bytes, start, NULL)
    default:
      return numberEnd(bytes, start)
  }
}

function wordEnd(bytes: Buffer, start: number, word: Buffer): number {
  for (let at = 0; at < word.length; at++) if (bytes[start + at] !== word[at]) return NONE
  return start + word.length
}

/** @returns the position of the first byte from `from` on that is no digit */
export function digitsEnd(bytes: Buffer, from: number): number {
  let at = from
  for (;;) {
    const byte = bytes[at]
    if (byte !== undefined && byte >= ZERO && byte <= NINE) at++
    else return at
  }
}

function numberEnd(bytes: Buffer, start: number): number {
  const whole = bytes[start] === MINUS ? start + 1 : start
  let at = bytes[whole] === ZERO ? whole + 1 : digitsEnd(bytes, whole)
  if (at === whole) return NONE
  if (bytes[at] === POINT) {
    const fraction = at + 1
    at = digitsEnd(bytes, fraction)
    if (at === fraction) return NONE
  }
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    const sign = bytes[at + 1]
    const exponent = sign === MINUS || sign === PLUS ? at + 2 : at + 1
    at = digitsEnd(bytes, exponent)
    if (at === exponent) return NONE
  }
  return at
}
