import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Identity } from '../auth/identity.ts'
import type { SessionService } from '../auth/session/sessions.ts'
import { GatewayError } from '../errors.ts'
import { ErrorView } from './admin/schemas.ts'
import type { AdminServer } from './admin/validation.ts'
import { rulesFromJson, SessionTokenBody, sessionView, SessionTokenView } from './session-tokens-json.ts'

/** More than any session token can say. */
const BODY_LIMIT = 16 * 1024

/** What the route needs. */
export interface SessionTokenRoutesOptions {
  readonly sessions: Pick<SessionService, 'create'>
  /** Who sent a request that has passed the doors. */
  readonly callerOf: (request: FastifyRequest) => Identity
  /** Counts a request of its caller while it is answered. */
  readonly counted: <Answer>(
    caller: Identity,
    reply: FastifyReply,
    answer: () => Promise<Answer>,
  ) => Promise<Answer>
}

/**
 * A credential in the hands of a page must not make more of itself.
 * @throws GatewayError `operation_forbidden` unless it is a server token
 */
function requireServerToken({ kind }: Identity): void {
  if (kind !== 'server')
    throw new GatewayError('operation_forbidden', 'Only a server token can have session tokens made.')
}

/**
 * What is the user's own business is not that of the end users of their app.
 * @throws GatewayError `operation_forbidden` for a session, and for whoever is an end user
 */
export function requireOwnToken({ kind, endUser }: Identity): void {
  if (kind === 'session' || endUser !== '')
    throw new GatewayError('operation_forbidden', 'A token of an end user cannot do that.')
}

/** `POST /gateway/v1/session-tokens`: a user's own backend gives its pages a credential that can do little, for a while. */
export function sessionTokenRoutes(app: AdminServer, options: SessionTokenRoutesOptions): void {
  const { sessions, callerOf, counted } = options
  app.post(
    '/gateway/v1/session-tokens',
    {
      bodyLimit: BODY_LIMIT,
      // Before the body is looked at: who may not have one made is not told how to.
      preParsing: async (request) => requireServerToken(callerOf(request)),
      schema: { body: SessionTokenBody, response: { 201: SessionTokenView, default: ErrorView } },
    },
    async (request, reply) => {
      const caller = callerOf(request)
      const issued = await counted(caller, reply, () =>
        sessions.create(caller.tokenId, rulesFromJson(request.body)),
      )
      return reply.code(201).send(sessionView(issued))
    },
  )
}
