import { isIP } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { credentialOf } from '../../auth/credential.ts'
import type { OperatorAuthenticator, OperatorIdentity } from '../../auth/operator-authenticator.ts'
import type { SharedThrottle } from '../../auth/shared-throttle.ts'
import type { FailureThrottle } from '../../auth/throttle.ts'
import { GatewayError } from '../../errors.ts'
import type { AdminAuthResult } from '../../metrics/labels.ts'
import { mayAct } from './access.ts'

/** Headers of every answer: nothing of it is stored, guessed at, framed or run. */
const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
}

/** Until the shared window is over, at the most. */
const SHARED_RETRY = 60

/** What the guard works with. */
export interface GuardOptions {
  readonly authenticator: OperatorAuthenticator
  /** Failures of one address. */
  readonly throttle: FailureThrottle
  /** Failures of all addresses together. */
  readonly shared: SharedThrottle
  /** Told of every attempt. */
  readonly counted: (result: AdminAuthResult) => void
  /** Who may read what role `metrics` may, without an admin token. @param candidate null: nothing was presented */
  readonly metricsReader: (candidate: string | null, request: FastifyRequest) => OperatorIdentity | null
}

function candidateOf(request: FastifyRequest): string | null {
  try {
    const credential = credentialOf(request.raw.rawHeaders)
    // The operator's token has one channel; x-api-key is for users.
    return request.headers.authorization === undefined ? null : credential
  } catch (error) {
    if (error instanceof GatewayError && error.status === 401) return ''
    throw error
  }
}

/** What the log says of who came: never a credential, and nothing that a client can write into a log. */
function visitor(request: FastifyRequest) {
  const { method, routeOptions, ip } = request
  return { address: isIP(ip) === 0 ? '' : ip, method, route: routeOptions.url ?? '' }
}

/**
 * The hook that lets operators in, each to what their role allows, and nobody else. An address that failed too often is
 * refused before its token is looked at, or else guessing would go on under the limit's nose; a request without any token
 * is no guess and is not counted. Whatever is wrong with a token, the answer is the same.
 */
export function adminGuard(options: GuardOptions) {
  const { authenticator, throttle, shared, counted, metricsReader } = options

  async function checkThrottles(request: FastifyRequest): Promise<void> {
    try {
      await throttle.check(request)
    } catch (error) {
      counted('throttled')
      throw error
    }
    if (!shared.isShut(request.ip)) return
    counted('throttled')
    throw new GatewayError('too_many_failures', 'Too many failed attempts.', { retryAfter: SHARED_RETRY })
  }

  async function attemptOf(candidate: string, request: FastifyRequest) {
    try {
      return await authenticator.authenticate(candidate, request.ip)
    } catch (error) {
      counted('unavailable')
      throw error
    }
  }

  /** @throws GatewayError `admin_unauthorized`, `too_many_failures`, `store_unavailable` */
  async function operatorOf(request: FastifyRequest): Promise<OperatorIdentity> {
    const candidate = candidateOf(request)
    const reader = request.routeOptions.config.role === 'metrics' ? metricsReader(candidate, request) : null
    if (reader !== null) return reader
    if (candidate === null) {
      counted('missing')
      throw new GatewayError('admin_unauthorized')
    }
    const attempt = await attemptOf(candidate, request)
    if (attempt.result === 'ok') return attempt.operator
    counted(attempt.result)
    shared.failed()
    request.log.warn({ ...visitor(request), result: attempt.result }, 'a wrong admin token')
    await throttle.fail(request)
    throw new GatewayError('admin_unauthorized')
  }

  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    void reply.headers({ ...HEADERS, 'x-request-id': request.id })
    await checkThrottles(request)
    const operator = await operatorOf(request)
    shared.succeeded(request.ip)
    request.operator = operator
    // An address that does not exist has no rule, and is told of as such further on; a route without one did not start.
    const asked = request.is404 ? undefined : request.routeOptions.config.role
    if (asked !== undefined && asked !== 'open' && !mayAct(operator.role, asked)) {
      counted('forbidden')
      request.log.warn({ ...visitor(request), operator: operator.id }, 'an operator may not do that')
      throw new GatewayError('admin_forbidden')
    }
    counted('ok')
  }
}
