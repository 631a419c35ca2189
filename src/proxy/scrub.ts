import {
  failureOfBaseResp,
  failureOfErrorEvent,
  failureOfErrorObject,
  type ReportedFailure,
} from '../minimax/dialects.ts'
import type { SecretForms } from './secrets.ts'

/** A failure that is reported in more bytes than this is not one that MiniMax writes. */
const MAX_OBJECT = 8 * 1024
/** Fewer bytes than this are searched for two names as fast as for one quote. */
const SMALL = 1024
const ASTERISK = 0x2a
const QUOTE = 0x22
const BACKSLASH = 0x5c
const LINE_FEED = 0x0a
const NOTHING = Buffer.alloc(0)

/** Where the two ways of reporting a failure begin, in every dialect, in JSON and in event streams alike. */
const BASE_RESP = Buffer.from('"base_resp"')
const ERROR = Buffer.from('"error"')
/** The Responses surface has a third one: an event whose own fields are the code and the message. */
const EVENT = '{"type":"error"'
const ERROR_EVENT = Buffer.from(EVENT)

/**
 * Passes the bytes of an answer on as they come, except for two things that must not reach a caller (DESIGN rules 1
 * and 7): the master key, and texts about the operator's account. Both are replaced by as many other bytes, so that
 * lengths hold. Bytes are held back only while they may be the start of either; never more than MAX_OBJECT of them.
 */
export class Scrubber {
  /** How often a secret was masked. */
  masked = 0
  /** The last failure that the bytes reported. */
  failure: ReportedFailure | undefined

  readonly #secrets: SecretForms
  #readsFailures: boolean
  /** Begun but not finished: a prefix of something that may have to be replaced. */
  #held: Buffer = NOTHING

  /** @param readsFailures whether the bytes are text in which a failure may be reported; files are not */
  constructor(secrets: SecretForms, readsFailures: boolean) {
    this.#secrets = secrets
    this.#readsFailures = readsFailures
  }

  /** What follows is a file, in which no failure is reported; only the key is looked for. */
  expectFile(): void {
    this.#readsFailures = false
  }

  /** @returns what may go on now; the very chunk when there is nothing to hold or to replace */
  push(chunk: Buffer): Buffer {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    const masked = this.#mask(bytes)
    let keep = masked.length - this.#partialSecret(masked)
    if (this.#readsFailures) keep = Math.min(keep, this.#failures(masked))
    this.#held = keep === masked.length ? NOTHING : masked.subarray(keep)
    return keep === masked.length ? masked : masked.subarray(0, keep)
  }

  /** @returns a whole document, of which nothing more will come, with all that must be replaced in it */
  whole(bytes: Buffer): Buffer {
    const masked = this.#mask(bytes)
    if (this.#readsFailures) this.#failures(masked)
    return masked
  }

  /** @returns what was held back, at the end of the bytes */
  end(): Buffer {
    const rest = this.#held
    this.#held = NOTHING
    return rest
  }

  #mask(bytes: Buffer): Buffer {
    if (!this.#secrets.mayBeIn(bytes)) return bytes
    let clean = bytes
    for (const form of this.#secrets.forms) {
      const { anchor, tail } = form
      for (let at = clean.indexOf(tail, anchor); at >= 0; at = clean.indexOf(tail, at + tail.length)) {
        const start = at - anchor
        if (clean.compare(form.bytes, 0, anchor, start, at) !== 0) continue
        if (clean === bytes) clean = Buffer.from(bytes)
        clean.fill(ASTERISK, start, at + tail.length)
        this.masked++
      }
    }
    return clean
  }

  /** @returns how many of the last bytes are the start of a secret */
  #partialSecret(bytes: Buffer): number {
    if (endsLine(bytes)) return 0
    let longest = 0
    for (const { bytes: form } of this.#secrets.forms) {
      const first = form[0]
      if (first === undefined) continue
      const from = Math.max(0, bytes.length - form.length + 1)
      for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
        const length = bytes.length - at
        if (length <= longest) break
        if (bytes.compare(form, 0, length, at) === 0) longest = length
      }
    }
    return longest
  }

  /** Reads and, where needed, replaces each report of a failure. @returns how many bytes are settled */
  #failures(bytes: Buffer): number {
    // Every report is in quotes; the inside of a long text, such as audio, has none.
    if (bytes.length > SMALL && !bytes.includes(QUOTE)) return bytes.length - partialEvent(bytes)
    const ofStatus = this.#scan(bytes, BASE_RESP, failureOfBaseResp, placidBaseResp)
    // An error event has the name of an error in it.
    if (!bytes.includes(ERROR)) return Math.min(ofStatus, bytes.length - this.#partialError(bytes))
    return Math.min(
      ofStatus,
      this.#scan(bytes, ERROR, failureOfErrorObject, placidError),
      this.#scanEvents(bytes),
    )
  }

