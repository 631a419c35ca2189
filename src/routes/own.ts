import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Identity } from '../auth/identity.ts'
import type { SessionService } from '../auth/session/sessions.ts'
import { GatewayError } from '../errors.ts'
import { newRequestId } from '../lib/ids.ts'
import { hasBody } from '../proxy/body.ts'
import { refuseRepeatedHeaders, refuseStrangeVersion } from '../proxy/headers.ts'
import { formatMoney } from '../lib/money.ts'
import { formatTime } from '../lib/times.ts'
import type { CreditEntry, LedgerReader, UsageTotal } from '../store/store.ts'
import { ownError, sendError } from './admin/errors.ts'
import { closed, timeOrNull } from './admin/fields.ts'
import { ErrorView } from './admin/schemas.ts'
import { compileValidator, type TypeBoxProvider } from './admin/validation.ts'
import { usageAnswer, UsageAnswer } from './books.ts'
import { callerOf } from './caller.ts'
import { usageOfEndUsers } from './end-user-usage.ts'
import { upgradeOf, type Pipeline } from './passage.ts'
import { hoursOf, rangeFields, type Range } from './range.ts'
import { callerLimits } from './reserve.ts'
import { requireOwnToken, sessionTokenRoutes } from './session-tokens.ts'
import { credentialFields, credentialView } from './session-tokens-json.ts'
import { standingView, StandingView } from './standing-json.ts'
import { whileCounted } from './uncharged.ts'

/** What users can ask the gateway about themselves. */
export interface OwnRoutesOptions extends Pick<
  Pipeline,
  'authenticator' | 'flood' | 'failures' | 'metrics' | 'clock' | 'isDraining' | 'limiter' | 'watch' | 'used'
> {
  /** Gives a user what a code is worth. Rejects with a GatewayError. */
  readonly redeem: (userId: string, code: string) => Promise<CreditEntry>
  readonly sessions: Pick<SessionService, 'create'>
  /** Of all money. */
  readonly currency: string
  readonly ledger: Pick<LedgerReader, 'usage' | 'usageOfEndUsers'>
  /** Told of what is not the caller's fault; the caller is not told. */
  readonly onError: (error: unknown, requestId: string) => void
}

/** Headers of every answer. */
const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

/** By user there would be one. */
const GROUPS = ['model', 'operation', 'modality', 'token', 'end_user'] as const

const OwnUsageQuery = Type.Object(
  {
    group_by: Type.Optional(
      Type.Enum([...GROUPS], { description: `One of ${GROUPS.join(', ')}; model unless said.` }),
    ),
    ...rangeFields,
  },
  closed,
)

const MeView = Type.Object({
  user: Type.String(),
  token: Type.String(),
  ...credentialFields,
  expires_at: timeOrNull,
  plan: Type.Union([Type.String(), Type.Null()]),
  prepaid: Type.Boolean({ description: 'Whether only credit can be spent.' }),
  limits: StandingView,
})

/** A code is short; what is longer is none. */
const REDEMPTION_LIMIT = 1024

const RedemptionBody = Type.Object(
  { code: Type.String({ minLength: 1, maxLength: 100, description: 'The code, as it was given.' }) },
  closed,
)

const RedemptionView = Type.Object({
  amount: Type.String({ description: 'What the code was worth.' }),
  currency: Type.String(),
})

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

/** What a caller may know of: of all that the user used; with a session or an end user, of what these did alone. */
async function usageOf(
  ledger: OwnRoutesOptions['ledger'],
  { userId, sessionId, endUser }: Identity,
  groupBy: (typeof GROUPS)[number],
  range: Range,
): Promise<readonly UsageTotal[]> {
  const query = { groupBy, ...range, userId }
  if (endUser !== '') return await usageOfEndUsers(ledger, { ...query, endUser })
  if (sessionId !== '') return await usageOfEndUsers(ledger, { ...query, sessionId })
  if (groupBy === 'end_user') return await usageOfEndUsers(ledger, { ...query, groupBy })
  return await ledger.usage({ ...query, groupBy })
}

