/**
 * How a request ended: exactly one per request. The prefix is the blame: whose fault it was.
 */
export const OUTCOMES = [
  'ok',
  'caller_invalid',
  'caller_unauthorized',
  'caller_forbidden',
  'caller_not_found',
  'caller_too_large',
  'caller_rate_limited',
  'caller_over_budget',
  'caller_gone',
  'provider_rejected',
  'provider_rate_limited',
  'provider_account',
  'provider_error',
  'provider_timeout',
  'provider_disconnected',
  'gateway_overloaded',
  'gateway_unavailable',
  'gateway_interrupted',
  'gateway_error',
] as const

export type Outcome = (typeof OUTCOMES)[number]

/** What makes an error of ours: what the caller sees (code, status, message) and what the books say (outcome). */
export interface Refusal {
  /** Stable and machine-readable; clients may switch on it. */
  readonly code: string
  /** HTTP status. */
  readonly status: number
  readonly outcome: Outcome
  /** What went wrong and, where the caller can mend it, how. */
  readonly message: string
  /** Seconds after which another try is worthwhile; sent as `Retry-After`. */
  readonly retryAfter?: number
}

type Definition = Omit<Refusal, 'code'>

function define<Code extends string>(table: Record<Code, Definition>): Readonly<Record<Code, Refusal>> {
  const refusals = Object.entries<Definition>(table).map(([code, definition]) => [
    code,
    Object.freeze({ code, ...definition }),
  ])
  return Object.freeze(Object.fromEntries(refusals) as Record<Code, Refusal>)
}

