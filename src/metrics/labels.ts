import type { TaskKind } from '../minimax/tasks.ts'

/** How an attempt to authenticate ended. */
export const AUTH_RESULTS = [
  'ok',
  'missing',
  'invalid',
  'expired',
  'revoked',
  'suspended',
  /** From an address or a page from which the token may not be used. */
  'forbidden',
  'ambiguous',
  'throttled',
  'unavailable',
] as const

export type AuthResult = (typeof AUTH_RESULTS)[number]

const RESULT_OF_CODE: Readonly<Record<string, AuthResult>> = {
  token_missing: 'missing',
  token_invalid: 'invalid',
  token_expired: 'expired',
  token_revoked: 'revoked',
  token_suspended: 'suspended',
  user_suspended: 'suspended',
  end_user_suspended: 'suspended',
  user_not_known: 'forbidden',
  address_forbidden: 'forbidden',
  origin_forbidden: 'forbidden',
  ambiguous_header: 'ambiguous',
  ambiguous_credentials: 'ambiguous',
  store_unavailable: 'unavailable',
  issuer_unavailable: 'unavailable',
}

/** @param code of the error with which an attempt ended */
export function authResultOf(code: string): AuthResult {
  return RESULT_OF_CODE[code] ?? 'unavailable'
}

/** How an admin token was judged. */
export const ADMIN_AUTH_RESULTS = [
  'ok',
  'missing',
  'invalid',
  'expired',
  'revoked',
  /** From a network from which the token may not be used. */
  'address',
  /** A right token whose role does not allow that. */
  'forbidden',
  /** Too many failures, of the address or of all together: the token was not looked at. */
  'throttled',
  'unavailable',
] as const

export type AdminAuthResult = (typeof ADMIN_AUTH_RESULTS)[number]

/** How the price of a call was found, or why it has none. */
export const PRICE_LOOKUPS = [
  /** By its own name, or its operation's. */
  'listed',
  /** By another name of the model. */
  'alias',
  /** By the model that was asked for, because the one that answered has no price. */
  'asked',
  /** By the dearest prices of the modality. */
  'ceiling',
  /** Nothing was used, so nothing was looked up. */
  'nothing',
  /** Refused before it was sent: there is no price. */
  'unknown',
  /** Answered, and there is no price: it cost nothing. */
  'unpriced',
  /** Answered, and what it used is no quantity, or money beyond all bounds: it cost nothing. */
  'refused',
] as const

export type PriceLookup = (typeof PRICE_LOOKUPS)[number]

/** What came of an operator's file of prices that has changed. */
export const PRICE_RELOADS = ['applied', 'refused'] as const

export type PriceReload = (typeof PRICE_RELOADS)[number]

/** What refused a request because it was too much. */
export const LIMITS = [
  /** Of the caller's address, before anybody asks who calls. */
  'address',
  'auth_failures',
  /** No turn at the shared account in time. */
  'turn',
  /** Requests a minute of a user or a token. */
  'requests',
  'tokens',
  'concurrency',
  'budget',
  'credit',
  /** Work waited for the processor. */
  'overload',
  /** Too many requests under way in the process. */
  'inflight',
] as const

/** One of `LIMITS`. */
export type LimitLabel = (typeof LIMITS)[number]

/** What can become of a task, as the books have it. */
export const TASK_STATES = ['running', 'succeeded', 'failed', 'expired'] as const

/** How many tasks of a kind are in a state. */
export interface TaskTally {
  readonly kind: TaskKind
  readonly state: (typeof TASK_STATES)[number]
  readonly count: number
}