  /** @returns how many of the last bytes are the start of an error, of either kind */
  #partialError(bytes: Buffer): number {
    return Math.max(partialOf(bytes, ERROR), partialEvent(bytes))
  }

  #scanEvents(bytes: Buffer): number {
    for (let at = bytes.indexOf(ERROR_EVENT); at >= 0; at = bytes.indexOf(ERROR_EVENT, at + 1)) {
      const end = objectEnd(bytes, at)
      if (end < 0) return bytes.length - at > MAX_OBJECT ? bytes.length : at
      const failure = failureOfErrorEvent(parse(bytes, at, end))
      if (failure === undefined) continue
      this.failure = failure
      if (failure.outcome === 'provider_account') bytes.write(placidEvent(end - at), at, 'latin1')
    }
    return bytes.length - partialEvent(bytes)
  }

  #scan(
    bytes: Buffer,
    name: Buffer,
    read: (value: unknown) => ReportedFailure | undefined,
    replace: (length: number) => string,
  ): number {
    for (let at = bytes.indexOf(name); at >= 0;) {
      const value = objectAfter(bytes, at + name.length)
      // The object goes on in the next chunk; one that grows beyond all measure is let go.
      if (value === 'more') return bytes.length - at > MAX_OBJECT ? bytes.length : at
      if (value === null) {
        at = bytes.indexOf(name, at + name.length)
        continue
      }
      const failure = isSuccess(bytes, value.start) ? undefined : read(parse(bytes, value.start, value.end))
      if (failure !== undefined) {
        this.failure = failure
        if (failure.outcome === 'provider_account') {
          bytes.write(replace(value.end - value.start), value.start, 'latin1')
        }
      }
      at = bytes.indexOf(name, value.end)
    }
    return bytes.length - partialOf(bytes, name)
  }
}

/** How nearly every `base_resp` begins; it need not be parsed to know that it reports nothing. */
const SUCCESS = Buffer.from('{"status_code":0,')

function isSuccess(bytes: Buffer, start: number): boolean {
  return (
    bytes.length >= start + SUCCESS.length &&
    bytes.compare(SUCCESS, 0, SUCCESS.length, start, start + SUCCESS.length) === 0
  )
}

function parse(bytes: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', start, end))
  } catch {
    // Not JSON after all: then it reports nothing.
    return undefined
  }
}

/** @returns how many of the last bytes are the start of a needle that begins with a quote and has no other inside */
function partialOf(bytes: Buffer, needle: Buffer): number {
  if (endsLine(bytes)) return 0
  const at = bytes.lastIndexOf(QUOTE)
  if (at < 0) return 0
  const length = bytes.length - at
  return length < needle.length && bytes.compare(needle, 0, length, at) === 0 ? length : 0
}

/** Nothing that is looked for has a line break in it, and nearly every piece of an event stream ends with one. */
function endsLine(bytes: Buffer): boolean {
  return bytes[bytes.length - 1] === LINE_FEED
}

/** @returns how many of the last bytes are the start of an error event */
function partialEvent(bytes: Buffer): number {
  if (endsLine(bytes)) return 0
  const end = bytes.toString('latin1', Math.max(0, bytes.length - EVENT.length + 1))
  const at = end.lastIndexOf('{')
  return at >= 0 && EVENT.startsWith(end.slice(at)) ? end.length - at : 0
}

function afterSpace(bytes: Buffer, from: number): number {
  let at = from
  while (bytes[at] === 0x20 || bytes[at] === 0x0a || bytes[at] === 0x0d || bytes[at] === 0x09) at++
  return at
}

/** Where the object value of a field stands; `more` when its end is yet to come; null when it is no object. */
function objectAfter(
  bytes: Buffer,
  from: number,
): { readonly start: number; readonly end: number } | 'more' | null {
  const colon = afterSpace(bytes, from)
  if (colon >= bytes.length) return 'more'
  if (bytes[colon] !== 0x3a) return null
  const start = afterSpace(bytes, colon + 1)
  if (start >= bytes.length) return 'more'
  if (bytes[start] !== 0x7b) return null
  const end = objectEnd(bytes, start)
  return end < 0 ? 'more' : { start, end }
}

/** @returns where the object that begins at `start` has ended; -1 when its end is yet to come */
function objectEnd(bytes: Buffer, start: number): number {
  let depth = 0
  let inString = false
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at]
    if (inString) {
      if (byte === BACKSLASH) at++
      else if (byte === QUOTE) inString = false
    } else if (byte === QUOTE) inString = true
    else if (byte === 0x7b) depth++
    else if (byte === 0x7d && --depth === 0) return at + 1
  }
  return -1
}

const PLACID_TEXT = 'The service is temporarily unavailable.'

/** JSON of exactly so many bytes: as much of the text as fits, then spaces, which JSON allows between its parts. */
function fitted(length: number, before: string, after: string): string {
  const room = length - before.length - after.length
  if (room < 0) return `{${' '.repeat(Math.max(0, length - 2))}}`
  const text = PLACID_TEXT.length <= room ? PLACID_TEXT : ''
  return before + text + after.slice(0, -1) + ' '.repeat(room - text.length) + '}'
}

function placidBaseResp(length: number): string {
  return fitted(length, '{"status_code":1024,"status_msg":"', '"}')
}

function placidError(length: number): string {
  return fitted(length, '{"type":"overloaded_error","message":"', '"}')
}

function placidEvent(length: number): string {
  return fitted(length, `${EVENT},"code":"1024","message":"`, '"}')
}
