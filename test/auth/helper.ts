import { createAuthenticator, type AuthenticatorOptions } from '../../src/auth/authenticator.ts'
import { createTokenHash } from '../../src/auth/hash.ts'
import type { Identity } from '../../src/auth/identity.ts'
import { createPlanService } from '../../src/auth/plans.ts'
import { createSessionService } from '../../src/auth/session/sessions.ts'
import { createTokenService } from '../../src/auth/tokens.ts'
import { createUserService } from '../../src/auth/users.ts'
import { GatewayError } from '../../src/errors.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { Store, TokenStore } from '../../src/store/store.ts'

export const OPERATIONS = ['chat.native', 'chat.openai', 'speech.sync', 'speech.async.create', 'files.list']

export const START = Date.UTC(2026, 0, 1)

/** A clock that stands still until it is moved. */
export function movableClock(): Clock & { move(milliseconds: number): void } {
  let passed = 0
  return {
    now: () => START + passed,
    monotonic: () => passed,
    move: (milliseconds) => (passed += milliseconds),
  }
}

type FindByHash = TokenStore['findByHash']

type FindById = TokenStore['findById']

/** A real store whose look-ups of tokens are counted and can be held up or replaced. */
export function watched(store: Store) {
  const lookups = { count: 0, around: (find: FindByHash, hash: string) => find(hash) }
  const findByHash: FindByHash = (hash) => {
    lookups.count++
    return lookups.around((one) => store.tokens.findByHash(one), hash)
  }
  const byId = { count: 0, around: (find: FindById, id: string) => find(id) }
  const findById: FindById = (id) => {
    byId.count++
    return byId.around((one) => store.tokens.findById(one), id)
  }
  return { store: { ...store, tokens: { ...store.tokens, findByHash, findById } }, lookups, byId }
}

/** Everything that knows users and tokens, over a store in memory, with a user `ada` in it. */
export async function aHouse(options: Partial<AuthenticatorOptions> = {}) {
  const clock = movableClock()
  const { store, lookups, byId } = watched(await openSqliteStore({ path: ':memory:', clock }))
  const hash = createTokenHash('a pepper for the tests of the gateway')
  const shared = { store, hash, prefix: 'mmg', clock }
  const authenticator = createAuthenticator({ ...shared, ...options })
  const users = createUserService({ store, clock, authenticator })
  const tokens = createTokenService({ ...shared, authenticator, operations: OPERATIONS })
  const plans = createPlanService({ store, clock, authenticator, operations: OPERATIONS })
  const origins = options.origins ?? new Set<string>()
  const sessions = createSessionService({ ...shared, operations: OPERATIONS, origins })
  await users.add({ id: 'ada' })
  return { ...shared, lookups, byId, authenticator, users, tokens, plans, sessions }
}

export type House = Awaited<ReturnType<typeof aHouse>>

/** What comes of a credential: the user, or the code of the refusal. */
export async function outcomeOf(authenticate: () => Identity | Promise<Identity>): Promise<string> {
  try {
    return (await authenticate()).userId
  } catch (error) {
    return error instanceof GatewayError ? error.code : 'not an error of ours'
  }
}
