/**
 * Parts of a JSON document as the very text that stands there: what is parsed and written anew loses the last digits
 * of long numbers.
 */

/** No list, and nothing that goes into one, is larger. */
const MAX_BYTES = 4 * 1024 * 1024

/** A field of an object; `raw` is its value as it is written. */
export interface RawField {
  readonly name: string
  readonly raw: string
}

/** @returns the position behind the string that begins at `at` */
function stringEnd(text: string, at: number): number {
  let from = at + 1
  for (;;) {
    const end = text.indexOf('"', from)
    let backslashes = 0
    while (text[end - 1 - backslashes] === '\\') backslashes++
    if (end < 0 || backslashes % 2 === 0) return end < 0 ? text.length : end + 1
    from = end + 1
  }
}

/** What stands between the commas of an array or object that is known to be valid. */
function piecesOf(text: string): string[] {
  const pieces: string[] = []
  let depth = 0
  let from = 1
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]
    if (sign === '"') at = stringEnd(text, at) - 1
    else if (sign === '{' || sign === '[') depth++
    else if (sign === '}' || sign === ']') depth--
    else if (sign === ',' && depth === 1) {
      pieces.push(text.slice(from, at).trim())
      from = at + 1
    }
  }
  const last = text.slice(from, -1).trim()
  return last === '' ? pieces : [...pieces, last]
}

/** A JSON object: as it is written, without space around it, and as it is read. */
export interface JsonObject {
  readonly text: string
  readonly fields: Readonly<Record<string, unknown>>
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @returns undefined when it is no JSON object, or far too large */
export function jsonObject(document: Buffer | string): JsonObject | undefined {
  if (document.length > MAX_BYTES) return undefined
  const text = document.toString().trim()
  if (!text.startsWith('{')) return undefined
  try {
    const fields: unknown = JSON.parse(text)
    return isRecord(fields) ? { text, fields } : undefined
  } catch {
    return undefined
  }
}

/** @returns the text of a JSON object, see `jsonObject` */
export function objectText(document: Buffer | string): string | undefined {
  return jsonObject(document)?.text
}

/** @param object as `objectText` gives it, or a part of such */
export function fieldsOf(object: string): readonly RawField[] {
  return piecesOf(object).map((piece) => {
    const end = stringEnd(piece, 0)
    const name = String(JSON.parse(piece.slice(0, end)))
    return { name, raw: piece.slice(piece.indexOf(':', end) + 1).trim() }
  })
}

/** @param array a part of a valid document. @returns undefined when it is no array */
export function elementsOf(array: string | undefined): readonly string[] | undefined {
  return array?.startsWith('[') === true ? piecesOf(array) : undefined
}

/** @returns the field of that name as it is written; of several the last, as most parsers have it */
export function rawOf(object: string, name: string): string | undefined {
  return fieldsOf(object).findLast((field) => field.name === name)?.raw
}

/** @returns the string that is written there; undefined for a value of another type */
export function stringOf(raw: string | undefined): string | undefined {
  return raw?.startsWith('"') === true ? String(JSON.parse(raw)) : undefined
}

/** @returns the object that is written there; undefined for a value of another type */
export function objectOf(raw: string | undefined): string | undefined {
  return raw?.startsWith('{') === true ? raw : undefined
}

/** An object of these fields; those whose value is undefined are left out. */
export function written(fields: readonly (readonly [name: string, raw: string | undefined])[]): string {
  const shown = fields.flatMap(([name, raw]) => (raw === undefined ? [] : [`${JSON.stringify(name)}:${raw}`]))
  return `{${shown.join(',')}}`
}

/** @returns the object without the fields of that name */
export function without(object: string, name: string): string {
  const kept = fieldsOf(object).filter((field) => field.name !== name)
  return written(kept.map((field) => [field.name, field.raw]))
}