const requestIdOf = (reply: FastifyReply): string => String(reply.getHeader('x-request-id'))

/** @throws GatewayError for what a request that means well never has */
function refuseStrange({ raw }: FastifyRequest): void {
  refuseRepeatedHeaders(raw.rawHeaders)
  refuseStrangeVersion(raw)
  if (raw.method === 'GET' && hasBody(raw))
    throw new GatewayError('invalid_request', 'This address takes no body.')
  if (upgradeOf(raw) !== undefined) {
    throw new GatewayError('invalid_request', 'This address does not speak WebSocket.')
  }
}

/**
 * The gateway's own API for users, under `/gateway/v1` on the public listener. Its errors are `{error: {code, message,
 * path?}}` as in the admin API: no SDK of a provider calls it, so there is no dialect to speak, and `path` says which
 * field of a query is wrong. It passes the same doors as a call to MiniMax, and goes on when a token's operations are
 * limited: what was used is no operation. A question about usage counts as a request of its caller. Who they are and how
 * their limits stand they may ask however many requests they made, so that whoever is refused can see why; and a code can
 * be redeemed by whoever is refused for want of credit.
 */
export async function ownRoutes(app: FastifyInstance, options: OwnRoutesOptions): Promise<void> {
  const { clock, ledger, limiter, currency } = options
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

  const callerOfRequest = (request: FastifyRequest): Identity => {
    const caller = callers.get(request)
    // Without a caller the books would answer with everybody's totals.
    if (caller === undefined) throw new GatewayError('internal')
    return caller
  }

  api.get(
    '/gateway/v1/me',
    { schema: { response: { 200: MeView, default: ErrorView } } },
    async (request) => {
      const caller = callerOfRequest(request)
      const { userId, tokenId, plan, prepaid, expiresAt } = caller
      const standing = await turns.take(userId, () => limiter.standing(callerLimits(caller)))
      return {
        user: userId,
        token: tokenId,
        ...credentialView(caller),
        expires_at: expiresAt === Infinity ? null : formatTime(expiresAt),
        plan,
        prepaid,
        limits: standingView(standing, currency, clock.now()),
      }
    },
  )

  api.post(
    '/gateway/v1/redemptions',
    {
      bodyLimit: REDEMPTION_LIMIT,
      preParsing: async (request) => requireOwnToken(callerOfRequest(request)),
      schema: { body: RedemptionBody, response: { 201: RedemptionView, default: ErrorView } },
    },
    async (request, reply) => {
      const { userId } = callerOfRequest(request)
      const { amount } = await turns.take(userId, () => options.redeem(userId, request.body.code))
      return reply.code(201).send({ amount: formatMoney(amount), currency })
    },
  )

  api.get(
    '/gateway/v1/usage',
    { schema: { querystring: OwnUsageQuery, response: { 200: UsageAnswer, default: ErrorView } } },
    async (request, reply) => {
      const caller = callerOfRequest(request)
      const { query } = request
      const { group_by: groupBy = 'model' } = query
      const range = hoursOf(query, clock.now())
      const totals = await turns.take(caller.userId, () =>
        whileCounted(options, caller, requestIdOf(reply), () => usageOf(ledger, caller, groupBy, range)),
      )
      return usageAnswer(groupBy, range, totals)
    },
  )

  sessionTokenRoutes(api, {
    sessions: options.sessions,
    callerOf: callerOfRequest,
    counted: (caller, reply, answer) =>
      turns.take(caller.userId, () => whileCounted(options, caller, requestIdOf(reply), answer)),
  })
}

function answerError({ onError }: OwnRoutesOptions) {
  return (error: Error, request: FastifyRequest, reply: FastifyReply): void => {
    const own = ownError(error)
    if (own.cause !== undefined && own.status >= 500) {
      onError(own.cause, requestIdOf(reply))
    }
    // A body that nobody asked for is not read.
    if (hasBody(request.raw)) void reply.header('connection', 'close')
    sendError(own, request, reply)
  }
}
