import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { GatewayError } from '../errors.ts'
import type { Operation } from '../minimax/catalog.ts'
import type { SecretForms } from './secrets.ts'

/** Visible ASCII and spaces, of a length that no header of the API reaches. */
const VALUE = /^[\x20-\x7e]{1,512}$/

/** The client's headers that MiniMax reads; nothing else of a client's goes upstream. */
const REQUEST_HEADERS: Readonly<Record<Operation['dialect'], readonly string[]>> = {
  native: ['mm-api-source'],
  openai: ['mm-api-source'],
  anthropic: ['anthropic-version', 'anthropic-beta'],
}

/** speech_to_text takes its language in a header (api-reference/speech-to-text). */
const OPERATION_HEADERS: Readonly<Record<string, readonly string[]>> = {
  'transcription.create': ['language', 'mm-api-source'],
}

/** Those of MiniMax's headers that a client may see; its ids, so that its support can find a call. */
const ANSWER_HEADERS: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'content-disposition',
  'content-range',
  'accept-ranges',
  'trace-id',
  'minimax-request-id',
  'x-mm-request-id',
  'retry-after',
])

/** Names of headers as bytes, so that none of the others is made a text. */
class HeaderNames {
  readonly #byLength = new Map<number, { readonly name: string; readonly bytes: Buffer }[]>()

  constructor(names: Iterable<string>) {
    for (const name of names) {
      const others = this.#byLength.get(name.length) ?? []
      this.#byLength.set(name.length, [...others, { name, bytes: Buffer.from(name) }])
    }
  }

  /** @returns the name in lower case when it is one of ours */
  nameOf(bytes: Buffer | undefined): string | undefined {
    if (bytes === undefined) return undefined
    for (const known of this.#byLength.get(bytes.length) ?? NO_NAMES) {
      if (isSameName(bytes, known.bytes)) return known.name
    }
    return undefined
  }
}

const NO_NAMES: readonly never[] = []
/** The bit in which the cases of an ASCII letter differ. */
const CASE = 0x20

function isSameName(bytes: Buffer, lower: Buffer): boolean {
  for (let at = 0; at < lower.length; at++) {
    const byte = bytes[at] ?? 0
    const isUpper = byte >= 0x41 && byte <= 0x5a
    if ((isUpper ? byte | CASE : byte) !== lower[at]) return false
  }
  return true
}

const READ_HEADERS = new HeaderNames([...ANSWER_HEADERS, 'content-encoding'])

/** Refuses a request in which a header that decides something stands twice (RFC 9112 section 3.2 for Host). */
const UNIQUE: ReadonlySet<string> = new Set(['content-type', 'content-length', 'transfer-encoding', 'expect'])
const UNIQUE_LENGTHS: ReadonlySet<number> = new Set([...UNIQUE].map((name) => name.length))

/**
 * Refuses a request in which a header that decides something stands twice.
 * @param rawHeaders names and values in turn, as they came
 * @throws GatewayError `ambiguous_header`
 */
export function refuseRepeatedHeaders(rawHeaders: readonly string[]): void {
  let seen = ''
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    // Lower-casing every name of every request would cost more than all the rest of this.
    if (!UNIQUE_LENGTHS.has(name.length)) continue
    const lower = name.toLowerCase()
    if (!UNIQUE.has(lower)) continue
    if (seen.includes(`|${lower}|`))
      throw new GatewayError('ambiguous_header', `The header "${lower}" stands more than once.`)
    seen += `|${lower}|`
  }
}

/**
 * Refuses a request that says it is of a version whose messages look otherwise: Node's parser takes `HTTP/2.0` and
 * `HTTP/0.9` in a request line that is else of HTTP/1.
 * @throws GatewayError `invalid_request`
 */
export function refuseStrangeVersion({ httpVersionMajor }: Pick<IncomingMessage, 'httpVersionMajor'>): void {
  if (httpVersionMajor !== 1) throw new GatewayError('invalid_request', 'Speak HTTP/1.1 on this connection.')
}

/**
 * The headers of a request to upstream, built from nothing.
 * @param authorization the upstream key as a header value
 * @param contentType ours, not the client's own text; null when there is no body
 * @param contentLength for a body that is streamed and whose length is known
 */
export function upstreamHeaders(
  operation: Operation,
  authorization: string,
  client: IncomingHttpHeaders,
  contentType: string | null,
  contentLength: number | null,
): string[] {
  const headers = [
    'authorization',
    authorization,
    'accept',
    '*/*',
    'accept-encoding',
    'identity',
    'user-agent',
    'minimax-gateway',
  ]
  if (contentType !== null) headers.push('content-type', contentType)
  if (contentLength !== null) headers.push('content-length', String(contentLength))
  const names = OPERATION_HEADERS[operation.name] ?? REQUEST_HEADERS[operation.dialect]
  for (const name of names) {
    const value = client[name]
    if (typeof value === 'string' && VALUE.test(value)) headers.push(name, value)
  }
  return headers
}

/** What every answer carries, whoever made it. */
export function commonHeaders(operation: { readonly dialect: string }, requestId: string): string[] {
  const headers = [
    'x-request-id',
    requestId,
    'cache-control',
    'no-store',
    'x-content-type-options',
    'nosniff',
  ]
  // Anthropic's SDK reads its request id here.
  if (operation.dialect === 'anthropic') headers.push('request-id', requestId)
  return headers
}

/** The headers of an answer that may go on to the caller, and what they say about the body. */
export interface AnswerHeaders {
  readonly list: string[]
  readonly contentType: string
  readonly contentEncoding: string
  /** -1 when the answer does not say. */
  readonly contentLength: number
  /** How many values held the master key and were masked. */
  readonly masked: number
}

/**
 * Reads an answer's headers and keeps those that are allowed, the first where one stands twice; length and type are kept
 * apart, for whoever sends the body.
 * @param upstream names and values in turn, as they came
 */
export function answerHeaders(upstream: readonly Buffer[], secrets: SecretForms): AnswerHeaders {
  const list: string[] = []
  let contentType = ''
  let contentEncoding = ''
  let contentLength = -1
  let masked = 0
  for (let at = 0; at + 1 < upstream.length; at += 2) {
    const name = READ_HEADERS.nameOf(upstream[at])
    if (name === undefined) continue
    const value = upstream[at + 1]?.toString('latin1').trim() ?? ''
    if (name === 'content-length') {
      contentLength = Number(value)
      continue
    }
    if (name === 'content-encoding') {
      contentEncoding = contentEncoding === '' ? value.toLowerCase() : `${contentEncoding}, ${value}`
      continue
    }
    const clean = secrets.maskText(value)
    masked += clean.masked
    if (name === 'content-type') contentType = clean.text
    else if (VALUE.test(clean.text) && !list.includes(name)) list.push(name, clean.text)
  }
  return { list, contentType, contentEncoding, contentLength, masked }
}
