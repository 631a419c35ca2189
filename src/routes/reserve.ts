import type { Identity, LimitedSubject } from '../auth/identity.ts'
import { gatewayErrorOf, type GatewayError } from '../errors.ts'
import type { Demand, Owners } from '../limits/limiter.ts'
import type { KnownOfCall } from '../metering/entry.ts'
import { tokensIn } from '../minimax/usage.ts'
import type { HeldBooks, Passage, Pipeline } from './passage.ts'

type CallerLimits = Owners & Pick<Demand, 'subjects' | 'prepaid'>

const NOTHING = Object.freeze({ charged: 0n, usage: Object.freeze({}) })

/**
 * Takes a call's share of its caller's limits: rates, calls at a time, budgets, credit.
 * @param books end what was taken when they are settled; from `next` on somebody has to settle them
 * @param known what the worst case depends on beside the request and the limits
 * @param next goes on; what it throws gives everything back
 * @param fail is told why the call may not be made
 * @throws GatewayError `price_unknown`
 */
export function reserve(
  { limiter, estimatesAll }: Pick<Pipeline, 'limiter' | 'estimatesAll'>,
  passage: Passage,
  books: HeldBooks,
  known: Omit<KnownOfCall, 'maxOutputTokens'>,
  next: () => void,
  fail: (error: GatewayError) => void,
): void {
  books.check()
  const { call } = passage
  const caller = callerLimits(passage.identity)
  const { charged, usage } = worstCaseOf(caller, estimatesAll, books, known)
  call.tokens = tokensIn(usage)
  limiter.reserve(
    {
      requestId: call.requestId,
      userId: caller.userId,
      tokenId: caller.tokenId,
      sessionId: caller.sessionId,
      endUser: caller.endUser,
      subjects: caller.subjects,
      prepaid: caller.prepaid,
      model: call.model,
      charged,
      usage,
    },
    (error, hold) => {
      if (error !== null) {
        fail(error)
        return
      }
      books.hold = hold
      if (hold !== null) call.rates = hold.rates
      try {
        next()
      } catch (thrown) {
        hold?.release(true)
        fail(gatewayErrorOf(thrown))
      }
    },
  )
}

/**
 * The same for a call that has named its model only after it was let in: that model's own limits, and what it costs with it.
 * @returns never rejects: null when it is taken, else why the call has to end
 */
export function reserveModel(
  { estimatesAll }: Pick<Pipeline, 'estimatesAll'>,
  { call, identity }: Passage,
  books: HeldBooks,
  known: Omit<KnownOfCall, 'maxOutputTokens'>,
): Promise<GatewayError | null> {
  const { hold } = books
  if (hold === null) return Promise.resolve(null)
  const { charged, usage } = worstCaseOf(callerLimits(identity), estimatesAll, books, known)
  const most = { charged, usage, model: call.model }
  return new Promise((resolve) => hold.extend(most, resolve))
}

/** Whom nothing limits needs no estimate; the call is still counted, for a limit that is set while it is under way. */
function worstCaseOf(
  { subjects, prepaid }: CallerLimits,
  estimatesAll: boolean,
  books: HeldBooks,
  known: Omit<KnownOfCall, 'maxOutputTokens'>,
): Pick<Demand, 'charged' | 'usage'> {
  if (subjects.length === 0 && !prepaid && !estimatesAll) return NOTHING
  return books.worstCase({ ...known, maxOutputTokens: outputTokensOf(subjects) })
}

/** Whose limits hold for whoever calls. */
export function callerLimits(identity: Identity | null): CallerLimits {
  return {
    userId: identity?.userId ?? '',
    tokenId: identity?.tokenId ?? '',
    sessionId: identity?.sessionId ?? '',
    endUser: identity?.endUser ?? '',
    subjects: identity?.limited ?? [],
    prepaid: identity?.prepaid === true,
  }
}

/** The narrower a subject, the more its word counts: a token's holds before its user's. */
function outputTokensOf(subjects: readonly LimitedSubject[]): number | null {
  for (let at = subjects.length - 1; at >= 0; at--) {
    const tokens = subjects[at]?.limits.maxOutputTokens
    if (tokens !== undefined && tokens !== null) return tokens
  }
  return null
}
