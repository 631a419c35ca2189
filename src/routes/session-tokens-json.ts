import { Type, type Static } from 'typebox'
import type { Identity } from '../auth/identity.ts'
import { END_USER, type SessionClaims, type SessionLimits } from '../auth/session/claims.ts'
import type { IssuedSession, SessionRules } from '../auth/session/sessions.ts'
import { GatewayError } from '../errors.ts'
import { formatTime } from '../lib/times.ts'
import type { Limits } from '../store/store.ts'
import { closed, duration, milliseconds, names, time } from './admin/fields.ts'
import { LimitsJson, limitsFromJson, limitsView, type LimitsInput } from './limits-json.ts'

const INHERITED = 'Left out: as the token may.'

const SessionLimitsJson = Type.Object(
  Type.Pick(LimitsJson, ['requests_per_minute', 'tokens_per_minute', 'concurrency', 'budgets']).properties,
  { ...closed, description: 'Limits: requests_per_minute, tokens_per_minute, concurrency and budgets.' },
)

/** What can be asked for a session, by whoever may have one made. */
export const sessionFields = {
  expires_in: Type.Optional(duration('Lifetime, from 1s to 1h; 15m unless said')),
  operations: Type.Optional(
    names(100, `Operations that it may use: names, "modality.*" or "*". ${INHERITED}`),
  ),
  models: Type.Optional(names(200, `Models that it may use, by exact name. ${INHERITED}`)),
  origins: Type.Optional(
    names(300, 'Web origins from whose pages alone it may be used, as "https://app.example.com".'),
  ),
  cidrs: Type.Optional(
    names(64, 'Networks from which alone it may be used, as "203.0.113.7" or "2001:db8::/64".'),
  ),
  max_spend: Type.Optional(
    Type.String({
      pattern: '^\\d{1,9}(?:\\.\\d{1,9})?$',
      description:
        'What it may spend in all, in the currency of the gateway: a text as "0.25", with up to 9 decimals.',
    }),
  ),
  max_calls: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1_000_000_000,
      description: 'How many calls it may make in all: a whole number of at least 1.',
    }),
  ),
  concurrency: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1_000_000_000,
      description: 'Calls under way at a time: a whole number of at least 1.',
    }),
  ),
  sub: Type.Optional(
    Type.String({
      pattern: END_USER,
      description: "Your own app's user: 1 to 128 visible ASCII characters.",
    }),
  ),
  limits: Type.Optional(SessionLimitsJson),
}

/** What the user's own backend may ask for. */
export const SessionTokenBody = Type.Object(sessionFields, closed)

type SessionBody = Static<typeof SessionTokenBody>

/** A session that was just made, as JSON shows it. */
export const SessionTokenView = Type.Object({
  id: Type.String(),
  token: Type.String({
    description: 'The session token itself. It is shown this once and cannot be had again.',
  }),
  expires_at: time,
  user_id: Type.String(),
  parent: Type.String({ description: 'The token that it was made of: it ends with it.' }),
  sub: Type.Union([Type.String(), Type.Null()], { description: 'The end user; null: none is named.' }),
  operations: listOrNull('Null: as the token may.'),
  models: listOrNull('Null: as the token may.'),
  origins: listOrNull('Null: as the token may.'),
  cidrs: listOrNull('Null: as the token may.'),
  max_calls: Type.Union([Type.Integer(), Type.Null()]),
  limits: Type.Union([LimitsJson, Type.Null()], {
    description:
      'Its own, beside those of the token and the user. What it may spend in all is a budget here.',
  }),
})

/** What `GET /gateway/v1/me` says about the credential itself. */
export const credentialFields = {
  kind: Type.Enum(['server', 'session', 'jwt'], { description: 'What the caller called with.' }),
  session: Type.Union([Type.String(), Type.Null()], {
    description: 'The id of the session; null: it is none.',
  }),
  end_user: Type.Union([Type.String(), Type.Null()], { description: 'Null: none is named.' }),
}

/** The same of a caller. */
export function credentialView({ kind, sessionId, endUser }: Identity) {
  return { kind, session: sessionId === '' ? null : sessionId, end_user: endUser === '' ? null : endUser }
}

function listOrNull(description: string) {
  return Type.Union([Type.Array(Type.String()), Type.Null()], { description })
}

/** What is limited; null lifts nothing here, since what the token is limited to holds beside it. */
function limitsOf({ requestsPerMinute, tokensPerMinute, concurrency, budgets }: Limits): SessionLimits {
  return {
    ...(typeof requestsPerMinute === 'number' && { requestsPerMinute }),
    ...(typeof tokensPerMinute === 'number' && { tokensPerMinute }),
    ...(typeof concurrency === 'number' && { concurrency }),
    ...(budgets !== undefined && budgets !== null && budgets.length > 0 && { budgets }),
  }
}

/** `max_spend` and `concurrency` are short forms of limits. */
function limitsInput({ limits = {}, max_spend: amount, concurrency }: SessionBody): LimitsInput {
  if (concurrency !== undefined && limits.concurrency !== undefined) {
    throw new GatewayError(
      'invalid_request',
      'The fields "concurrency" and "limits.concurrency" say the same.',
      {
        path: 'concurrency',
      },
    )
  }
  const total = { amount: amount ?? '', period: 'total' as const }
  return {
    ...limits,
    ...(concurrency !== undefined && { concurrency }),
    ...(amount !== undefined && { budgets: [...(limits.budgets ?? []), total] }),
  }
}

/** What a body asks for. @throws GatewayError `invalid_request` for what the schema cannot say */
export function rulesFromJson(body: SessionBody): SessionRules {
  const { expires_in: expiresIn, max_calls: calls, operations, models, origins, cidrs: networks, sub } = body
  return {
    ...(expiresIn !== undefined && { expiresInMs: milliseconds(expiresIn, 'expires_in') }),
    operations,
    models,
    origins,
    networks,
    endUser: sub,
    limits: { ...limitsOf(limitsFromJson(limitsInput(body))), ...(calls !== undefined && { calls }) },
  }
}

const copied = (list: readonly string[] | null): string[] | null => (list === null ? null : [...list])

function viewOfLimits({ calls: _, ...limits }: SessionLimits): LimitsInput | null {
  return Object.keys(limits).length === 0 ? null : limitsView(limits)
}

/** A session that was just made as JSON shows it. */
export function sessionView({ token, claims }: IssuedSession) {
  return {
    id: claims.id,
    token,
    expires_at: formatTime(claims.expiresAt),
    user_id: claims.userId,
    parent: claims.tokenId,
    sub: claims.endUser === '' ? null : claims.endUser,
    ...placesView(claims),
    max_calls: claims.limits.calls ?? null,
    limits: viewOfLimits(claims.limits),
  }
}

function placesView({ operations, models, origins, networks }: SessionClaims) {
  return {
    operations: copied(operations),
    models: copied(models),
    origins: copied(origins),
    cidrs: copied(networks),
  }
}
