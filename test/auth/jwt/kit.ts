import { openJwt } from '../../../src/app/jwt.ts'
import { createAuthenticator } from '../../../src/auth/authenticator.ts'
import { createTokenHash } from '../../../src/auth/hash.ts'
import type { Identity } from '../../../src/auth/identity.ts'
import { createPlanService } from '../../../src/auth/plans.ts'
import { createUserService } from '../../../src/auth/users.ts'
import { openLog } from '../../../src/log.ts'
import { Metrics } from '../../../src/metrics/metrics.ts'
import { openSqliteStore } from '../../../src/store/sqlite.ts'
import { configOf } from '../../config/helper.ts'
import { newKey, signed, type ProviderKey } from '../../helpers/identity-provider.ts'
import { movableClock, OPERATIONS, outcomeOf, watched, START } from '../helper.ts'

export const ISSUER = 'https://id.example.com'

/** Claims that are right for the issuer of the kit, at the start of its clock. */
export function goodClaims(more: Record<string, unknown> = {}): Record<string, unknown> {
  const iat = START / 1000
  return { iss: ISSUER, aud: 'gateway', sub: 'ada', iat, exp: iat + 600, ...more }
}

/** Everything that takes JWTs, over a store in memory, with the user `ada` in it. */
export async function aJwtHouse(issuers: readonly Record<string, unknown>[]) {
  const clock = movableClock()
  const { store } = watched(await openSqliteStore({ path: ':memory:', clock }))
  const config = configOf({ JWT_ISSUERS: JSON.stringify(issuers) })
  const logLines: string[] = []
  const { logger } = openLog({
    level: 'info',
    format: 'json',
    destination: { write: (line) => void logLines.push(line) },
  })
  const metrics = new Metrics()
  const joined: string[] = []
  const jwt = openJwt({
    config,
    store,
    origins: new Set(['https://everybody.example']),
    metrics: metrics.jwks,
    logger,
    clock,
    joined: async ({ id }, plan) => void joined.push(`${id} ${plan?.id ?? ''}`),
  })
  const hash = createTokenHash('a pepper for the tests of the gateway')
  const authenticator = createAuthenticator({ store, hash, prefix: 'mmg', clock, jwt })
  const users = createUserService({ store, clock, authenticator })
  const plans = createPlanService({ store, clock, authenticator, operations: OPERATIONS })
  await users.add({ id: 'ada' })
  const authenticate = async (credential: string): Promise<Identity> =>
    await authenticator.authenticate(credential)
  return {
    ...{ clock, store, authenticator, users, plans, metrics, logLines, joined },
    authenticate,
    outcome: (credential: string) => outcomeOf(() => authenticator.authenticate(credential)),
  }
}

export type JwtHouse = Awaited<ReturnType<typeof aJwtHouse>>

/** An issuer as the settings write it, whose keys stand in the settings. */
export function anIssuer(
  keys: readonly Pick<ProviderKey, 'jwk'>[],
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    name: 'acme',
    issuer: ISSUER,
    audience: 'gateway',
    user_namespace: 'shared',
    jwks: { keys: keys.map(({ jwk }) => jwk) },
    ...more,
  }
}

/** A house with one issuer and one key, and what signs with it. */
export async function aSimpleHouse(more: Record<string, unknown> = {}, alg = 'ES256') {
  const key = await newKey(alg, 'k1')
  const { user_namespace: _, ...fixed } = anIssuer([key], more)
  const house = await aJwtHouse(['user' in more ? [fixed] : [anIssuer([key], more)]].flat())
  const sign = (claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
    signed(key, goodClaims(claims), header)
  return { ...house, key, sign }
}
