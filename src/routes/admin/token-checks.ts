import { Type } from 'typebox'
import type { CheckedToken } from '../../auth/token-check.ts'
import type { TokenService } from '../../auth/tokens.ts'
import { GatewayError } from '../../errors.ts'
import { formatTime } from '../../lib/times.ts'
import { makes } from './audit-rule.ts'
import { closed, textOrNull, timeOrNull } from './fields.ts'
import { ErrorView } from './schemas.ts'
import type { AdminServer } from './validation.ts'

/** Tokens of ours and sessions of them: no JWT, of which a look might make a user. */
const TokenCheckBody = Type.Object(
  {
    token: Type.String({
      maxLength: 2_048,
      pattern: '^[a-z][a-z0-9]{1,12}_[!-~]+$',
      description: 'The whole token, as it was found.',
    }),
  },
  closed,
)

/** What is known of a token that was found. */
export const CheckedTokenView = Type.Object({
  id: Type.String({ description: 'Of a session: of the token that it was made of.' }),
  kind: Type.Enum(['server', 'session', 'jwt']),
  user_id: Type.String(),
  session_id: textOrNull,
  end_user: textOrNull,
  live: Type.Boolean({ description: 'Whether requests with it are let in, from where it may be used.' }),
  refusal: Type.Union([Type.String(), Type.Null()], {
    description: 'With which code requests are refused; null: they are not.',
  }),
  expires_at: timeOrNull,
})

function checkedView({ kind, tokenId, sessionId, userId, endUser, expiresAt, refusal }: CheckedToken) {
  return {
    id: tokenId,
    kind,
    user_id: userId,
    session_id: sessionId === '' ? null : sessionId,
    end_user: endUser === '' ? null : endUser,
    live: refusal === null,
    refusal,
    expires_at: expiresAt === Infinity ? null : formatTime(expiresAt),
  }
}

/** `POST /admin/v1/token-checks`: whose a token is that somebody found, and whether it lives. */
export function tokenCheckRoutes(
  app: AdminServer,
  { tokens }: { readonly tokens: Pick<TokenService, 'check'> },
): void {
  app.post(
    '/v1/token-checks',
    {
      // Nothing is changed, but who asks holds a secret of somebody's: the log says so.
      config: { role: 'read-only', audit: makes('token') },
      schema: {
        operationId: 'checkToken',
        summary: 'Say whose a token is that was found, and whether it lives',
        description:
          'The whole token is needed: it proves that it is the one. It is not counted as used. 404: it is none of this gateway.',
        tags: ['tokens'],
        body: TokenCheckBody,
        response: { 200: CheckedTokenView, default: ErrorView },
      },
    },
    async ({ body }) => {
      const found = await tokens.check(body.token)
      if (found === undefined) throw new GatewayError('not_found', 'It is no token of this gateway.')
      return checkedView(found)
    },
  )
}
