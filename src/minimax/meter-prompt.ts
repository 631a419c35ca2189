import { Parts } from './meter-parts.ts'
import { StringScanner } from './meter-string.ts'
import { tokensOfBytes } from './usage.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const SLASH = 0x2f
const LETTER_U = 0x75
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d

/** A longer string that looks like base64 is an image or a video, not a text. */
const LONG = 2048
const LOOKED_AT = 64
const DATA_URL = Buffer.from('data:')

/** What a prompt holds, by its JSON. */
export interface PromptSize {
  /** Bytes of the JSON without space between its parts and without needless escapes, and without what looks like a file. */
  readonly bytes: number
  /** Of what looks like a file, the bytes that belong to no image or video: they are texts. */
  readonly texts: number
  readonly images: number
  readonly videos: number
  /** Parts whose type is `web_search…`: among the tools, the server tool (guides/server-tools). */
  readonly searches: number
}

/** Types of content parts, in all dialects (text-chat-openai, text-chat-anthropic, responses-create, video v2). */
const IMAGE_TYPES: ReadonlySet<string> = new Set(['image', 'image_url', 'input_image'])
const VIDEO_TYPES: ReadonlySet<string> = new Set(['video', 'video_url', 'input_video'])
const LONGEST_TYPE = 20
const TYPE = Buffer.from('type')
const INPUT = Buffer.from('input')
const SEARCH = 'web_search'
/** Fields that hold the file of such a part. A long text in any other is text, whatever it looks like. */
const FILE_KEYS: readonly Buffer[] = ['url', 'data', 'image_url', 'video_url'].map((key) => Buffer.from(key))

/** The documented prompt of one image and a short text is 1365 tokens (text-chat-anthropic, stream of M3). */
const IMAGE_TOKENS = 1300
/** Nothing is published about videos; as ten images. */
const VIDEO_TOKENS = 10 * IMAGE_TOKENS

/** What all values of a prompt come to. */
export interface Prompt {
  /**
   * Estimated before MiniMax counts them: four bytes of compact JSON each, whose brackets and names stand for what a
   * chat template puts around each message.
   */
  readonly tokens: number
  /** Of compact JSON, without the files of images and videos. */
  readonly bytes: number
  readonly images: number
  readonly videos: number
}

/** @param sizes of the values that a prompt is made of */
export function promptOf(sizes: readonly PromptSize[]): Prompt {
  let tokens = 0
  let bytes = 0
  let images = 0
  let videos = 0
  for (const size of sizes) {
    tokens += tokensOfBytes(size.bytes) + size.images * IMAGE_TOKENS + size.videos * VIDEO_TOKENS
    bytes += size.bytes + size.texts
    images += size.images
    videos += size.videos
  }
  return { tokens, bytes, images, videos }
}

/** One for all: a measurement is never interrupted. */
const scanner = new StringScanner()
const parts = new Parts()

/**
 * Measures a JSON value that is known to be valid. Long strings are skipped by native search, not decoded.
 * @param isText whether no files may stand in it, whatever looks like one
 */
export function promptSize(body: Buffer, from: number, to: number, isText = false): PromptSize {
  let bytes = 0
  let images = 0
  let videos = 0
  let searches = 0
  let keyAt = from
  let keyEnd = from
  let isValue = false
  let isType = false
  let nextBackslash = -1
  parts.begin(isText)
  for (let at = from; at < to; at++) {
    const byte = body[at]
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) continue
    bytes++
    if (byte !== QUOTE) {
      // What a tool is given is read as text by the model, whatever its fields are called.
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET)
        parts.open(isValue && isKey(INPUT, body, keyAt, keyEnd))
      else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) parts.close(byte === CLOSE_BRACE)
      isValue = byte === COLON
      continue
    }
    scanner.begin()
    const start = at + 1
    const end = scanner.endOf(body, start, to)
    if (end < 0) break
    const length = end - start
    if (length > LONG && isValue && isFileKey(body, keyAt, keyEnd) && isFile(body, start)) {
      bytes += 1
      parts.file(length)
    } else {
      if (nextBackslash < start) {
        const found = body.indexOf(BACKSLASH, start)
        nextBackslash = found < 0 ? body.length : found
      }
      bytes += length + 1
      if (nextBackslash < end) bytes -= savedByEscapes(body, nextBackslash, end)
      if (!isValue) {
        isType = isKey(TYPE, body, start, end)
        keyAt = start
        keyEnd = end
      } else if (isType && length <= LONGEST_TYPE) {
        const word = body.toString('latin1', start, end)
        if (IMAGE_TYPES.has(word)) {
          images++
          parts.media()
        } else if (VIDEO_TYPES.has(word)) {
          videos++
          parts.media()
        } else if (word.startsWith(SEARCH)) searches++
      }
    }
    isValue = false
    at = end
  }
  parts.end()
  return { bytes, texts: parts.texts, images, videos, searches }
}

function isKey(key: Buffer, body: Buffer, from: number, to: number): boolean {
  return key.length === to - from && body.compare(key, 0, key.length, from, to) === 0
}

function isFileKey(body: Buffer, from: number, to: number): boolean {
  return FILE_KEYS.some((key) => isKey(key, body, from, to))
}

function isFile(body: Buffer, start: number): boolean {
  if (body.compare(DATA_URL, 0, DATA_URL.length, start, start + DATA_URL.length) === 0) return true
  return /^[A-Za-z0-9+/=_-]*$/.test(body.toString('latin1', start, start + LOOKED_AT))
}

/** How many bytes shorter a string is when written without needless escapes. Python's clients escape all but ASCII. */
function savedByEscapes(body: Buffer, from: number, end: number): number {
  let saved = 0
  for (let at = from; at < end; at++) {
    if (body[at] !== BACKSLASH) continue
    const escape = body[++at]
    if (escape === SLASH) saved++
    if (escape !== LETTER_U) continue
    const code = Number.parseInt(body.toString('latin1', at + 1, at + 5), 16)
    // Half a surrogate pair is two of the four bytes of its character.
    if (code >= 0xd800 && code <= 0xdfff) saved += 4
    else if (code >= 0x800) saved += 3
    else if (code >= 0x80) saved += 4
    else if (code >= 0x20) saved += 5
  }
  return saved
}
