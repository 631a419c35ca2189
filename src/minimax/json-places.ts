import { placesOf, type Place } from './json-paths.ts'
import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  digitsEnd,
  LETTER_N,
  NONE,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  scalarEnd,
  spaceEnd,
  stringEnd,
} from './json-scan.ts'
import { decoded } from './meter-value.ts'

export { insertField, jsonString, replaceValues, type Edit } from './json-edits.ts'
export { referencesIn, type FileReference } from './file-references.ts'

/** Deeper nesting is in no request and no answer of the API. */
const MAX_DEPTH = 64

/** A value that stands at a declared path. */
export interface FoundValue {
  /** The path as it was declared. */
  readonly path: string
  /** The string, decoded; or the digits of an integer as they stand. Empty when it is mistyped. */
  readonly text: string
  readonly isString: boolean
  /** Neither a string nor a plain integer of zero or more, or in a place where it does not belong. */
  readonly isMistyped: boolean
  /** The range of bytes of the value, quotes included. */
  readonly start: number
  readonly end: number
}

/** Folds case as Go's JSON decoder does, which also takes the long s and the Kelvin sign for s and k. */
function fold(name: string): string {
  return name.toUpperCase().toLowerCase()
}

/** One pass over a document; what no path leads to is checked for its structure and skipped. */
class Finder {
  readonly found: FoundValue[] = []
  readonly #bytes: Buffer
  /** Of the name that was read last: only its case keeps it from being the one that was declared. */
  #isOtherCase = false
  #place: Place | null = null

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** @returns where the value ends, or NONE */
  #value(start: number, place: Place | null, depth: number): number {
    const bytes = this.#bytes
    let end: number
    switch (bytes[start]) {
      case QUOTE:
        end = stringEnd(bytes, start)
        break
      case OPEN_BRACE:
        end = this.object(start, place, depth + 1)
        break
      case OPEN_BRACKET:
        end = this.#array(start, place?.element ?? null, depth + 1)
        break
      default:
        end = scalarEnd(bytes, start)
    }
    if (place !== null && end !== NONE) this.#note(place, start, end)
    return end
  }

  /** @returns where the object ends, or NONE */
  object(start: number, place: Place | null, depth: number): number {
    if (depth > MAX_DEPTH) return NONE
    const bytes = this.#bytes
    const holder = place === null || place.fields.length === 0 ? null : place
    let at = spaceEnd(bytes, start + 1)
    if (bytes[at] === CLOSE_BRACE) return at + 1
    for (;;) {
      if (bytes[at] !== QUOTE) return NONE
      at = holder === null ? stringEnd(bytes, at) : this.#name(at, holder)
      if (at === NONE) return NONE
      if (bytes[at] !== COLON) {
        at = spaceEnd(bytes, at)
        if (bytes[at] !== COLON) return NONE
      }
      at = spaceEnd(bytes, at + 1)
      at = holder === null ? this.#value(at, null, depth) : this.#field(at, depth)
      if (at === NONE) return NONE
      at = spaceEnd(bytes, at)
      const byte = bytes[at]
      if (byte === CLOSE_BRACE) return at + 1
      if (byte !== COMMA) return NONE
      at = spaceEnd(bytes, at + 1)
    }
  }

  #array(start: number, element: Place | null, depth: number): number {
    if (depth > MAX_DEPTH) return NONE
    const bytes = this.#bytes
    let at = spaceEnd(bytes, start + 1)
    if (bytes[at] === CLOSE_BRACKET) return at + 1
    for (;;) {
      at = this.#value(at, element, depth)
      if (at === NONE) return NONE
      at = spaceEnd(bytes, at)
      const byte = bytes[at]
      if (byte === CLOSE_BRACKET) return at + 1
      if (byte !== COMMA) return NONE
      at = spaceEnd(bytes, at + 1)
    }
  }

  /** The value of the field whose name was read last. */
  #field(start: number, depth: number): number {
    const place = this.#place
    if (place === null || !this.#isOtherCase) return this.#value(start, place, depth)
    const end = this.#value(start, null, depth)
    if (end !== NONE && this.#isValue(start, end)) {
      if (place.path !== null) this.#refuse(place.path, start, end)
      for (const path of place.beyond) this.#refuse(path, start, end)
    }
    return end
  }

  /** Reads a name and finds its place. @returns where it ends, or NONE */
  #name(start: number, holder: Place): number {
    const bytes = this.#bytes
    let at = start + 1
    let isPlain = true
    for (;;) {
      const byte = bytes[at]
      if (byte === undefined) return NONE
      if (byte === QUOTE) break
      if (byte === BACKSLASH) at++
      if (byte === BACKSLASH || byte > 0x7f) isPlain = false
      at++
    }
    this.#isOtherCase = false
    this.#place = isPlain ? this.#fieldAt(holder, start + 1, at) : this.#fieldNamed(holder, start + 1, at)
    return at + 1
  }

  #fieldAt(holder: Place, from: number, to: number): Place | null {
    const bytes = this.#bytes
    const length = to - from
    for (const field of holder.fields) {
      const key = field.key
      if (key.length !== length) continue
      let differing = 0
      let at = 0
      for (; at < length; at++) {
        const bits = (key[at] ?? 0) ^ (bytes[from + at] ?? 0)
        if ((bits & 0xdf) !== 0) break
        differing |= bits
      }
      if (at === length) return differing === 0 ? field : this.#fieldNamed(holder, from, to)
    }
    return null
  }

  /** As `fieldAt`, for names that are escaped, not ASCII, or in another case. */
  #fieldNamed(holder: Place, from: number, to: number): Place | null {
    const name = decoded(this.#bytes.toString('utf8', from, to))
    if (name === undefined) return null
    const exact = holder.fields.find((field) => field.name === name)
    if (exact !== undefined) return exact
    const folded = fold(name)
    const other = holder.fields.find((field) => fold(field.name) === folded)
    this.#isOtherCase = other !== undefined
    return other ?? null
  }

  /** Not `null`, and not an empty string. */
  #isValue(start: number, end: number): boolean {
    const byte = this.#bytes[start]
    return byte !== LETTER_N && !(byte === QUOTE && end - start === 2)
  }

  #note(place: Place, start: number, end: number): void {
    if (!this.#isValue(start, end)) return
    if (place.path !== null) this.#read(place.path, start, end)
    const first = this.#bytes[start]
    const isEntered =
      (first === OPEN_BRACE && place.fields.length > 0) || (first === OPEN_BRACKET && place.element !== null)
    if (!isEntered) for (const path of place.beyond) this.#refuse(path, start, end)
  }

  #read(path: string, start: number, end: number): void {
    const bytes = this.#bytes
    if (bytes[start] === QUOTE) {
      const text = decoded(bytes.toString('utf8', start + 1, end - 1))
      if (text === undefined) this.#refuse(path, start, end)
      else this.found.push({ path, text, isString: true, isMistyped: false, start, end })
    } else if (digitsEnd(bytes, start) === end) {
      const text = bytes.toString('latin1', start, end)
      this.found.push({ path, text, isString: false, isMistyped: false, start, end })
    } else this.#refuse(path, start, end)
  }

  #refuse(path: string, start: number, end: number): void {
    const isString = this.#bytes[start] === QUOTE
    this.found.push({ path, text: '', isString, isMistyped: true, start, end })
  }
}

/**
 * The values at declared paths, in the order of the document; of a field that is named twice, each. `null` and an empty
 * string are no values. What a tolerant decoder might take for a declared value is reported as mistyped, so that it can
 * be refused: a value of another type, one object in place of an array of them or the other way round, and a name that
 * only its case keeps from being a declared one.
 * @param bytes a document that may be anything; of what no path leads to only the structure is checked
 * @param paths as in objects.ts; always the same list for the same paths, because it is compiled once
 * @returns undefined when the bytes are not one whole JSON object, or it is nested deeper than 64 levels
 */
export function findValues(bytes: Buffer, paths: readonly string[]): readonly FoundValue[] | undefined {
  const start = spaceEnd(bytes, 0)
  if (bytes[start] !== OPEN_BRACE) return undefined
  const finder = new Finder(bytes)
  const end = finder.object(start, placesOf(paths), 1)
  return end !== NONE && spaceEnd(bytes, end) === bytes.length ? finder.found : undefined
}
