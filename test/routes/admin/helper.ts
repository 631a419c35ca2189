import fastify, { type InjectOptions } from 'fastify'
import { openAdminToken, type AdminToken } from '../../../src/auth/admin-token.ts'
import { createOperatorAuthenticator } from '../../../src/auth/operator-authenticator.ts'
import { createOperatorService } from '../../../src/auth/operators.ts'
import { createPlanService } from '../../../src/auth/plans.ts'
import { Secret } from '../../../src/config/secret.ts'
import { createCreditService } from '../../../src/limits/credit.ts'
import { MemoryLimiter } from '../../../src/limits/memory.ts'
import { EndUsers } from '../../../src/auth/end-users.ts'
import { adminRoutes, adminServerOptions } from '../../../src/routes/admin/index.ts'
import { createObjectRemoval, type RemoveObject } from '../../../src/routes/admin/removal.ts'
import type { LedgerReader } from '../../../src/store/store.ts'
import { accessOf } from '../../auth/access/kit.ts'
import { aHouse, OPERATIONS, type House } from '../../auth/helper.ts'
import { guardOf } from './guard-kit.ts'

export const ADMIN_TOKEN = 'the-admin-token-of-the-tests-0123456789'

type Method = NonNullable<InjectOptions['method']>

interface Options {
  failuresPerMinute?: number
  allFailuresPerMinute?: number
  counted?: (result: string) => void
  ledger?: LedgerReader
  /** Deletes an object at MiniMax; every deletion succeeds unless said. */
  remove?: RemoveObject
  /** Told of what `remove` threw. */
  onError?: (error: unknown) => void
}

const CURRENCY = 'USD'

/** What limits and gives credit, over the store of a house. */
export function limitsOf({ store, clock, hash, authenticator }: House) {
  const { ledger, credits } = store
  const limiter = new MemoryLimiter({
    clock,
    timeZone: 'UTC',
    source: {
      spent: ({ kind, id }, from, to) => ledger.spent({ dimension: kind, id, from, to, currency: CURRENCY }),
      credit: (userId) => credits.total(userId),
    },
    events: {
      refused: () => undefined,
      notice: () => undefined,
      failed: (error) => {
        throw error
      },
    },
  })
  const credit = createCreditService({ store, ledger, limiter, clock, currency: CURRENCY, hash })
  const plans = createPlanService({ store, clock, authenticator, operations: OPERATIONS })
  return { limiter, credit, plans, currency: CURRENCY }
}

/** Who tells operators apart and who makes them, over the store of a house. */
export function operatorsOf({ store, hash, clock }: House, adminToken: AdminToken) {
  const shared = { store, hash, prefix: 'mmgo', clock }
  const onError = (error: unknown) => {
    throw error
  }
  const authenticator = createOperatorAuthenticator({ ...shared, adminToken, onError })
  return { authenticator, service: createOperatorService({ ...shared, authenticator }) }
}

/** The admin API over a store in memory with a user `ada` in it. */
export async function anAdminServer({
  remove = async () => 'removed',
  onError = () => undefined,
  ...options
}: Options = {}) {
  const house = await aHouse()
  const limits = limitsOf(house)
  const abuse = guardOf(house)
  const adminToken = await openAdminToken({ dataDir: '/nowhere', secret: new Secret(ADMIN_TOKEN) })
  const app = fastify({ ...adminServerOptions, trustProxy: '127.0.0.1' })
  const { users, tokens, sessions, store, clock } = house
  const operators = operatorsOf(house, adminToken)
  const access = accessOf(house)
  await app.register(adminRoutes, {
    authenticator: operators.authenticator,
    operators: operators.service,
    users,
    tokens,
    sessions,
    access: access.access,
    ...limits,
    store,
    ledger: store.ledger,
    removal: createObjectRemoval({ objects: store.objects, ledger: store.ledger, remove, onError }),
    endUsers: await EndUsers.open({ store: store.endUsers, clock, ended: () => undefined }),
    callbackSecretOf: (userId) => `secret of ${userId}`,
    incidents: abuse.guard.incidents,
    clock,
    operations: OPERATIONS,
    ...options,
  })

  /** What the API answers to the operator; `headers` replace the operator's own. */
  async function call(method: Method, url: string, body?: object, headers?: Record<string, string>) {
    const answer = await app.inject({
      method,
      url,
      headers: headers ?? { authorization: `Bearer ${ADMIN_TOKEN}` },
      ...(body !== undefined && { payload: body }),
    })
    return { status: answer.statusCode, body: json(answer.body), headers: answer.headers, text: answer.body }
  }
  return { house, limits, abuse, operators, access, app, call }
}

export type Called = Awaited<ReturnType<Awaited<ReturnType<typeof anAdminServer>>['call']>>

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** A field of a JSON object, which must be a text. */
export function textOf(body: unknown, field: string): string {
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, field) : undefined
  if (typeof value !== 'string') throw new TypeError(`${field} is not a text`)
  return value
}
