import { frame, json, sse } from './json.ts'
import { traceId } from './ids.ts'
import type { Answer, Operation } from './types.ts'

/** An error the platform would answer: its own code, and optionally an HTTP status that is not the usual one. */
export class Refusal extends Error {
  readonly code: number
  readonly status: number | undefined

  constructor(code: number, message?: string, status?: number) {
    super(message ?? MESSAGES[code] ?? 'unknown error')
    this.code = code
    this.status = status
  }
}

/** A request that lacks something: code 2013, said as the platform says it. */
export function invalid(what: string): Refusal {
  return new Refusal(2013, `invalid params, ${what}`)
}

/** Texts of platform codes (platform docs: Error codes; recorded answers where there are some). */
export const MESSAGES: Record<number, string> = {
  1000: 'unknown error, 999',
  1001: 'request timeout',
  1002: 'rate limit, please retry later',
  1004: "login fail: Please carry the API secret key in the 'Authorization' field of the request header",
  1008: 'insufficient balance',
  1013: 'internal service error',
  1024: 'internal error',
  1026: 'input new_sensitive',
  1027: 'output new_sensitive',
  1028: 'Daily quota exhausted for image-01',
  1030: 'quota exhausted',
  1033: 'downstream service error',
  1039: 'token limit, please retry later',
  1041: 'connection limit',
  1042: 'invisible character ratio limit',
  1043: 'asr similarity check failed',
  1044: 'clone prompt similarity check failed',
  2013: 'invalid params',
  20132: 'invalid samples or voice_id',
  2037: 'voice duration too short or too long',
  2038: 'voice clone user forbidden, account emulator-operator is not verified',
  2039: 'voice clone voice id duplicate',
  2042: "you don't have access to this voice_id",
  2045: 'rate growth limit',
  2048: 'prompt audio too long',
  2049: 'invalid api key',
  2054: 'out of credits',
  2056: 'usage limit exceeded, 5-hour usage limit reached for Token Plan Emulator (1500/1500 used)',
  2061: 'your current token plan not support model, MiniMax-M3',
  2201: 'timeout, connection closed',
  2202: 'illegal event',
  2203: 'empty text, skipped',
  2204: 'text too long, skipped',
  2205: 'request limit exceeded',
}

const STATUS: Record<number, number> = {
  1001: 500,
  1002: 429,
  1004: 401,
  1008: 402,
  1026: 422,
  1027: 422,
  1039: 429,
  1041: 429,
  2045: 429,
  2049: 401,
  2056: 429,
  2205: 429,
}

const OPENAI_TYPES: Record<number, string> = {
  400: 'bad_request_error',
  401: 'authorized_error',
  402: 'insufficient_balance_error',
  404: 'not_found_error',
  413: 'invalid_request_error',
  422: 'unprocessable_entity_error',
  429: 'rate_limit_error',
  500: 'server_error',
  529: 'overloaded_error',
}

const ANTHROPIC_TYPES: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  500: 'api_error',
  529: 'overloaded_error',
}

/** The HTTP status of a platform code on surfaces that have one. 1008 is 500 on the Anthropic surface (recorded). */
export function statusOf(code: number, operation: Operation): number {
  if (operation.dialect === 'anthropic' && code === 1008) return 500
  if (operation.dialect === 'anthropic' && (code === 1026 || code === 1027)) return 400
  return STATUS[code] ?? (code >= 1042 ? 400 : 500)
}

/** The empty completion that a failed chat call carries (recorded: codes 2056 and 2061). */
export function emptyCompletion(model: string, refusal: Refusal): object {
  return {
    id: traceId(),
    choices: null,
    created: Math.floor(Date.now() / 1000),
    model,
    object: 'chat.completion',
    usage: { total_tokens: 0, total_characters: 0 },
    input_sensitive: false,
    output_sensitive: false,
    input_sensitive_type: 0,
    output_sensitive_type: 0,
    output_sensitive_int: 0,
    base_resp: { status_code: refusal.code, status_msg: refusal.message },
  }
}

/** The error object of the OpenAI-like or Anthropic surface; the platform's code stands at the end of the message. */
export function errorBody(dialect: 'openai' | 'anthropic', status: number, refusal: Refusal): object {
  const message = refusal.code === 0 ? refusal.message : `${refusal.message} (${refusal.code})`
  if (dialect === 'anthropic') {
    const type = ANTHROPIC_TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error')
    return { type: 'error', error: { type, message }, request_id: traceId() }
  }
  const type = OPENAI_TYPES[status] ?? (status < 500 ? 'bad_request_error' : 'server_error')
  return { type: 'error', error: { type, message, http_code: status.toString() }, request_id: traceId() }
}

/**
 * Says a refusal the way an operation says it: HTTP 200 and base_resp (one frame when a stream was asked for),
 * or a real HTTP status with an error object. Status 200 asks for the base_resp form where both exist (chat.openai).
 */
export function refuse(operation: Operation, refusal: Refusal, model: string, stream: boolean): Answer {
  const wanted = refusal.status === 200 ? undefined : refusal.status
  const asNative = operation.dialect === 'native' || (operation.completion === true && refusal.status === 200)
  if (!asNative || wanted !== undefined) {
    const status = wanted ?? statusOf(refusal.code, operation)
    const dialect = operation.dialect === 'anthropic' ? 'anthropic' : 'openai'
    const failure = { code: refusal.code, status }
    return { ...json(errorBody(dialect, status, refusal), status), failure }
  }
  const base_resp = { status_code: refusal.code, status_msg: refusal.message }
  const body = operation.completion === true ? emptyCompletion(model, refusal) : { base_resp }
  return { ...(stream ? sse([frame(body)]) : json(body)), failure: { code: refusal.code, status: 200 } }
}
