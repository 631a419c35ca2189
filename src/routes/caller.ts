import type { FastifyRequest } from 'fastify'
import { credentialOf } from '../auth/credential.ts'
import type { Identity } from '../auth/identity.ts'
import { TokenRefusal } from '../auth/refusal.ts'
import { GatewayError, gatewayErrorOf } from '../errors.ts'
import { authResultOf } from '../metrics/labels.ts'
import type { Pipeline } from './passage.ts'

/**
 * Refuses a credential. A failed one counts against its address, never against the token that it names.
 * @returns never: it rejects with what was thrown, or with `too_many_failures`
 */
export async function refuseCredential(
  { metrics, failures, watch, clock }: Pick<Pipeline, 'metrics' | 'failures' | 'watch' | 'clock'>,
  request: FastifyRequest,
  thrown: unknown,
): Promise<never> {
  const error = gatewayErrorOf(thrown)
  metrics.authAttempt(authResultOf(error.code))
  // Pages hold sessions for a while after their token has ended, and nobody can take a JWT back: that tells of no copy.
  if (error instanceof TokenRefusal && error.identity.kind === 'server') {
    const { tokenId, userId } = error.identity
    watch.refused({ code: error.code, tokenId, userId, address: request.ip, at: clock.now() })
  }
  if (error.status === 401) {
    try {
      await failures.fail(request)
    } catch (throttled) {
      metrics.authAttempt('throttled')
      metrics.limited('auth_failures')
      throw throttled
    }
  }
  throw error
}

/**
 * Who calls, by the headers of the request alone.
 * @throws GatewayError as the authenticator does; `token_missing`, `too_many_failures`
 */
export async function callerOf(
  pipeline: Pick<Pipeline, 'authenticator' | 'failures' | 'metrics' | 'watch' | 'clock' | 'used'>,
  request: FastifyRequest,
): Promise<Identity> {
  try {
    const credential = credentialOf(request.raw.rawHeaders)
    if (credential === null) throw new GatewayError('token_missing')
    const identity = await pipeline.authenticator.authenticate(credential)
    const forbidden = identity.refusalFrom({ address: request.ip, origin: request.headers.origin })
    if (forbidden !== null) throw new GatewayError(forbidden)
    pipeline.metrics.authAttempt('ok')
    pipeline.used(identity, request.ip)
    return identity
  } catch (error) {
    return await refuseCredential(pipeline, request, error)
  }
}
