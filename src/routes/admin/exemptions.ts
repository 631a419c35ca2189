import { Type } from 'typebox'
import type { IncidentBook } from '../../abuse/guard.ts'
import type { TokenService } from '../../auth/tokens.ts'
import type { UserService } from '../../auth/users.ts'
import { GatewayError } from '../../errors.ts'
import type { Clock } from '../../lib/clock.ts'
import { formatTime } from '../../lib/times.ts'
import type { Exemption } from '../../store/store.ts'
import { changes, makes } from './audit-rule.ts'
import { closed, duration, line, milliseconds, textOrNull, time, tokenId, userId } from './fields.ts'
import { signalName } from './incidents.ts'
import { ErrorView } from './schemas.ts'
import type { AdminServer } from './validation.ts'

const tags = ['abuse']

/** What is exempt for longer is forgotten, and then it is a hole. */
const LONGEST = 90 * 24 * 3_600_000

const NewExemptionBody = Type.Object(
  {
    user: Type.Optional(userId),
    token: Type.Optional(tokenId),
    signals: Type.Optional(
      Type.Array(signalName, {
        minItems: 1,
        maxItems: 100,
        uniqueItems: true,
        description: 'Signals that are to lead to nothing: a list of names. Left out: all.',
      }),
    ),
    reason: line(200, 'Reason'),
    expires_in: duration('How long it holds, at most 90d'),
  },
  closed,
)

const ExemptionParams = Type.Object(
  {
    id: Type.String({
      pattern: '^exm_[0-9A-Za-z]{1,32}$',
      description: 'Exemption id: exm_ and letters and digits.',
    }),
  },
  closed,
)

/** An exemption, as the API shows it. */
export const ExemptionView = Type.Object({
  id: Type.String(),
  user: Type.Union([Type.String(), Type.Null()], { description: 'Null: it is of a token or an end user.' }),
  token: Type.Union([Type.String(), Type.Null()], { description: 'Null: it is of a user or an end user.' }),
  end_user: Type.Union([Type.String(), Type.Null()], {
    description: 'Token id, a slash, and the end user; null: it is of a user or a token.',
  }),
  signals: Type.Union([Type.Array(Type.String()), Type.Null()], { description: 'Null: all.' }),
  reason: Type.String(),
  created_at: time,
  expires_at: time,
})

/** All exemptions that hold. */
export const ExemptionsView = Type.Object({
  items: Type.Array(ExemptionView),
  next: textOrNull,
})

function exemptionView({ id, subject, signals, reason, createdAt, expiresAt }: Exemption) {
  return {
    id,
    user: subject.kind === 'user' ? subject.id : null,
    token: subject.kind === 'token' ? subject.id : null,
    end_user: subject.kind === 'end_user' ? subject.id : null,
    signals: signals === null ? null : [...signals],
    reason,
    created_at: formatTime(createdAt),
    expires_at: formatTime(expiresAt),
  }
}

function lifetimeOf(expiresIn: string | number): number {
  const lifetime = milliseconds(expiresIn, 'expires_in')
  if (lifetime > 0 && lifetime <= LONGEST) return lifetime
  throw new GatewayError('invalid_request', 'An exemption holds for more than 0 and at most 90 days.', {
    path: 'expires_in',
  })
}

/** What the routes of exemptions need. */
export interface ExemptionRoutesOptions {
  readonly incidents: Pick<IncidentBook, 'exempt' | 'exemptions' | 'removeExemption'>
  readonly tokens: Pick<TokenService, 'get'>
  readonly users: Pick<UserService, 'get'>
  readonly clock: Pick<Clock, 'now'>
}

/** Routes that exempt users and tokens from signals, for a time. */
export function exemptionRoutes(app: AdminServer, options: ExemptionRoutesOptions): void {
  const { incidents, tokens, users, clock } = options

  async function showExemption(id: string) {
    const exemption = (await incidents.exemptions()).find((one) => one.id === id)
    return exemption && exemptionView(exemption)
  }

  /** Who is exempt, who must be there. @throws GatewayError `invalid_request`, `not_found` */
  async function subjectOf(user?: string, token?: string): Promise<Exemption['subject']> {
    if (user !== undefined && token === undefined) return { kind: 'user', id: (await users.get(user)).id }
    if (token !== undefined && user === undefined) return { kind: 'token', id: (await tokens.get(token)).id }
    throw new GatewayError('invalid_request', 'Name either "user" or "token".', { path: 'user' })
  }

  app.post(
    '/v1/exemptions',
    {
      config: { role: 'operator', audit: makes('exemption', showExemption) },
      schema: {
        operationId: 'addExemption',
        summary: 'Exempt a user or a token from signals, for a time',
        description:
          'What the signals find is still recorded, with what it would have led to, and leads to nothing.',
        tags,
        body: NewExemptionBody,
        response: { 201: ExemptionView, default: ErrorView },
      },
    },
    async ({ body: { user, token, signals = null, reason, expires_in: expiresIn } }, reply) => {
      const lifetime = lifetimeOf(expiresIn)
      const subject = await subjectOf(user, token)
      const exemption = { subject, signals, reason, expiresAt: clock.now() + lifetime }
      return reply.code(201).send(exemptionView(await incidents.exempt(exemption)))
    },
  )

  app.get(
    '/v1/exemptions',
    {
      config: { role: 'read-only' },
      schema: {
        operationId: 'listExemptions',
        summary: 'List the exemptions that hold, oldest first',
        description: 'Dismissed incidents make some too: their signals are quiet for 7 days.',
        tags,
        response: { 200: ExemptionsView, default: ErrorView },
      },
    },
    async () => ({ items: (await incidents.exemptions()).map(exemptionView), next: null }),
  )

  app.delete(
    '/v1/exemptions/:id',
    {
      config: { role: 'operator', audit: changes('exemption', showExemption) },
      schema: {
        operationId: 'removeExemption',
        summary: 'End an exemption',
        tags,
        params: ExemptionParams,
        response: { 200: ExemptionView, default: ErrorView },
      },
    },
    async ({ params }) => {
      const exemption = (await incidents.exemptions()).find(({ id }) => id === params.id)
      if (exemption === undefined || !(await incidents.removeExemption(params.id)))
        throw new GatewayError('not_found', 'There is no such exemption.')
      return exemptionView(exemption)
    },
  )
}
