import type { GatewayError, Outcome, RefusalCode } from '../errors.ts'
import { failureOfStatus } from '../minimax/failures.ts'

/** Close codes of RFC 6455 section 7.4, and of ours in the private range. */
export const NORMAL = 1000
export const GOING_AWAY = 1001
export const UNSUPPORTED_DATA = 1003
export const POLICY_VIOLATION = 1008
export const INTERNAL_ERROR = 1011
export const SERVICE_RESTART = 1012
export const UNAUTHORIZED = 4401

/** The side of a WebSocket that is to be closed. */
interface Closable {
  close(code?: number, reason?: string): void
}

/** Passes a close on where RFC 6455 section 7.4 lets an endpoint send its code. */
export function closeWith(side: Closable, code: number, reason: string): void {
  const legal =
    (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999)
  if (!legal) side.close()
  else side.close(code, truncated(reason))
}

/** At the most 123 bytes fit a close frame. */
function truncated(reason: string): string {
  let text = reason
  while (Buffer.byteLength(text) > 123) text = text.slice(0, -1)
  return text
}

/** @returns why the gateway itself ends a WebSocket; null: it does not, MiniMax failed */
export function refusalOf(error: GatewayError): RefusalCode | null {
  return error.outcome.startsWith('provider_') ? null : error.code
}

/** @returns the code with which an error of ours closes a WebSocket */
export function closeCodeOf(error: GatewayError): number {
  switch (error.code) {
    case 'token_revoked':
    case 'token_suspended':
    case 'token_expired':
    case 'user_suspended':
      return UNAUTHORIZED
    case 'interrupted':
    case 'draining':
      return SERVICE_RESTART
    case 'idle_timeout':
      return GOING_AWAY
    default:
      return error.outcome.startsWith('caller_') ? POLICY_VIOLATION : INTERNAL_ERROR
  }
}

/** @returns what it means that upstream closed a WebSocket with a code, when it reported no failure before */
export function outcomeOfClose(code: number): Outcome {
  switch (code) {
    case 1000:
    case 1005:
      return 'ok'
    case GOING_AWAY:
    case 1006:
    case SERVICE_RESTART:
      return 'provider_disconnected'
    case UNSUPPORTED_DATA:
    case 1007:
    case POLICY_VIOLATION:
    case 1009:
      return 'provider_rejected'
    default:
      return 'provider_error'
  }
}

/** @returns how we say that upstream answered our handshake with an HTTP status instead */
export function refusalOfHandshake(status: number): RefusalCode {
  switch (failureOfStatus(status).outcome) {
    case 'provider_account':
      return 'upstream_account'
    case 'provider_rate_limited':
      return 'upstream_rate_limited'
    default:
      return 'upstream_bad_answer'
  }
}
