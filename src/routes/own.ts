import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Identity } from '../auth/identity.ts'
import { GatewayError } from '../errors.ts'
import { newRequestId } from '../lib/ids.ts'
import { hasBody } from '../proxy/body.ts'
import { refuseRepeatedHeaders } from '../proxy/headers.ts'
import type { LedgerReader } from '../store/store.ts'
import { ownError, sendError } from './admin/errors.ts'
import { closed } from './admin/fields.ts'
import { ErrorView } from './admin/schemas.ts'
import { compileValidator, type TypeBoxProvider } from './admin/validation.ts'
import { usageAnswer, UsageAnswer } from './books.ts'
import { callerOf } from './caller.ts'
import { upgradeOf, type Pipeline } from './passage.ts'
import { hoursOf, rangeFields } from './range.ts'

/** What users can ask the gateway about themselves. */
export interface OwnRoutesOptions extends Pick<
  Pipeline,
  'authenticator' | 'flood' | 'failures' | 'metrics' | 'clock' | 'isDraining'
> {
  readonly ledger: Pick<LedgerReader, 'usage'>
  /** Told of what is not the caller's fault; the caller is not told. */
  readonly onError: (error: unknown, requestId: string) => void
}

/** Headers of every answer. */
const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

/** By user there would be one. */
const GROUPS = ['model', 'operation', 'modality', 'token'] as const

const OwnUsageQuery = Type.Object(
  {
    group_by: Type.Optional(
      Type.Enum([...GROUPS], { description: `One of ${GROUPS.join(', ')}; model unless said.` }),
    ),
    ...rangeFields,
  },
  closed,
)

/** Questions of one user that are answered at a time: nobody's may keep those of others waiting for long. */
const AT_A_TIME = 4

/** Lets each user ask so many questions at a time. */
class Turns {
  readonly #underway = new Map<string, number>()

  /** @throws GatewayError `overloaded` (or rejects as the answer does) */
  async take<Answer>(userId: string, answer: () => Promise<Answer>): Promise<Answer> {
    const count = this.#underway.get(userId) ?? 0
    if (count >= AT_A_TIME)
      throw new GatewayError('overloaded', 'Too many questions at a time; ask again shortly.')
    this.#underway.set(userId, count + 1)
    try {
      return await answer()
    } finally {
      const left = (this.#underway.get(userId) ?? 1) - 1
      if (left === 0) this.#underway.delete(userId)
      else this.#underway.set(userId, left)
    }
  }
}

/** @throws GatewayError for what a GET that means well never has */
function refuseStrange({ raw }: FastifyRequest): void {
  refuseRepeatedHeaders(raw.rawHeaders)
  if (hasBody(raw)) throw new GatewayError('invalid_request', 'This address takes no body.')
  if (upgradeOf(raw) !== undefined) {
    throw new GatewayError('invalid_request', 'This address does not speak WebSocket.')
  }
}

/**
 * The gateway's own API for users, under `/gateway/v1` on the public listener. Its errors are `{error: {code, message,
 * path?}}` as in the admin API: no SDK of a provider calls it, so there is no dialect to speak, and `path` says which
 * field of a query is wrong. It passes the same doors as a call to MiniMax, and goes on when a token's operations are
 * limited: what was used is no operation.
 */
export async function ownRoutes(app: FastifyInstance, options: OwnRoutesOptions): Promise<void> {
  const { clock, ledger } = options
  const callers = new WeakMap<FastifyRequest, Identity>()
  const turns = new Turns()
  const api = app.withTypeProvider<TypeBoxProvider>()
  api.setValidatorCompiler(compileValidator)
  api.setErrorHandler(answerError(options))
  // Before the query is looked at: who may not ask is not told how to.
  api.addHook('onRequest', async (request, reply) => {
    void reply.headers({ ...HEADERS, 'x-request-id': newRequestId(clock.now()) })
    if (options.isDraining()) throw new GatewayError('draining')
    refuseStrange(request)
    await options.flood?.(request)
    callers.set(request, await callerOf(options, request))
  })

  api.get(
    '/gateway/v1/usage',
    { schema: { querystring: OwnUsageQuery, response: { 200: UsageAnswer, default: ErrorView } } },
    async (request) => {
      const userId = callers.get(request)?.userId
      // Without a user the books would answer with everybody's totals.
      if (userId === undefined) throw new GatewayError('internal')
      const { query } = request
      const { group_by: groupBy = 'model' } = query
      const range = hoursOf(query, clock.now())
      const totals = await turns.take(userId, () => ledger.usage({ groupBy, ...range, userId }))
      return usageAnswer(groupBy, range, totals)
    },
  )
}

function answerError({ onError }: OwnRoutesOptions) {
  return (error: Error, request: FastifyRequest, reply: FastifyReply): void => {
    const own = ownError(error)
    if (own.cause !== undefined && own.status >= 500) {
      onError(own.cause, String(reply.getHeader('x-request-id')))
    }
    // A body that nobody asked for is not read.
    if (hasBody(request.raw)) void reply.header('connection', 'close')
    sendError(own, request, reply)
  }
}
