import type { FastifyInstance } from 'fastify'
import type { AccessRequests } from '../auth/access/requests.ts'
import { createAccessRequests } from '../auth/access/requests.ts'
import type { Authenticator } from '../auth/authenticator.ts'
import type { TokenHash } from '../auth/hash.ts'
import type { TokenService } from '../auth/tokens.ts'
import { createUserService } from '../auth/users.ts'
import type { Config } from '../config/schema.ts'
import type { Clock } from '../lib/clock.ts'
import type { Timer } from '../lib/timer.ts'
import type { CreditService } from '../limits/credit.ts'
import type { Logger } from '../log.ts'
import { createMail } from '../mail.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { accessRequestRoutes } from '../routes/access-requests.ts'
import { accessPages } from '../routes/pages.ts'
import type { Pipeline } from '../routes/passage.ts'
import type { Store } from '../store/store.ts'

/** What requests for access are put together from. */
export interface AccessParts {
  readonly config: Config
  readonly store: Store
  readonly tokens: TokenService
  readonly authenticator: Authenticator
  readonly credit: Pick<CreditService, 'joined'>
  readonly hash: TokenHash
  readonly metrics: Pick<Metrics, 'access'>
  readonly logger: Logger
  readonly clock: Clock
  readonly timer: Timer
}

/** Requests for access, with what people see of them. */
export interface Access {
  readonly requests: AccessRequests
  /** Adds the routes and pages to the public listener; nothing where the operator does not want them. */
  mount(
    app: FastifyInstance,
    doors: Pick<Pipeline, 'flood' | 'failures' | 'clock' | 'isDraining'>,
  ): Promise<void>
  start(): void
  close(): Promise<void>
}

/** A mail server of their own: nobody who asks for access may push notices of abuse out of a queue. */
function openMail({ config: { smtpUrl, mailFrom }, logger }: AccessParts) {
  if (smtpUrl === undefined || mailFrom === undefined) return null
  const events = {
    failed: (error: unknown) => logger.error({ err: error }, 'a mail about access did not arrive'),
    dropped: () => logger.error('a mail about access is lost'),
  }
  return createMail({ url: smtpUrl.reveal(), from: mailFrom, events })
}

/** Puts requests for access together. */
export function openAccess(parts: AccessParts): Access {
  const { config, store, tokens, authenticator, credit, hash, metrics, logger, clock, timer } = parts
  const publicUrl = config.accessRequests === 'on' ? (config.publicUrl ?? null) : null
  const mail = publicUrl === null ? null : openMail(parts)
  const requests = createAccessRequests({
    store: store.accessRequests,
    users: createUserService({ store, clock, authenticator }),
    userOf: (id) => store.users.get(id),
    tokens,
    hash,
    clock,
    timer,
    publicUrl,
    mail,
    mailTo: config.mailTo,
    perHour: config.accessRequestsPerHour,
    plan: config.accessRequestPlan ?? null,
    isPlan: async (plan) =>
      Object.hasOwn(config.planMultipliers, plan) || (await store.plans.get(plan)) !== undefined,
    async joined(user) {
      await credit.joined(user, user.plan === null ? null : ((await store.plans.get(user.plan)) ?? null))
    },
    events: {
      moved(state, count, id) {
        metrics.access.moved(state, count)
        // The address stays in the store: a log is read by more people, and kept for longer.
        logger.info({ accessRequest: id, state, count }, 'requests for access moved on')
      },
      failed: (error, what) => logger.error({ err: error }, what),
    },
  })
  metrics.access.watch(() => store.accessRequests.countOpen())

  return {
    requests,
    async mount(app, doors) {
      if (publicUrl === null) return
      const shared = {
        ...doors,
        access: requests,
        publicUrl,
        mails: mail !== null,
        onError: (error: unknown, requestId: string) =>
          logger.error({ err: error, requestId }, 'a request for access could not be answered'),
      }
      await app.register(accessRequestRoutes, shared)
      await app.register(accessPages, shared)
    },
    start: () => requests.start(),
    async close() {
      await requests.close()
      await mail?.close()
    },
  }
}
