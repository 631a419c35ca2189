import type { JwtAuthenticator } from '../auth/authenticator.ts'
import { createJwtAuthenticator, type KnownIssuer } from '../auth/jwt/authenticator.ts'
import { createReadDocument } from '../auth/jwt/fetch.ts'
import { IssuerKeys } from '../auth/jwt/keys.ts'
import { readKeys } from '../auth/jwt/source.ts'
import { JwtUsers } from '../auth/jwt/users.ts'
import { checkOperationPatterns } from '../auth/rules.ts'
import type { PageOrigins } from '../auth/place.ts'
import { createUserService } from '../auth/users.ts'
import type { JwtIssuer } from '../config/jwt-issuers.ts'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../lib/clock.ts'
import { formatDuration } from '../lib/durations.ts'
import type { Logger } from '../log.ts'
import type { JwksMetrics } from '../metrics/jwks.ts'
import { OPERATION_NAMES } from '../minimax/catalog.ts'
import { createObjectRemoval } from '../routes/admin/removal.ts'
import type { Plan, Store, User } from '../store/store.ts'

/** What the identity providers of the operator are put together from. */
export interface JwtParts {
  readonly config: Pick<Config, 'jwtIssuers'>
  readonly store: Pick<Store, 'users' | 'tokens' | 'plans' | 'objects' | 'ledger'>
  readonly origins: PageOrigins
  readonly metrics: JwksMetrics
  readonly logger: Logger
  readonly clock: Clock
  /** Gives a user who was made what their plan gives. */
  readonly joined: (user: User, plan: Plan | null) => Promise<void>
}

/** Nobody has to hear of a user who was not there before. */
const NOBODY = { forget: () => undefined, refresh: () => undefined }

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The rules of an issuer name operations that exist. @throws Error that says where they do not */
function checkRules({ name, operations }: JwtIssuer): void {
  try {
    if (operations !== null) checkOperationPatterns(operations, OPERATION_NAMES)
  } catch (error) {
    throw new Error(`jwt_issuers: the operations of ${name}: ${reasonOf(error)}`, { cause: error })
  }
}

function knownIssuer(issuer: JwtIssuer, { metrics, logger, clock }: JwtParts): KnownIssuer {
  const read = createReadDocument()
  const keys = new IssuerKeys({
    read: () => readKeys(issuer, read),
    clock,
    onFetch(result, error, keptForMs) {
      // What stands in the settings is not fetched.
      if (issuer.keys.kind === 'keys') return
      metrics.fetched(issuer.name, result)
      if (result === 'ok') return
      const stale = keptForMs === null ? undefined : formatDuration(Math.round(keptForMs))
      const message =
        stale === undefined
          ? 'the keys of an identity provider could not be read: its tokens are refused'
          : 'the keys of an identity provider could not be read: those of before are used on'
      logger.error({ issuer: issuer.name, reason: reasonOf(error), stale }, message)
    },
  })
  return { issuer, keys }
}

/**
 * Opens what takes the tokens of the operator's identity providers. None of them is asked yet, so that one which is down
 * keeps nothing from starting.
 * @returns undefined when there are none
 * @throws Error when the rules of an issuer name an operation that does not exist
 */
export function openJwt(parts: JwtParts): JwtAuthenticator | undefined {
  const { config, store, origins, metrics, logger, clock, joined } = parts
  const { jwtIssuers } = config
  if (jwtIssuers.length === 0) return undefined
  jwtIssuers.forEach(checkRules)
  const names = jwtIssuers.map(({ name }) => name)
  metrics.open(names)
  const accounts = createUserService({ store, clock, authenticator: NOBODY })
  const removal = createObjectRemoval({
    objects: store.objects,
    ledger: store.ledger,
    remove: async () => 'failed',
    onError: (error) => logger.error({ err: error }, 'objects of an earlier user could not be forgotten'),
  })
  const users = new JwtUsers({
    store,
    add: (user) => accounts.add(user),
    clear: async (userId) => {
      await removal.forget(userId)
    },
    joined,
    names,
    onMade: ({ name }, { id, plan }) =>
      logger.info({ issuer: name, user: id, plan }, 'a user was made for the token of an identity provider'),
    onNoPlan: ({ name, plan }) =>
      logger.error({ issuer: name, plan }, 'a user was not made: there is no such plan'),
  })
  const issuers = jwtIssuers.map((issuer) => knownIssuer(issuer, parts))
  return createJwtAuthenticator({ issuers, users, clock, origins })
}
