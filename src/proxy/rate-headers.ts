import type { CallRate } from '../call.ts'
import type { GatewayError } from '../errors.ts'
import type { Dialect } from '../minimax/catalog.ts'

const MINUTE_S = 60

/** Which limit of a minute an error speaks of. */
const NAMES: Readonly<Record<string, CallRate['name']>> = {
  rate_limited: 'requests',
  tokens_rate_limited: 'tokens',
}

/**
 * Adds how the caller's limits of a minute stand: `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers),
 * and what the SDKs of the dialect read: `x-ratelimit-…` (OpenAI's reference, Rate limits), `anthropic-ratelimit-…`
 * (Anthropic's, Rate limits: response headers).
 * @param list of headers, names and values in turn
 * @param now milliseconds since the Unix epoch
 */
export function addRates(list: string[], dialect: Dialect, rates: readonly CallRate[], now: number): void {
  const policies: string[] = []
  const states: string[] = []
  for (const { name, limit, remaining, resetMs } of rates) {
    const seconds = Math.ceil(resetMs / 1000)
    policies.push(`"${name}";q=${limit};w=${MINUTE_S}`)
    states.push(`"${name}";r=${remaining};t=${seconds}`)
    if (dialect === 'anthropic') {
      const reset = `${new Date(now + resetMs).toISOString().slice(0, 19)}Z`
      list.push(`anthropic-ratelimit-${name}-limit`, String(limit))
      list.push(`anthropic-ratelimit-${name}-remaining`, String(remaining))
      list.push(`anthropic-ratelimit-${name}-reset`, reset)
    } else {
      list.push(`x-ratelimit-limit-${name}`, String(limit))
      list.push(`x-ratelimit-remaining-${name}`, String(remaining))
      list.push(`x-ratelimit-reset-${name}`, `${seconds}s`)
    }
  }
  list.push('ratelimit-policy', policies.join(', '), 'ratelimit', states.join(', '))
}

/** The same for a refusal: nothing is left until it is worthwhile to try again. */
export function addRefusedRate(list: string[], dialect: Dialect, error: GatewayError): void {
  const name = NAMES[error.code]
  if (name === undefined || error.retryAfter === undefined) return
  list.push('ratelimit', `"${name}";r=0;t=${error.retryAfter}`)
  if (dialect === 'anthropic') list.push(`anthropic-ratelimit-${name}-remaining`, '0')
  else list.push(`x-ratelimit-remaining-${name}`, '0', `x-ratelimit-reset-${name}`, `${error.retryAfter}s`)
}
