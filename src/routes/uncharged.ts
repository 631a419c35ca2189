import type { Identity } from '../auth/identity.ts'
import { gatewayErrorOf, type GatewayError } from '../errors.ts'
import type { Demand, Hold } from '../limits/limiter.ts'
import { addRates } from '../proxy/rate-headers.ts'
import type { Passage, Pipeline } from './passage.ts'
import { callerLimits } from './reserve.ts'

/** What an answer takes for which nothing goes to MiniMax: it costs and uses nothing, and is a request all the same. */
function demandOf(identity: Identity | null, requestId: string, model: string): Demand {
  return { requestId, ...callerLimits(identity), model, charged: 0n, usage: {}, isAnsweredHere: true }
}

/**
 * Counts a request that the gateway answers itself: as a request, and as a call under way until its answer has left or
 * its caller has. Such answers cost the gateway work and memory, so nobody may have any number of them.
 * @param next answers
 * @param fail is told why it may not be answered (`rate_limited`, `concurrency_limited`, `store_unavailable`), and of
 * what `next` throws
 */
export function countUncharged(
  { limiter }: Pick<Pipeline, 'limiter'>,
  { call, identity, response }: Passage,
  next: () => void,
  fail: (error: GatewayError) => void,
): void {
  limiter.reserve(demandOf(identity, call.requestId, call.model), (error, hold) => {
    if (error !== null) {
      fail(error)
      return
    }
    if (hold !== null) {
      call.rates = hold.rates
      // A caller who reads slowly keeps the answer in memory: until it is gone it is under way.
      if (response.closed) hold.release(false)
      else response.once('close', () => hold.release(false))
    }
    try {
      next()
    } catch (thrown) {
      fail(gatewayErrorOf(thrown))
    }
  })
}

/** Adds to the headers of such an answer how the caller's limits of a minute stand. */
export function addRatesOf({ clock }: Pick<Pipeline, 'clock'>, { call }: Passage, headers: string[]): void {
  if (call.rates.length > 0) addRates(headers, call.operation.dialect, call.rates, clock.now())
}

/**
 * The same for an answer that is a promise: counted until it has come.
 * @throws GatewayError (or rejects with it) as `countUncharged` tells, or rejects as the answer does
 */
export async function whileCounted<Answer>(
  { limiter }: Pick<Pipeline, 'limiter'>,
  identity: Identity,
  requestId: string,
  answer: () => Promise<Answer>,
): Promise<Answer> {
  const hold = await new Promise<Hold | null>((resolve, reject) => {
    limiter.reserve(demandOf(identity, requestId, ''), (error, taken) => {
      if (error === null) resolve(taken)
      else reject(error)
    })
  })
  try {
    return await answer()
  } finally {
    hold?.release(false)
  }
}
