import { GatewayError } from '../errors.ts'

/** As long as the longest credential that is taken, which is a JWT; whatever is longer is not worth a look. */
const MAX_LENGTH = 8_192

const BEARER = 'Bearer '

function wrongScheme(): GatewayError {
  return new GatewayError('token_invalid', 'The Authorization must be "Bearer <token>", with one space.')
}

/** The credential in an `Authorization` value, or '' when there is none in it. */
function bearerFrom(value: string): string {
  if (!value.startsWith(BEARER) && value.slice(0, BEARER.length).toLowerCase() !== 'bearer ') {
    if (value === '' || value.toLowerCase() === 'bearer') return ''
    throw wrongScheme()
  }
  const credential = value.slice(BEARER.length)
  if (credential.includes(' ') || credential.includes('\t')) throw wrongScheme()
  return credential
}

/** One credential out of what two channels say; '' says nothing. */
function agreed(known: string, candidate: string): string {
  if (candidate.length > MAX_LENGTH) throw new GatewayError('token_invalid')
  if (candidate === '' || candidate === known) return known
  if (known !== '') throw new GatewayError('ambiguous_credentials')
  return candidate
}

function repeated(header: string): GatewayError {
  return new GatewayError('ambiguous_header', `The header ${header} stands more than once.`, { path: header })
}

/**
 * The credential in the headers of a request: `Authorization: Bearer x` or `x-api-key: x`; null when there is none.
 * Precedence never decides: two different ones are refused, and so is any of these headers, or `Host`, when it is repeated.
 * @param rawHeaders names and values in turn, as Node has them
 * @throws GatewayError `ambiguous_header`, `ambiguous_credentials`, `token_invalid`
 */
export function credentialOf(rawHeaders: readonly string[]): string | null {
  let authorization: string | undefined
  let apiKey: string | undefined
  let hasHost = false
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    // Most names are told apart by their length alone, without making a lower-case copy.
    if (name.length === 13 && name.toLowerCase() === 'authorization') {
      if (authorization !== undefined) throw repeated('authorization')
      authorization = rawHeaders[at + 1] ?? ''
    } else if (name.length === 9 && name.toLowerCase() === 'x-api-key') {
      if (apiKey !== undefined) throw repeated('x-api-key')
      apiKey = rawHeaders[at + 1] ?? ''
    } else if (name.length === 4 && name.toLowerCase() === 'host') {
      if (hasHost) throw repeated('host')
      hasHost = true
    }
  }
  let credential = authorization === undefined ? '' : agreed('', bearerFrom(authorization))
  if (apiKey !== undefined) credential = agreed(credential, apiKey)
  return credential === '' ? null : credential
}

/** How a subprotocol that carries a token begins. */
const TOKEN_PROTOCOL = 'mmg.token.'

/** The subprotocols that a client offers, in its order; the header may stand several times (RFC 6455, 11.3.4). */
function offeredProtocols(rawHeaders: readonly string[]): string[] {
  const offered: string[] = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== 'sec-websocket-protocol') continue
    for (const protocol of (rawHeaders[at + 1] ?? '').split(',')) {
      if (protocol.trim() !== '') offered.push(protocol.trim())
    }
  }
  return offered
}

/** What a WebSocket handshake presents. */
export interface WebSocketCredential {
  readonly credential: string | null
  /** The subprotocol to answer with; null: none was offered, so none is named. */
  readonly protocol: string | null
}

/**
 * The credential of a WebSocket handshake. Beside the headers it may stand where browsers can put it: in a subprotocol
 * `mmg.token.<token>`, or in the query as `token` or `Authorization`. All channels together must name one credential.
 *
 * A client that offers subprotocols fails the connection when the answer names none (WHATWG WebSockets, "establish a
 * WebSocket connection"). So the first one that carries no token is named; a token's own is named when it stands alone,
 * which tells its sender nothing new.
 * @param url path and query as in the request line
 * @throws GatewayError as `credentialOf` does
 */
export function webSocketCredentialOf(rawHeaders: readonly string[], url: string): WebSocketCredential {
  let credential = credentialOf(rawHeaders) ?? ''
  const offered = offeredProtocols(rawHeaders)
  for (const protocol of offered) {
    if (protocol.startsWith(TOKEN_PROTOCOL)) {
      credential = agreed(credential, protocol.slice(TOKEN_PROTOCOL.length))
    }
  }
  const queryAt = url.indexOf('?')
  if (queryAt >= 0) {
    for (const [name, value] of new URLSearchParams(url.slice(queryAt + 1))) {
      if (name === 'token') credential = agreed(credential, value)
      else if (name.toLowerCase() === 'authorization') credential = agreed(credential, bearerFrom(value))
    }
  }
  const protocol = offered.find((one) => !one.startsWith(TOKEN_PROTOCOL)) ?? offered[0] ?? null
  return { credential: credential === '' ? null : credential, protocol }
}
