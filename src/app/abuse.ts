import { openGeo } from '../abuse/geo.ts'
import { createGuard, type Guard } from '../abuse/guard.ts'
import { GitHubKeys } from '../abuse/github-keys.ts'
import { GitHubScanning } from '../abuse/github.ts'
import { createMail } from '../mail.ts'
import type { News } from '../abuse/news.ts'
import type { NoticeEvents } from '../lib/notice-queue.ts'
import { createNotices } from '../abuse/notices.ts'
import { createWebhook } from '../abuse/webhook.ts'
import { createWatchers } from '../abuse/watchers.ts'
import { abuseActions } from './abuse-actions.ts'
import type { Authenticator } from '../auth/authenticator.ts'
import type { EndUsers } from '../auth/end-users.ts'
import type { TokenHash } from '../auth/hash.ts'
import { parseToken } from '../auth/token.ts'
import type { TokenService } from '../auth/tokens.ts'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../lib/clock.ts'
import type { Timer } from '../lib/timer.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Incident, Store, TokenStore } from '../store/store.ts'

/** Tokens of one user that are asked about in one go. */
const PAGE = 1_000

export interface AbuseParts {
  readonly config: Config
  readonly store: Pick<Store, 'incidents' | 'tokens' | 'users'>
  readonly tokens: Pick<TokenService, 'suspend' | 'reinstate'>
  readonly authenticator: Pick<Authenticator, 'throttle'>
  readonly endUsers: Pick<EndUsers, 'throttle' | 'suspend' | 'reinstate'>
  /** Of the pepper: what sources are kept under must be as secret, and live as long. */
  readonly hash: TokenHash
  readonly metrics: Pick<Metrics, 'incident' | 'abuseFailed'>
  readonly logger: Logger
  readonly clock: Clock
  readonly timer: Timer
}

/** Detection, with all that it tells and is told. */
export interface Abuse {
  readonly guard: Guard
  /** Takes reports of leaks from GitHub; null: it is not to. */
  readonly scanning: GitHubScanning | null
  /** Tells people of something else than an incident; never throws, and waits for nothing. */
  readonly announce: (news: News) => void
  /** Ends detection, then the notices that are still on their way. */
  close(): Promise<void>
}

/**
 * What looks for leaked and abused tokens. @throws GeoFileError when a file of the operator's cannot be read
 */
export async function openAbuse(parts: AbuseParts): Promise<Abuse> {
  const { config, store, hash, metrics, logger, clock } = parts
  const notices = openNotices(parts)
  const geo = await openGeo({ countryFile: config.geoCountryFile, asnFile: config.geoAsnFile })
  const kit = createWatchers({
    key: hash('sources of tokens'),
    geo,
    allowNetworks: config.abuseAllowNetworks,
    maxSources: config.abuseMaxSources,
  })
  const guard = createGuard({
    ...kit,
    store: store.incidents,
    clock,
    timer: parts.timer,
    settings: { response: config.abuseResponse, shadow: config.abuseShadow },
    retentionMs: config.abuseRetention,
    actions: abuseActions(parts),
    notice: (incident, kind) => notices.tell(incident, kind),
    changed: (incident) => logger.warn(lineOf(incident), 'an incident'),
    count: (signal, response) => metrics.incident(signal, response),
    failed(error) {
      metrics.abuseFailed()
      logger.error({ err: error }, 'detection of abuse goes on after an error')
    },
    tokensOf: (userId) => tokenIdsOf(store.tokens, userId),
  })
  return {
    guard,
    scanning: config.githubSecretScanning ? openScanning(parts, guard) : null,
    announce: (news) => notices.announce(news),
    async close() {
      await guard.close()
      await notices.close()
    },
  }
}

async function tokenIdsOf(tokens: Pick<TokenStore, 'list'>, userId: string): Promise<readonly string[]> {
  const ids: string[] = []
  for (let cursor: string | undefined; ;) {
    const { items, next } = await tokens.list({ limit: PAGE, userId, cursor })
    for (const { id } of items) ids.push(id)
    if (next === null) return ids
    cursor = next
  }
}

function openNotices({ config, store, metrics, logger, clock }: AbuseParts) {
  const eventsOf = (by: string): NoticeEvents => ({
    failed(error, isLost) {
      if (isLost) metrics.abuseFailed()
      const what = isLost ? 'a notice is lost' : 'a notice did not arrive, and is tried again'
      logger[isLost ? 'error' : 'warn']({ err: error, by }, what)
    },
    dropped() {
      metrics.abuseFailed()
      logger.error({ by }, 'a notice is lost: too many wait, or the process ends')
    },
  })
  const { noticeWebhookUrl: url, noticeWebhookSecret: secret, smtpUrl, mailFrom } = config
  return createNotices({
    webhook:
      url === undefined
        ? null
        : createWebhook({
            url: url.reveal(),
            secret: secret?.reveal(),
            clock,
            events: eventsOf('webhook'),
          }),
    mail:
      smtpUrl === undefined || mailFrom === undefined
        ? null
        : createMail({ url: smtpUrl.reveal(), from: mailFrom, events: eventsOf('mail') }),
    mailTo: config.mailTo,
    emailOf: config.mailUsers ? async (userId) => (await store.users.get(userId))?.email : null,
    failed: (error) => logger.error({ err: error }, 'the address of a user could not be looked up'),
  })
}

function openScanning({ config, store, hash, logger, clock }: AbuseParts, guard: Guard): GitHubScanning {
  const keys = new GitHubKeys({
    url: config.githubKeysUrl,
    clock,
    failed: (error) => logger.warn({ err: error }, "GitHub's public keys could not be read"),
  })
  return new GitHubScanning({
    keys,
    async findToken(text) {
      if (parseToken(text, config.tokenPrefix) === null) return undefined
      const found = await store.tokens.findByHash(hash(text))
      return found && { tokenId: found.token.id, userId: found.user.id }
    },
    report: (leak) => guard.report(leak),
  })
}

/** Evidence stands in the incident, where the operator reads it; a line of the log tells which one. */
function lineOf({ id, tokenId, userId, endUser, state, signal, response, wouldBe, score }: Incident): object {
  const who = endUser === '' ? {} : { endUser }
  return { incident: id, tokenId, userId, ...who, state, signal, response, wouldBe, score }
}
