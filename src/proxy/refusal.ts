import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GatewayError } from '../errors.ts'
import { renderProblem, type Problem } from '../minimax/dialects.ts'
import type { Dialect } from '../minimax/catalog.ts'
import { commonHeaders } from './headers.ts'
import { addRefusedRate } from './rate-headers.ts'

/** A body that is not read yet and larger than this is not worth reading only to keep the connection. */
const WORTH_READING = 64 * 1024
/** And it must come within this time. */
const REST_MS = 2_000

/** What a refusal says to the caller. */
export function problemOf(error: GatewayError): Problem {
  return { status: error.status, code: error.code, message: error.message }
}

/**
 * Answers with an error in the caller's dialect, so that its SDK raises the right exception.
 * @returns the number of bytes of the body
 */
export function writeRefusal(
  response: ServerResponse,
  dialect: Dialect,
  error: GatewayError,
  requestId: string,
): number {
  const body = renderProblem(dialect, problemOf(error), requestId)
  const headers = commonHeaders({ dialect }, requestId)
  const length = Buffer.byteLength(body)
  headers.push('content-type', 'application/json; charset=utf-8', 'content-length', String(length))
  if (error.retryAfter !== undefined) headers.push('retry-after', String(error.retryAfter))
  if (error.status === 429) addRefusedRate(headers, dialect, error)
  if (error.status === 401) headers.push('www-authenticate', 'Bearer')
  // The SDKs of OpenAI and Anthropic obey this; the operator's account does not mend itself by being asked again.
  if (error.outcome === 'provider_account') headers.push('x-should-retry', 'false')
  if (mustClose(response)) headers.push('connection', 'close')
  else if (!response.req.complete) closeUnlessComplete(response.req)
  response.writeHead(error.status, headers)
  response.end(body)
  return length
}

/** The rest of a small body is read and thrown away, so that the connection can go on; but not for ever. */
function closeUnlessComplete(request: IncomingMessage): void {
  const timer = setTimeout(() => request.socket.destroy(), REST_MS)
  timer.unref()
  request.once('close', () => clearTimeout(timer))
}

function mustClose(response: ServerResponse): boolean {
  const request = response.req
  if (request.complete) return false
  const length = request.headers['content-length']
  return (
    request.headers['transfer-encoding'] !== undefined ||
    (length !== undefined && Number(length) > WORTH_READING)
  )
}
