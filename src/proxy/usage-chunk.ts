import { failureOfBaseResp } from '../minimax/dialects.ts'

/** A longer event is never the usage chunk, which has some 300 bytes; so no more than this is ever held. */
const LONGEST = 64 * 1024
/** How far an event is read to tell that it is an ordinary one: `choices` is among its first members. */
const GLANCE = 1024

const LF = 0x0a
const CR = 0x0d
const TAB = 0x09
const SPACE = 0x20
const QUOTE = 0x22
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const DATA = Buffer.from('data:')
const CHOICES = Buffer.from('"choices"')
const LINE_END = /\r\n|\r|\n/
const NOTHING = Buffer.alloc(0)

/** Where it stands: between events, in a comment there, in an event that may be the usage chunk, is not, or is. */
const BETWEEN = 0
const COMMENT = 1
const UNDECIDED = 2
const PASSING = 3
const WITHHELD = 4

/**
 * Withholds the usage chunk of an OpenAI-style stream from a client that did not ask for it: the event whose `choices`
 * are an empty list and whose `usage` is an object, up to and with its blank line. Every other byte passes, also usage
 * that comes with choices (MiniMax sends that unasked), `usage: null`, a failure, and what is cut off at the end.
 *
 * An event is cut as in WHATWG HTML 9.2.6: lines end with `\n`, `\r\n` or `\r`; comments before its first field are not
 * part of it. What is decided never depends on how the stream comes in chunks. Bytes are held only while they may be
 * the usage chunk, at most LONGEST of them.
 */
export class UsageChunkFilter {
  #state = BETWEEN
  /** The beginning of an event that may be the usage chunk. */
  #held: Buffer = NOTHING
  /** In an event: its present line has no bytes yet, and the line before ended with a carriage return. */
  #isLineStart = false
  #isAfterReturn = false
  /** The usage chunk ended with a carriage return; a line feed that follows belongs to it. */
  #owesLineFeed = false
  /** Where the next line feed and the next carriage return stand in the present bytes; -1: there is none. */
  #feed = -1
  #carriage = -1

  /** @returns what may go on now; the very chunk when there is nothing to hold or to withhold */
  push(chunk: Buffer): Buffer {
    if (chunk.length === 0) return chunk
    const held = this.#held
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    this.#held = NOTHING
    this.#feed = bytes.indexOf(LF, held.length)
    this.#carriage = bytes.indexOf(CR, held.length)
    const from = this.#owesLineFeed && bytes[0] === LF ? 1 : 0
    this.#owesLineFeed = false
    return this.#pass(bytes, chunk, from, Math.max(from, held.length))
  }

  /**
   * The end of the stream.
   * @param last the bytes with which it ends, if there are any left
   * @returns these, as far as they may go on, after what was held back
   */
  end(last: Buffer = NOTHING): Buffer {
    const passed = this.push(last)
    const rest = this.#held
    this.#held = NOTHING
    if (rest.length === 0) return passed
    return passed.length === 0 ? rest : Buffer.concat([passed, rest])
  }

  /** @param from where the bytes begin that may pass; what stands before `next` was read when it came */
  #pass(bytes: Buffer, chunk: Buffer, from: number, next: number): Buffer {
    const parts: Buffer[] = []
    let passed = from
    let start = 0
    let at = next
    while (at < bytes.length) {
      if (this.#state === BETWEEN) {
        at = this.#begin(bytes, at)
        start = at
        continue
      }
      if (this.#state === COMMENT) {
        at = this.#endOfLine(bytes, at) + 1
        if (at === 0) break
        this.#state = BETWEEN
        continue
      }
      const end = this.#endOfEvent(bytes, at)
      if (this.#state === UNDECIDED) this.#state = decided(bytes, start, end)
      if (this.#state === UNDECIDED) {
        // A copy, so that a few bytes do not keep the memory of a whole chunk; what was joined here is one already.
        this.#held = start === 0 && bytes !== chunk ? bytes : Buffer.from(bytes.subarray(start))
        return joined(bytes, passed, start, parts)
      }
      if (end < 0) break
      at = end
      if (this.#state === WITHHELD) {
        if (start > passed) parts.push(bytes.subarray(passed, start))
        at = this.#afterUsageChunk(bytes, end)
        passed = at
      }
      this.#state = BETWEEN
    }
    return joined(bytes, passed, bytes.length, parts)
  }

