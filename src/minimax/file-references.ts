import { PARAMETER_PATTERNS } from './catalog.ts'
import { BACKSLASH, COLON, NONE, QUOTE, stringEnd } from './json-scan.ts'
import { decoded } from './meter-value.ts'

/**
 * References to uploaded files, `mm_file://{file_id}`: they may stand in place of any URL in a request
 * (api-reference/text-chat, video-generation-v2), at any depth.
 */

/** A string in a document that refers to a file. */
export interface FileReference {
  /** null: it begins like a reference and is not written as one. */
  readonly id: string | null
  /** The range of bytes of the string, quotes included. */
  readonly start: number
  readonly end: number
}

const PREFIX = 'mm_file://'
const SCHEME = Buffer.from('mm_file:')
/** From the scheme's underscore to its end. */
const AFTER_UNDERSCORE = SCHEME.length - 1 - SCHEME.indexOf('_')
const UNDERSCORE = 0x5f
const LETTER_U = 0x75
const ZERO = 0x30
const NINE = 0x39

/** No request needs so many; what is found costs memory and a look-up each. */
const MAX_REFERENCES = 1000

/** Trimmed of all that any language takes for white space, and of what cannot be seen. */
const BEGINS_LIKE_ONE = /^[\s\p{C}]*mm_file:/iu

/** After a byte that is not the scheme's last: how far on the scheme may end at the earliest. */
const SHIFTS = new Uint8Array(256).fill(SCHEME.length)
SCHEME.subarray(0, -1).forEach((byte, at) => {
  const shift = SCHEME.length - 1 - at
  SHIFTS[byte] = shift
  if (byte !== UNDERSCORE) SHIFTS[byte - 0x20] = shift
})

/** 1 for the characters of the scheme, in any case. */
const IS_OF_SCHEME = new Uint8Array(256)
for (const byte of Buffer.from('mm_file:MM_FILE:')) IS_OF_SCHEME[byte] = 1

/** After a hit of the native search, so many bytes are read one by one: hits come in swarms. */
const NEAR = 1024

/** @param end the position of a colon */
function isSchemeBefore(bytes: Buffer, end: number): boolean {
  const start = end - SCHEME.length + 1
  for (let at = SCHEME.length - 2; at >= 0; at--) {
    const byte = bytes[start + at] ?? 0
    const wanted = SCHEME[at]
    if (byte !== wanted && (wanted === UNDERSCORE || (byte | 0x20) !== wanted)) return false
  }
  return true
}

/** @returns whether `mm_file:` stands anywhere, as it is and in any case */
function hasPlainScheme(bytes: Buffer): boolean {
  let found = bytes.indexOf(UNDERSCORE)
  while (found >= 0) {
    let at = found + AFTER_UNDERSCORE
    const near = Math.min(bytes.length, at + NEAR)
    while (at < near) {
      const byte = bytes[at] ?? 0
      if (byte === COLON && isSchemeBefore(bytes, at)) return true
      at += SHIFTS[byte] ?? 1
    }
    if (at >= bytes.length) return false
    // A scheme that ends at `at` or later has its underscore so far before.
    found = bytes.indexOf(UNDERSCORE, at - AFTER_UNDERSCORE)
  }
  return false
}

/** @returns whether an escape stands anywhere that spells a character of the scheme */
function hasHiddenScheme(bytes: Buffer): boolean {
  let at = bytes.indexOf(BACKSLASH)
  while (at >= 0) {
    const near = Math.min(bytes.length, at + NEAR)
    while (at < near) {
      if (bytes[at] !== BACKSLASH) at++
      else if (bytes[at + 1] !== LETTER_U) at += 2
      else if (isHidden(bytes, at)) return true
      else at += 6
    }
    if (at >= bytes.length) return false
    at = bytes.indexOf(BACKSLASH, at)
  }
  return false
}

/** @param byte a hex digit */
function valueOfHex(byte: number): number {
  return (byte & 0xf) + (byte > NINE ? 9 : 0)
}

/** @param at where `\u` stands */
function isHidden(bytes: Buffer, at: number): boolean {
  if (bytes[at + 2] !== ZERO || bytes[at + 3] !== ZERO) return false
  return IS_OF_SCHEME[valueOfHex(bytes[at + 4] ?? 0) * 16 + valueOfHex(bytes[at + 5] ?? 0)] === 1
}

/** Whether a string can begin like a reference, by its first byte: a letter m, or what may be trimmed or an escape. */
function canBegin(byte: number): boolean {
  return (byte | 0x20) === 0x6d || byte <= 0x20 || byte >= 0x7f || byte === BACKSLASH
}

function referenceAt(bytes: Buffer, start: number, end: number): FileReference | undefined {
  if (!canBegin(bytes[start + 1] ?? QUOTE)) return undefined
  const text = decoded(bytes.toString('utf8', start + 1, end - 1))
  // What cannot be decoded may be anything, so it is not let pass.
  if (text === undefined) return { id: null, start, end }
  if (!BEGINS_LIKE_ONE.test(text)) return undefined
  const id = text.slice(PREFIX.length)
  const isWhole = text.startsWith(PREFIX) && PARAMETER_PATTERNS.id.test(id)
  return { id: isWhole ? id : null, start, end }
}

/**
 * Every string, names of fields included, that begins with `mm_file:` in any case or spelling.
 * Most documents have none, and may be long: that is found out without reading their strings. Of more than 1,000 the
 * next has no id and is the last, so that the caller refuses the document.
 * @param bytes a valid JSON document
 */
export function referencesIn(bytes: Buffer): readonly FileReference[] {
  if (!hasPlainScheme(bytes) && !hasHiddenScheme(bytes)) return []
  const found: FileReference[] = []
  let start = bytes.indexOf(QUOTE)
  while (start >= 0) {
    const end = stringEnd(bytes, start)
    if (end === NONE) return found
    const reference = referenceAt(bytes, start, end)
    if (reference !== undefined) found.push(reference)
    if (found.length > MAX_REFERENCES) return [...found.slice(0, -1), { id: null, start, end }]
    start = bytes.indexOf(QUOTE, end)
  }
  return found
}
