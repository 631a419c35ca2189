import type { Clock } from '../lib/clock.ts'
import { startRounds } from '../lib/rounds.ts'
import type { Timer } from '../lib/timer.ts'
import type { ExpiringQuery, Token, TokenStore } from '../store/store.ts'

const FIRST_MS = 60_000
const EVERY_MS = 3_600_000
const PAUSE_MS = 100

/** Tokens of one digest. */
const AT_ONCE = 200

/** Tokens that are made for less than so many times the notice are renewed too often to be told of. */
const LIFETIMES = 2

/** What telling of ends works with. Times are milliseconds. */
export interface ExpiryOptions {
  readonly store: Pick<TokenStore, 'expiring' | 'countExpiring' | 'markExpiryNoticed'>
  readonly clock: Pick<Clock, 'now'>
  /** How long before its end a token is told of; more than 0. */
  readonly noticeMs: number
  /** Tells people; each token stands in one digest alone. Must not throw. */
  readonly tell: (tokens: readonly Token[]) => void
  /** Told when a step failed; the next round comes at its time. Must not throw. */
  readonly onError: (error: unknown) => void
  readonly timer?: Timer | undefined
}

/** Tells of tokens that are about to end. */
export interface Expiry {
  /** Tokens that were about to end at the last look, told of or not. */
  readonly count: number
  /** Resolves when a step that is under way has ended: only then may the store be closed. */
  stop(): Promise<void>
}

/**
 * Looks for tokens that are about to end by themselves, a minute after the start and then every hour. They are marked
 * before anybody is told: after a crash in between, one notice is missing, and none comes twice.
 */
export function startExpiry({ store, clock, noticeMs, tell, onError, timer }: ExpiryOptions): Expiry {
  let count = 0

  async function step(query: ExpiringQuery): Promise<number> {
    const found = await store.expiring({ ...query, limit: AT_ONCE })
    const marked = new Set(
      await store.markExpiryNoticed(
        found.map(({ id }) => id),
        query.after,
      ),
    )
    const untold = found.filter(({ id }) => marked.has(id))
    if (untold.length > 0) tell(untold)
    count = await store.countExpiring(query)
    return found.length
  }

  const rounds = startRounds({
    firstMs: FIRST_MS,
    pauseMs: PAUSE_MS,
    everyMs: EVERY_MS,
    begin: () => {
      const after = clock.now()
      return { after, until: after + noticeMs, lifetime: LIFETIMES * noticeMs }
    },
    step,
    onError,
    timer,
  })
  return {
    get count() {
      return count
    },
    stop: () => rounds.stop(),
  }
}