  /** Passes over a blank line, or sees what begins. @returns where to go on */
  #begin(bytes: Buffer, at: number): number {
    const byte = bytes[at]
    if (byte === LF || byte === CR) return at + 1
    this.#state = byte === COLON ? COMMENT : UNDECIDED
    this.#isLineStart = false
    this.#isAfterReturn = false
    return at
  }

  #afterUsageChunk(bytes: Buffer, end: number): number {
    if (bytes[end - 1] !== CR) return end
    if (bytes[end] === LF) return end + 1
    this.#owesLineFeed = end === bytes.length
    return end
  }

  /** @returns where the present line ends; -1 when that is yet to come */
  #endOfLine(bytes: Buffer, at: number): number {
    if (this.#feed >= 0 && this.#feed < at) this.#feed = bytes.indexOf(LF, at)
    if (this.#carriage >= 0 && this.#carriage < at) this.#carriage = bytes.indexOf(CR, at)
    if (this.#feed < 0 || this.#carriage < 0) return Math.max(this.#feed, this.#carriage)
    return Math.min(this.#feed, this.#carriage)
  }

  /** @returns where the blank line that ends the event has ended; -1 when it is yet to come */
  #endOfEvent(bytes: Buffer, from: number): number {
    let at = from
    while (at < bytes.length) {
      if (this.#isLineStart) {
        const byte = bytes[at]
        if (byte === CR || (byte === LF && !this.#isAfterReturn)) return at + 1
        const isRestOfLineEnd = byte === LF
        this.#isAfterReturn = false
        if (isRestOfLineEnd) {
          at++
          continue
        }
        this.#isLineStart = false
      }
      const end = this.#endOfLine(bytes, at)
      if (end < 0) return -1
      this.#isLineStart = true
      this.#isAfterReturn = bytes[end] === CR
      at = end + 1
    }
    return -1
  }
}

/** @returns what is known of an event by the bytes that have come; its end is -1 while that is yet to come */
function decided(bytes: Buffer, start: number, end: number): number {
  const length = (end < 0 ? bytes.length : end) - start
  if (length > LONGEST || isOrdinary(bytes, start)) return PASSING
  if (end < 0) return UNDECIDED
  return isUsageChunk(bytes.subarray(start, end)) ? WITHHELD : PASSING
}

function joined(bytes: Buffer, start: number, end: number, parts: Buffer[]): Buffer {
  if (parts.length === 0) {
    if (start === end) return NOTHING
    return start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end)
  }
  parts.push(bytes.subarray(start, end))
  return Buffer.concat(parts)
}

/**
 * Tells most events from the usage chunk by their first bytes: the data is no object, or there is something in its
 * `choices`. It only says yes where that is certain: nothing is nested and nothing escaped before that field.
 */
function isOrdinary(bytes: Buffer, start: number): boolean {
  for (let at = 0; at < DATA.length; at++) if (bytes[start + at] !== DATA[at]) return false
  let at = afterSpace(bytes, start + DATA.length)
  if (bytes[at] !== OPEN_BRACE) return !isUnknown(bytes[at])
  const end = Math.min(bytes.length, start + GLANCE)
  for (at++; at < end; at++) {
    const byte = bytes[at]
    if (byte === OPEN_BRACE || byte === BACKSLASH || byte === LF || byte === CR) return false
    if (byte !== QUOTE || !isChoices(bytes, at)) continue
    const colon = afterSpace(bytes, at + CHOICES.length)
    if (bytes[colon] === COLON) return hasChoices(bytes, colon + 1)
  }
  return false
}

/** @returns whether the value that begins here is certainly something else than an empty list */
function hasChoices(bytes: Buffer, from: number): boolean {
  const at = afterSpace(bytes, from)
  if (bytes[at] !== OPEN_BRACKET) return !isUnknown(bytes[at])
  const first = bytes[afterSpace(bytes, at + 1)]
  return first !== CLOSE_BRACKET && !isUnknown(first)
}

/** Not there yet, or on another line. */
function isUnknown(byte: number | undefined): boolean {
  return byte === undefined || byte === LF || byte === CR
}

function isChoices(bytes: Buffer, from: number): boolean {
  for (let at = 1; at < CHOICES.length; at++) if (bytes[from + at] !== CHOICES[at]) return false
  return true
}

function afterSpace(bytes: Buffer, from: number): number {
  let at = from
  while (bytes[at] === SPACE || bytes[at] === TAB) at++
  return at
}

/** Nobody writes the name `choices` with escapes; an event without it need not be parsed. */
function isUsageChunk(event: Buffer): boolean {
  if (!event.includes(CHOICES)) return false
  const value = parse(dataOf(event.toString()))
  if (!isRecord(value)) return false
  const { choices, usage, error, base_resp: status, ...others } = value
  return (
    Array.isArray(choices) &&
    choices.length === 0 &&
    isRecord(usage) &&
    (error === undefined || error === null) &&
    failureOfBaseResp(status) === undefined &&
    !Object.values(others).some(isContent)
  )
}

/** What describes the chunk (id, model, flags) is plain; a filled object or list beside it says something of its own. */
function isContent(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}

function dataOf(event: string): string {
  return event
    .split(LINE_END)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(line[5] === ' ' ? 6 : 5))
    .join('\n')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON: then it is not the usage chunk.
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
