import type { FastifyBaseLogger } from 'fastify'
import type { IncidentBook } from '../../abuse/guard.ts'
import type { IssuedToken, TokenService } from '../../auth/tokens.ts'
import type { UserService } from '../../auth/users.ts'
import type { Clock } from '../../lib/clock.ts'
import { formatTime } from '../../lib/times.ts'
import type { Store } from '../../store/store.ts'
import { limitsOrNullFromJson } from '../limits-json.ts'
import { changes, makes } from './audit-rule.ts'
import { milliseconds } from './fields.ts'
import {
  ErrorView,
  IssuedTokenView,
  NewTokenBody,
  RotateBody,
  RotatedTokenView,
  TokenChangeBody,
  TokenParams,
  TokensOfUserQuery,
  TokensPage,
  TokensQuery,
  TokenView,
  tokenView,
  UserParams,
} from './schemas.ts'
import { DEFAULT_LIMIT } from './users.ts'
import type { AdminServer } from './validation.ts'

const tags = ['tokens']

/** What the routes of tokens need. */
export interface TokenRoutesOptions {
  readonly tokens: TokenService
  readonly users: UserService
  readonly store: Pick<Store, 'tokens'>
  readonly incidents: Pick<IncidentBook, 'closeOf'>
  readonly clock: Clock
}

/** Routes that issue, show, change, rotate and revoke tokens. */
export function tokenRoutes(app: AdminServer, options: TokenRoutesOptions): void {
  const { tokens, users, store, incidents, clock } = options
  const showToken = async (id: string) => tokenView(await tokens.get(id), clock.now())
  const issued = ({ record, token }: IssuedToken) => ({ ...tokenView(record, clock.now()), token })

  async function page(query: { limit?: number; cursor?: string; userId?: string | undefined }) {
    const { items, next } = await store.tokens.list({ ...query, limit: query.limit ?? DEFAULT_LIMIT })
    const now = clock.now()
    return { items: items.map((token) => tokenView(token, now)), next }
  }

  /** Nothing is left to be done about a token that has ended. What it was ended for has happened, closed or not. */
  async function closeIncident(id: string, log: FastifyBaseLogger): Promise<void> {
    try {
      await incidents.closeOf(id)
    } catch (error) {
      log.error({ err: error, token: id }, 'an incident could not be closed')
    }
  }

  app.post(
    '/v1/users/:id/tokens',
    {
      config: { role: 'operator', audit: makes('token', showToken) },
      schema: {
        operationId: 'createToken',
        summary: 'Issue a token',
        description: 'The answer is the only one that ever holds the token.',
        tags,
        params: UserParams,
        body: NewTokenBody,
        response: { 201: IssuedTokenView, default: ErrorView },
      },
    },
    async ({ params, body }, reply) => {
      const { expires_in: expiresIn, limits: written, cidrs: networks, ...rules } = body
      const expiresInMs = expiresIn === undefined ? undefined : milliseconds(expiresIn, 'expires_in')
      const limits = limitsOrNullFromJson(written)
      const made = await tokens.create(params.id, { ...rules, networks, limits, expiresInMs })
      return reply.code(201).send(issued(made))
    },
  )

  app.get(
    '/v1/users/:id/tokens',
    {
      config: { role: 'read-only' },
      schema: {
        operationId: 'listTokensOfUser',
        summary: 'List the tokens of a user, oldest first',
        tags,
        params: UserParams,
        querystring: TokensOfUserQuery,
        response: { 200: TokensPage, default: ErrorView },
      },
    },
    async ({ params, query }) => {
      const { id: userId } = await users.get(params.id)
      return await page({ ...query, userId })
    },
  )

  app.get(
    '/v1/tokens',
    {
      config: { role: 'read-only' },
      schema: {
        operationId: 'listTokens',
        summary: 'List tokens, oldest first',
        tags,
        querystring: TokensQuery,
        response: { 200: TokensPage, default: ErrorView },
      },
    },
    async ({ query: { user, ...rest } }) => page({ ...rest, userId: user }),
  )

  app.get(
    '/v1/tokens/:id',
    {
      config: { role: 'read-only' },
      schema: {
        operationId: 'getToken',
        summary: 'Show a token',
        tags,
        params: TokenParams,
        response: { 200: TokenView, default: ErrorView },
      },
    },
    async ({ params }) => tokenView(await tokens.get(params.id), clock.now()),
  )

  app.patch(
    '/v1/tokens/:id',
    {
      config: { role: 'operator', audit: changes('token', showToken) },
      schema: {
        operationId: 'changeToken',
        summary: 'Change the name, the limits, the rules or the end of a token',
        description:
          'All of it holds from the next request on; what is under way goes on, and ends at the sooner of the old end and the new one. New limits take the place of all limits of before.',
        tags,
        params: TokenParams,
        body: TokenChangeBody,
        response: { 200: TokenView, default: ErrorView },
      },
    },
    async ({ params, body: { expires_in: expiresIn, limits: written, cidrs: networks, ...rules } }) => {
      const expiresInMs =
        expiresIn === undefined || expiresIn === null ? expiresIn : milliseconds(expiresIn, 'expires_in')
      const limits = limitsOrNullFromJson(written)
      const changed = await tokens.update(params.id, { ...rules, networks, limits, expiresInMs })
      return tokenView(changed, clock.now())
    },
  )

  app.delete(
    '/v1/tokens/:id',
    {
      config: { role: 'operator', audit: changes('token', showToken) },
      schema: {
        operationId: 'revokeToken',
        summary: 'Revoke a token',
        description:
          'Holds from the next request on, ends what is under way, and closes the open incident about it. Revoking twice changes nothing.',
        tags,
        params: TokenParams,
        response: { 200: TokenView, default: ErrorView },
      },
    },
    async ({ params, log }) => {
      const token = await tokens.revoke(params.id)
      await closeIncident(token.id, log)
      return tokenView(token, clock.now())
    },
  )

  app.post(
    '/v1/tokens/:id/rotate',
    {
      config: { role: 'operator', audit: changes('token', showToken) },
      schema: {
        operationId: 'rotateToken',
        summary: 'Replace a token by a new one with the same rules',
        description:
          'A lifetime starts anew. The old token ends at once, and the open incident about it with it, or after the grace. The answer is the only one that ever holds the new token.',
        tags,
        params: TokenParams,
        body: RotateBody,
        response: { 200: RotatedTokenView, default: ErrorView },
      },
    },
    async ({ params, body: { grace = 0 }, log }) => {
      const graceMs = milliseconds(grace, 'grace')
      const rotated = await tokens.rotate(params.id, graceMs)
      if (graceMs === 0) await closeIncident(params.id, log)
      const { id, expiresAt, revokedAt } = rotated.replaced
      const endsAt = revokedAt ?? expiresAt
      return { ...issued(rotated), replaces: { id, ends_at: endsAt === null ? null : formatTime(endsAt) } }
    },
  )
}
