import { JsonWalker } from './json-walker.ts'
import { refuseOtherCase, type ByteRange, type JsonView } from './json.ts'

const OPEN_BRACE = 0x7b
const LETTER_F = 0x66
const LETTER_N = 0x6e

const FIELDS: ReadonlySet<string> = new Set(['include_usage'])

const TRUE = Buffer.from('true')
const OPTIONS = Buffer.from('{"include_usage":true}')
const OPTIONS_FIELD = Buffer.from('"stream_options":{"include_usage":true},')
const USAGE_FIELD = Buffer.from('"include_usage":true,')
const ONLY_USAGE_FIELD = Buffer.from('"include_usage":true')

/** A request body, and whether usage is asked for in it that the client did not ask for. */
export interface AskedBody {
  readonly bytes: Buffer
  readonly added: boolean
}

/**
 * Asks for usage in the body of a stream that would end without (text-chat-openai, `stream_options.include_usage`).
 * Only what says no or nothing is changed, exactly there; an option of a wrong type is left for upstream to refuse.
 * @param bytes the body as it came; it is not changed
 * @param view what `viewJson` read of these very bytes
 * @returns the body to be sent: the very bytes when nothing had to be added
 * @throws GatewayError `duplicate_field` for `include_usage` in another case, which a decoder that ignores case would
 * read in place of ours
 */
export function withUsageAsked(bytes: Buffer, view: JsonView): AskedBody {
  if (!view.stream) return { bytes, added: false }
  const options = view.streamOptions
  // A body that asks for a stream has one member at least, so that a comma is always right.
  if (options === undefined) return inserted(bytes, bytes.indexOf(OPEN_BRACE) + 1, OPTIONS_FIELD)
  const first = bytes[options.start]
  if (first === LETTER_N) return replaced(bytes, options, OPTIONS)
  if (first !== OPEN_BRACE) return { bytes, added: false }
  const { isEmpty, includeUsage } = readOptions(bytes, options)
  if (includeUsage === undefined)
    return inserted(bytes, options.start + 1, isEmpty ? ONLY_USAGE_FIELD : USAGE_FIELD)
  const value = bytes[includeUsage.start]
  if (value === LETTER_F || value === LETTER_N) return replaced(bytes, includeUsage, TRUE)
  return { bytes, added: false }
}

interface StreamOptions {
  readonly isEmpty: boolean
  /** Where its value stands in the body. */
  readonly includeUsage: ByteRange | undefined
}

/** Walks the object once more: it is a few bytes long, and most bodies have none. */
function readOptions(bytes: Buffer, range: ByteRange): StreamOptions {
  let isEmpty = true
  let includeUsage: ByteRange | undefined
  new JsonWalker(bytes.subarray(range.start, range.end), (key, start, end) => {
    isEmpty = false
    if (key === 'include_usage') includeUsage = { start: range.start + start, end: range.start + end }
    else refuseOtherCase(key, FIELDS)
  }).walk()
  return { isEmpty, includeUsage }
}

function inserted(bytes: Buffer, at: number, text: Buffer): AskedBody {
  return replaced(bytes, { start: at, end: at }, text)
}

function replaced(bytes: Buffer, { start, end }: ByteRange, text: Buffer): AskedBody {
  return { bytes: Buffer.concat([bytes.subarray(0, start), text, bytes.subarray(end)]), added: true }
}
