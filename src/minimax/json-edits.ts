import { CLOSE_BRACE, OPEN_BRACE, spaceEnd } from './json-scan.ts'

/** What stands in a range of bytes afterwards. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: Buffer
}

/**
 * @param edits in any order
 * @returns the document with each range replaced and every other byte as it was; itself when there is nothing to change
 * @throws Error when ranges overlap or lie outside: the caller's mistake
 */
export function replaceValues(bytes: Buffer, edits: readonly Edit[]): Buffer {
  if (edits.length === 0) return bytes
  const pieces: Buffer[] = []
  let at = 0
  for (const { start, end, text } of edits.toSorted((a, b) => a.start - b.start)) {
    if (start < at || end < start || end > bytes.length)
      throw new Error(`no range to replace: ${start} to ${end}`)
    pieces.push(bytes.subarray(at, start), text)
    at = end
  }
  pieces.push(bytes.subarray(at))
  return Buffer.concat(pieces)
}

/**
 * Adds a field with a string to the outermost object, as its first.
 * @param bytes a valid JSON object that has no such field
 * @throws Error when it is not an object: the caller's mistake
 */
export function insertField(bytes: Buffer, name: string, value: string): Buffer {
  const brace = spaceEnd(bytes, 0)
  if (bytes[brace] !== OPEN_BRACE) throw new Error('a field can only be added to an object')
  const isEmpty = bytes[spaceEnd(bytes, brace + 1)] === CLOSE_BRACE
  const text = Buffer.from(`${JSON.stringify(name)}:${JSON.stringify(value)}${isEmpty ? '' : ','}`)
  return replaceValues(bytes, [{ start: brace + 1, end: brace + 1, text }])
}

/** @returns the text as a JSON string, quotes included */
export function jsonString(text: string): Buffer {
  return Buffer.from(JSON.stringify(text))
}
