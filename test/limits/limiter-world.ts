import type { Demand, Owners } from '../../src/limits/limiter.ts'
import type { Budget } from '../../src/store/store.ts'
import { DAY, endUser, HOUR, session, SINCE, token, user } from './limiter-kit.ts'

/** Two users, three tokens and their limits, for the model. */
export const USER_BUDGETS: readonly Budget[] = [
  { amount: 12n, period: 'hour', hard: true },
  { amount: 20n, period: 'month', hard: true },
  { amount: 3n, period: 'day', hard: false },
]
export const TOKEN_BUDGETS: readonly Budget[] = [
  { amount: 9n, period: 'day', hard: true },
  { unit: 'images', quantity: 6, period: 'hour', hard: true },
  { amount: 30n, period: 'total', hard: true },
]
export const END_USER_BUDGETS: readonly Budget[] = [
  { amount: 10n, period: 'day', hard: true },
  { amount: 25n, period: 'total', hard: true },
]
export const SESSION_BUDGETS: readonly Budget[] = [{ amount: 14n, period: 'total', hard: true }]
export const CONCURRENCY = { user: 5, token: 3, session: 2, end_user: 4 }
export const TOKENS = ['token1', 'token2', 'token3'] as const
/** Of the first two; the third belongs to another user. */
export const ownerOf = (id: string) => (id === 'token3' ? 'bob' : 'ada')

/** A token of them, with its session and its end user: the first two tokens have the same. */
export function callerOf(tokenId: string): Pick<Demand, keyof Owners | 'subjects'> {
  const userId = ownerOf(tokenId)
  const sessionId = `session of ${tokenId}`
  return {
    userId,
    tokenId,
    sessionId,
    endUser: 'eve',
    subjects: [
      user({ budgets: USER_BUDGETS, concurrency: CONCURRENCY.user }, userId),
      token({ budgets: TOKEN_BUDGETS, concurrency: CONCURRENCY.token }, tokenId),
      session({ budgets: SESSION_BUDGETS, concurrency: CONCURRENCY.session }, sessionId),
      endUser({ budgets: END_USER_BUDGETS, concurrency: CONCURRENCY.end_user }, 'eve', SINCE, userId),
    ],
  }
}

/** The first moment of a period of UTC, and of the next. */
export function boundsOf(period: Budget['period'], at: number): readonly [start: number, end: number] {
  if (period === 'total') return [SINCE, Infinity]
  if (period === 'month') {
    const date = new Date(at)
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
    return [Date.UTC(year, month), Date.UTC(year, month + 1)]
  }
  const length = period === 'hour' ? HOUR : DAY
  const start = Math.floor(at / length) * length
  return [start, start + length]
}