/** Every error of ours, one line each. */
export const REFUSALS = define({
  // the request itself
  invalid_request: { status: 400, outcome: 'caller_invalid', message: 'The request is not valid.' },
  invalid_json: { status: 400, outcome: 'caller_invalid', message: 'The body is not valid JSON.' },
  duplicate_field: {
    status: 400,
    outcome: 'caller_invalid',
    message: 'The body names a field more than once.',
  },
  ambiguous_header: {
    status: 400,
    outcome: 'caller_invalid',
    message: 'A header that must be unique stands more than once.',
  },
  ambiguous_credentials: {
    status: 400,
    outcome: 'caller_invalid',
    message: 'The request carries two different credentials; send one.',
  },
  model_missing: {
    status: 400,
    outcome: 'caller_invalid',
    message: 'The body must name a model as a string.',
  },
  callback_forbidden: {
    status: 400,
    outcome: 'caller_invalid',
    message:
      'The callback_url is switched off here: leave it out, and ask for the state of the task instead.',
  },
  invalid_query: { status: 400, outcome: 'caller_invalid', message: 'The query is not valid.' },
  body_timeout: { status: 408, outcome: 'caller_invalid', message: 'The body did not arrive in time.' },
  length_required: { status: 411, outcome: 'caller_invalid', message: 'The request must have a body.' },
  body_too_large: {
    status: 413,
    outcome: 'caller_too_large',
    message: 'The body is larger than this operation allows.',
  },
  headers_too_large: { status: 431, outcome: 'caller_too_large', message: 'The headers are too large.' },
  unsupported_media_type: {
    status: 415,
    outcome: 'caller_invalid',
    message: 'The content type does not suit this operation.',
  },
  idle_timeout: { status: 408, outcome: 'caller_invalid', message: 'Nothing was said for too long.' },
  upgrade_required: {
    status: 426,
    outcome: 'caller_invalid',
    message: 'This address speaks WebSocket only.',
  },
  operation_not_found: { status: 404, outcome: 'caller_not_found', message: 'There is no such operation.' },
  object_not_found: { status: 404, outcome: 'caller_not_found', message: 'There is no such object.' },
  // who calls
  token_missing: {
    status: 401,
    outcome: 'caller_unauthorized',
    message: 'No token: send it as "Authorization: Bearer <token>".',
  },
  token_invalid: { status: 401, outcome: 'caller_unauthorized', message: 'The token is not valid.' },
  token_expired: { status: 401, outcome: 'caller_unauthorized', message: 'The token has expired.' },
  token_revoked: { status: 401, outcome: 'caller_unauthorized', message: 'The token has been revoked.' },
  // What was found about it is for the operator: whoever holds the token may be a thief.
  token_suspended: {
    status: 403,
    outcome: 'caller_forbidden',
    message: 'This token was suspended. Ask the operator to reinstate it, or for a new one.',
  },
  end_user_suspended: {
    status: 403,
    outcome: 'caller_forbidden',
    message: 'This end user is suspended. Ask the operator of the app.',
  },
  address_forbidden: {
    status: 403,
    outcome: 'caller_forbidden',
    message: 'The token may not be used from this address.',
  },
  origin_forbidden: {
    status: 403,
    outcome: 'caller_forbidden',
    message: 'The token may not be used from pages of this origin.',
  },
  // A JWT of the operator's identity provider names somebody whom nobody has made.
  user_not_known: {
    status: 403,
    outcome: 'caller_forbidden',
    message: 'There is no account for the holder of this token. Ask the operator for one.',
  },
  user_suspended: { status: 403, outcome: 'caller_forbidden', message: 'The account is suspended.' },
  operation_forbidden: {
    status: 403,
    outcome: 'caller_forbidden',
    message: 'The token may not use this operation.',
  },
  model_forbidden: { status: 403, outcome: 'caller_forbidden', message: 'The token may not use this model.' },
  // how much
  too_many_failures: {
    status: 429,
    outcome: 'caller_rate_limited',
    message: 'Too many failed attempts from this address.',
    retryAfter: 60,
  },
  address_rate_limited: {
    status: 429,
    outcome: 'caller_rate_limited',
    message: 'Too many requests from this address.',
    retryAfter: 60,
  },
  rate_limited: {
    status: 429,
    outcome: 'caller_rate_limited',
    message: 'Too many requests a minute.',
    retryAfter: 1,
  },
  tokens_rate_limited: {
    status: 429,
    outcome: 'caller_rate_limited',
    message: 'Too many tokens a minute.',
    retryAfter: 1,
  },
  concurrency_limited: {
    status: 429,
    outcome: 'caller_rate_limited',
    message: 'Too many calls at a time: wait for one to end.',
    retryAfter: 1,
  },
  budget_exceeded: {
    status: 402,
    outcome: 'caller_over_budget',
    message: 'What this call may cost is more than is left of the budget.',
  },
  credit_exhausted: {
    status: 402,
    outcome: 'caller_over_budget',
    message: 'What this call may cost is more than the credit that is left.',
  },
  idempotency_key_invalid: {
    status: 400,
    outcome: 'caller_invalid',
    message: 'An Idempotency-Key has 1 to 255 visible characters.',
  },
  idempotency_running: {
    status: 409,
    outcome: 'caller_invalid',
    message: 'A request with this Idempotency-Key is under way; ask again shortly.',
    retryAfter: 1,
  },
  idempotency_unknown: {
    status: 409,
    outcome: 'caller_invalid',
    message:
      'A request with this Idempotency-Key was cut off, and whether it was carried out is not known. Look it up, or use another key.',
  },
  idempotency_unrepeatable: {
    status: 409,
    outcome: 'caller_invalid',
    message: 'A request with this Idempotency-Key was answered, but its answer was not kept.',
  },
  idempotency_mismatch: {
    status: 422,
    outcome: 'caller_invalid',
    message: 'This Idempotency-Key was used with another body.',
  },
  upstream_busy: {
    status: 429,
    outcome: 'caller_rate_limited',
    message: 'Too many of your calls wait for the provider already; try again later.',
    retryAfter: 5,
  },
  // upstream
  upstream_rate_limited: {
    status: 429,
    outcome: 'provider_rate_limited',
    message: 'The provider is busy; try again later.',
    retryAfter: 5,
  },
  upstream_account: {
    status: 503,
    outcome: 'provider_account',
    message: 'The service is temporarily unavailable.',
    retryAfter: 60,
  },
  upstream_bad_answer: {
    status: 502,
    outcome: 'provider_error',
    message: 'The provider gave an answer that cannot be used.',
  },
  upstream_unreachable: {
    status: 502,
    outcome: 'provider_error',
    message: 'The provider could not be reached.',
  },
  upstream_disconnected: {
    status: 502,
    outcome: 'provider_disconnected',
    message: 'The provider closed the connection early.',
  },
  upstream_timeout: {
    status: 504,
    outcome: 'provider_timeout',
    message: 'The provider did not answer in time.',
  },
  // us
  overloaded: {
    status: 503,
    outcome: 'gateway_overloaded',
    message: 'The gateway is overloaded; try again shortly.',
    retryAfter: 1,
  },
  draining: {
    status: 503,
    outcome: 'gateway_unavailable',
    message: 'The gateway is restarting; try again shortly.',
    retryAfter: 5,
  },
  store_unavailable: {
    status: 503,
    outcome: 'gateway_unavailable',
    message: 'The gateway cannot reach its store; try again shortly.',
    retryAfter: 5,
  },
  issuer_unavailable: {
    status: 503,
    outcome: 'gateway_unavailable',
    message: 'The gateway cannot reach the identity provider of this token; try again shortly.',
    retryAfter: 30,
  },
  // Retry-After is long: only the operator can mend it.
  price_unknown: {
    status: 503,
    outcome: 'gateway_unavailable',
    message: 'The gateway has no price for this call, so it was not made. Ask the operator for one.',
    retryAfter: 300,
  },
  interrupted: {
    status: 503,
    outcome: 'gateway_interrupted',
    message: 'The gateway had to stop before the answer was complete.',
    retryAfter: 1,
  },
  internal: { status: 500, outcome: 'gateway_error', message: 'Something went wrong in the gateway.' },
  // admin API and the user's own API
  admin_unauthorized: {
    status: 401,
    outcome: 'caller_unauthorized',
    message: 'The admin token is missing or wrong.',
  },
  admin_forbidden: {
    status: 403,
    outcome: 'caller_forbidden',
    message: 'The role of this admin token does not allow that.',
  },
  // Rather refused than done without a trace.
  audit_unavailable: {
    status: 503,
    outcome: 'gateway_unavailable',
    message: 'The audit log takes no entries, so nothing was changed; try again shortly.',
    retryAfter: 5,
  },
  not_found: { status: 404, outcome: 'caller_not_found', message: 'Not found.' },
  conflict: { status: 409, outcome: 'caller_invalid', message: 'It exists already.' },
})

