import type { News } from '../abuse/news.ts'
import { startExpiry, type Expiry } from '../auth/expiry.ts'
import { operatorExpiryNotice, userExpiryNotice } from '../auth/expiry-text.ts'
import { createLastUsed, type LastUsed } from '../auth/last-used.ts'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../lib/clock.ts'
import { newRequestId } from '../lib/ids.ts'
import { formatTime } from '../lib/times.ts'
import type { Timer } from '../lib/timer.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Store, Token } from '../store/store.ts'

export interface TokenCareParts {
  readonly config: Pick<Config, 'tokenExpiryNotice'>
  readonly store: Pick<Store, 'tokens'>
  readonly metrics: Pick<Metrics, 'lastUsedFailed' | 'watchExpiring'>
  readonly logger: Logger
  readonly clock: Clock
  readonly timer: Timer
  /** Tells the operator and users, as far as there is a way to. */
  readonly announce: (news: News) => void
}

/** What goes on around tokens beside requests: their last uses are remembered, and people are told before they end. */
export interface TokenCare {
  readonly used: LastUsed['used']
  /** Begins to look for tokens that are about to end. */
  start(): void
  /** Writes what is to be remembered, and ends. */
  close(): Promise<void>
}

export function openTokenCare(parts: TokenCareParts): TokenCare {
  const { config, store, metrics, logger, clock, timer, announce } = parts
  const lastUsed = createLastUsed({
    store: store.tokens,
    clock,
    timer,
    onError(error) {
      metrics.lastUsedFailed()
      logger.error({ err: error }, 'when tokens were last used could not be written; it is tried again')
    },
  })
  let expiry: Expiry | undefined
  metrics.watchExpiring(() => expiry?.count ?? 0)

  function tell(tokens: readonly Token[]): void {
    for (const token of tokens) logger.warn(factsOf(token), 'a token ends soon')
    announce(newsOf(tokens, newRequestId(clock.now())))
  }

  return {
    used: (identity, address) => lastUsed.used(identity, address),
    start() {
      const noticeMs = config.tokenExpiryNotice
      if (noticeMs === 0) return
      const onError = (error: unknown): void =>
        logger.error({ err: error }, 'tokens that end soon could not be looked for')
      expiry = startExpiry({ store: store.tokens, clock, noticeMs, tell, onError, timer })
    },
    async close() {
      await expiry?.stop()
      await lastUsed.close()
    },
  }
}

function factsOf({ id, name, userId, expiresAt }: Token) {
  return { token: id, name, user: userId, expires_at: expiresAt === null ? null : formatTime(expiresAt) }
}

/** @param id of the news */
function newsOf(tokens: readonly Token[], id: string): News {
  const byUser = Map.groupBy(tokens, ({ userId }) => userId)
  return {
    id: `tokens-expiring-${id}`,
    type: 'tokens.expiring',
    notice: operatorExpiryNotice(tokens),
    details: { tokens: tokens.map(factsOf) },
    users: [...byUser].map(([userId, own]) => ({ userId, notice: userExpiryNotice(own) })),
  }
}
