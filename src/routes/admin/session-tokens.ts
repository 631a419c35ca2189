import { Type } from 'typebox'
import type { SessionService } from '../../auth/session/sessions.ts'
import { rulesFromJson, sessionFields, sessionView, SessionTokenView } from '../session-tokens-json.ts'
import { makes } from './audit-rule.ts'
import { closed, tokenId } from './fields.ts'
import { ErrorView, UserParams } from './schemas.ts'
import type { AdminServer } from './validation.ts'

const SessionTokenBody = Type.Object({ token: Type.Optional(tokenId), ...sessionFields }, closed)

/** `POST /admin/v1/users/{id}/session-tokens`: the operator has a session made, of a token of which only the hash is known. */
export function sessionTokenAdminRoutes(
  app: AdminServer,
  { sessions }: { readonly sessions: Pick<SessionService, 'createFor'> },
): void {
  app.post(
    '/v1/users/:id/session-tokens',
    {
      // What is kept of it in the log is all that it says of itself, without the token.
      config: {
        role: 'operator',
        audit: { ...makes('session'), view: async (_request, answer) => answer, secrets: ['token'] },
      },
      schema: {
        operationId: 'createSessionToken',
        summary: 'Make a session token',
        description:
          'It can do no more than the token that it is made of ("token"; the newest valid one of the user unless said) and ends with it. The answer is the only one that ever holds the session token.',
        tags: ['tokens'],
        params: UserParams,
        body: SessionTokenBody,
        response: { 201: SessionTokenView, default: ErrorView },
      },
    },
    async ({ params, body: { token, ...asked } }, reply) => {
      const issued = await sessions.createFor(params.id, token, rulesFromJson(asked))
      return reply.code(201).send(sessionView(issued))
    },
  )
}