export type RefusalCode = keyof typeof REFUSALS

/**
 * An error of ours on its way to the caller. Thrown, never returned; one place turns it into an answer.
 * The cause, if any, is for the log alone: it never reaches a caller.
 */
export class GatewayError extends Error {
  readonly code: RefusalCode
  readonly refusal: Refusal
  /** Where in the input the mistake is, e.g. `messages[0].role`. */
  readonly path: string | undefined
  readonly retryAfter: number | undefined

  /**
   * @param code which error
   * @param detail says more than the error's own message; shown to the caller, so never a library's or upstream's text
   */
  constructor(
    code: RefusalCode,
    detail?: string,
    more: { path?: string; retryAfter?: number; cause?: unknown } = {},
  ) {
    const refusal = REFUSALS[code]
    super(detail ?? refusal.message, { cause: more.cause })
    this.name = 'GatewayError'
    this.code = code
    this.refusal = refusal
    this.path = more.path
    this.retryAfter = more.retryAfter ?? refusal.retryAfter
  }

  get status(): number {
    return this.refusal.status
  }

  get outcome(): Outcome {
    return this.refusal.outcome
  }
}

/** Whatever was thrown, as an error of ours; what is not ours is `internal`, its text for the log alone. */
export function gatewayErrorOf(thrown: unknown): GatewayError {
  return thrown instanceof GatewayError ? thrown : new GatewayError('internal', undefined, { cause: thrown })
}
