const QUOTE = 0x22
const BACKSLASH = 0x5c
const LETTER_U = 0x75

/** First and last code points of Chinese, Japanese and Korean characters and of full-width forms. */
const WIDE: readonly (readonly [number, number])[] = [
  [0x2e80, 0x9fff],
  [0xac00, 0xd7af],
  [0xf900, 0xfaff],
  [0xff00, 0xffef],
  [0x20000, 0x3ffff],
]

/** A character counts once, a Chinese one twice (guides/pricing-paygo). */
function weight(code: number): number {
  if (code < 0x2e80) return 1
  for (const [first, last] of WIDE) if (code >= first && code <= last) return 2
  return 1
}

/**
 * Characters as speech bills them: one each, two for a Chinese character (guides/pricing-paygo). Only for estimates
 * and for voice design, which does not report them.
 */
export function billedCharacters(text: string): number {
  let characters = 0
  for (const character of text) characters += weight(character.codePointAt(0) ?? 0)
  return characters
}

function hexAt(bytes: Buffer, at: number): number {
  let code = 0
  for (let digit = at; digit < at + 4; digit++) {
    const byte = bytes[digit] ?? 0
    const value = byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57
    code = code * 16 + value
  }
  return code
}

const isHigh = (code: number): boolean => code >= 0xd800 && code < 0xdc00
const isLow = (code: number): boolean => code >= 0xdc00 && code < 0xe000

/** The code point of a UTF-8 sequence that begins with this byte, and its length. */
function sequenceAt(
  bytes: Buffer,
  at: number,
  lead: number,
): { readonly code: number; readonly length: number } {
  const next = (offset: number): number => (bytes[at + offset] ?? 0) & 0x3f
  if (lead < 0xe0) return { code: ((lead & 0x1f) << 6) | next(1), length: 2 }
  if (lead < 0xf0) return { code: ((lead & 0x0f) << 12) | (next(1) << 6) | next(2), length: 3 }
  return { code: ((lead & 0x07) << 18) | (next(1) << 12) | (next(2) << 6) | next(3), length: 4 }
}

/**
 * As `billedCharacters`, of a JSON string where it stands: a long text is counted without making a copy of it.
 * @param bytes valid JSON in UTF-8
 * @param from where the value begins
 * @param to where it ends
 * @returns 0 when the value is no string
 */
export function billedCharactersIn(bytes: Buffer, from: number, to: number): number {
  if (bytes[from] !== QUOTE) return 0
  let characters = 0
  let at = from + 1
  while (at < to - 1) {
    const byte = bytes[at] ?? 0
    if (byte === BACKSLASH) {
      if (bytes[at + 1] !== LETTER_U) {
        characters++
        at += 2
        continue
      }
      const code = hexAt(bytes, at + 2)
      at += 6
      const hasPair = isHigh(code) && bytes[at] === BACKSLASH && bytes[at + 1] === LETTER_U
      const low = hasPair ? hexAt(bytes, at + 2) : 0
      if (hasPair && isLow(low)) {
        characters += weight((code - 0xd800) * 0x400 + (low - 0xdc00) + 0x10000)
        at += 6
      } else characters += weight(code)
    } else if (byte < 0x80) {
      characters++
      at++
    } else {
      const { code, length } = sequenceAt(bytes, at, byte)
      characters += weight(code)
      at += length
    }
  }
  return characters
}
