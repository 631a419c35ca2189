import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { GatewayError } from '../errors.ts'

const NAME = 'idempotency-key'
/** Visible ASCII. */
const KEY = /^[\x21-\x7e]{1,255}$/

/**
 * The key under which a client wants a request carried out once (draft-ietf-httpapi-idempotency-key-header).
 * @returns the header's value as it came; null where there is none
 * @throws GatewayError `idempotency_key_invalid`, or `ambiguous_header` where it stands twice
 */
export function idempotencyKeyOf({
  headers,
  rawHeaders,
}: Pick<IncomingMessage, 'headers' | 'rawHeaders'>): string | null {
  if (headers[NAME] === undefined) return null
  // Node has put two of them together with a comma, which a key may hold itself.
  const values = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === NAME)
  const [key = ''] = values
  if (values.length !== 1)
    throw new GatewayError('ambiguous_header', `The header "${NAME}" stands more than once.`)
  if (!KEY.test(key)) throw new GatewayError('idempotency_key_invalid')
  return key
}

/** A request, as it is told from another one under the same key. */
export interface FingerprintedRequest {
  readonly method: string
  /** Path and query as the client sent them. */
  readonly url: string
  /** The whole body, where it is in memory. A form is passed on before it is whole: of it the length counts. */
  readonly body: Buffer | null
  /** The length as the client told it; undefined: it did not. */
  readonly contentLength: string | undefined
}

/**
 * @returns SHA-256 over what a request asks for, in hexadecimal. Two forms of equal length have the same one: with
 * them a key is the client's own word that they are the same request
 */
export function fingerprintOf({ method, url, body, contentLength }: FingerprintedRequest): string {
  const hash = createHash('sha256')
  // Neither a method nor an address can hold a line end.
  hash.update(`${method} ${url}\n`)
  if (body === null) hash.update(`form of ${contentLength ?? 'unknown'} bytes`)
  else hash.update('body\n').update(body)
  return hash.digest('hex')
}
