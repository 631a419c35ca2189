import { openGeo } from '../abuse/geo.ts'
import { createGuard, type Guard } from '../abuse/guard.ts'
import { noticeOf, type Notice } from '../abuse/notices-text.ts'
import { createWatchers } from '../abuse/watchers.ts'
import type { Authenticator } from '../auth/authenticator.ts'
import type { TokenHash } from '../auth/hash.ts'
import type { TokenService } from '../auth/tokens.ts'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../log.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Incident, Store } from '../store/store.ts'

/** Tokens of one user that are asked about in one go. */
const PAGE = 1_000

export interface AbuseParts {
  readonly config: Config
  readonly store: Pick<Store, 'incidents' | 'tokens'>
  readonly tokens: Pick<TokenService, 'suspend' | 'reinstate'>
  readonly authenticator: Pick<Authenticator, 'throttle'>
  /** Of the pepper: what sources are kept under must be as secret, and live as long. */
  readonly hash: TokenHash
  readonly metrics: Pick<Metrics, 'incident' | 'abuseFailed'>
  readonly logger: Logger
  readonly clock: Clock
  /** Tells people. Must not throw. */
  readonly tell: (notice: Notice, incident: Incident) => void
}

/**
 * What looks for leaked and abused tokens. @throws GeoFileError when a file of the operator's cannot be read
 */
export async function openAbuse(parts: AbuseParts): Promise<Guard> {
  const { config, store, tokens, authenticator, hash, metrics, logger, clock, tell } = parts
  const geo = await openGeo({ countryFile: config.geoCountryFile, asnFile: config.geoAsnFile })
  const kit = createWatchers({
    key: hash('sources of tokens'),
    geo,
    allowNetworks: config.abuseAllowNetworks,
    maxSources: config.abuseMaxSources,
  })
  return createGuard({
    ...kit,
    store: store.incidents,
    clock,
    settings: { response: config.abuseResponse, shadow: config.abuseShadow },
    retentionMs: config.abuseRetention,
    actions: {
      throttle: (tokenId, _userId, requestsPerMinute) => authenticator.throttle(tokenId, requestsPerMinute),
      unthrottle: (tokenId) => authenticator.throttle(tokenId, null),
      async suspend(tokenId, _userId, incidentId) {
        await tokens.suspend(tokenId, incidentId)
      },
      async reinstate(tokenId) {
        await tokens.reinstate(tokenId)
      },
    },
    notice: (incident, kind) => tell(noticeOf(incident, kind), incident),
    changed: (incident) => logger.warn(lineOf(incident), 'an incident'),
    count: (signal, response) => metrics.incident(signal, response),
    failed(error) {
      metrics.abuseFailed()
      logger.error({ err: error }, 'detection of abuse goes on after an error')
    },
    tokensOf: async (userId) => (await store.tokens.list({ limit: PAGE, userId })).items.map(({ id }) => id),
  })
}

/** Evidence stands in the incident, where the operator reads it; a line of the log tells which one. */
function lineOf({ id, tokenId, userId, state, signal, response, wouldBe, score }: Incident): object {
  return { incident: id, tokenId, userId, state, signal, response, wouldBe, score }
}
