import { Type } from 'typebox'
import { formatTime } from '../../lib/times.ts'
import type { Token, User } from '../../store/store.ts'
import { LimitsJson, limitsOrNullView, LimitsOrNull } from '../limits-json.ts'
import {
  closed,
  cursor,
  duration,
  limit,
  line,
  multiplier,
  names,
  next,
  orNull,
  textOrNull,
  time,
  timeOrNull,
  tokenId,
  userId,
} from './fields.ts'

const name = line(100, 'Name')
const plan = line(64, 'Plan')
const email = Type.String({
  maxLength: 254,
  pattern: '^[^\\s@\\u0000-\\u001f\\u007f-\\u009f]+@[^\\s@\\u0000-\\u001f\\u007f-\\u009f]+$',
  description: 'E-mail address.',
})
const status = Type.Enum(['active', 'suspended'], { description: 'active or suspended.' })
const prepaid = orNull(
  Type.Boolean(),
  'Whether the user spends only credit: true or false; null: as the plan says.',
)

const endUserLimits = orNull(
  LimitsJson,
  'Limits of each end user of the user, over those of their plan: an object as limits are. They take the place of all that were set before. Null: none.',
)

export const UserParams = Type.Object({ id: userId }, closed)
export const CallbackSecretView = Type.Object({ secret: Type.String() })
export const TokenParams = Type.Object({ id: tokenId }, closed)

export const NewUserBody = Type.Object(
  {
    id: Type.Optional(userId),
    name: Type.Optional(name),
    email: Type.Optional(email),
    plan: Type.Optional(plan),
    multiplier: Type.Optional(multiplier),
    limits: Type.Optional(LimitsOrNull),
    end_user_limits: Type.Optional(endUserLimits),
    prepaid: Type.Optional(prepaid),
  },
  closed,
)

export const UserChangeBody = Type.Object(
  {
    name: Type.Optional(orNull(name, 'Name: 1 to 100 characters on one line, or null.')),
    email: Type.Optional(orNull(email, 'E-mail address, or null.')),
    plan: Type.Optional(orNull(plan, 'Plan: 1 to 64 characters on one line, or null.')),
    multiplier: Type.Optional(multiplier),
    limits: Type.Optional(LimitsOrNull),
    end_user_limits: Type.Optional(endUserLimits),
    prepaid: Type.Optional(prepaid),
    status: Type.Optional(status),
  },
  { ...closed, minProperties: 1 },
)

const OPERATIONS = 'Operations that the token may use: names, "modality.*" or "*".'
const MODELS = 'Models that the token may use, by exact name.'

const ORIGINS =
  'Web origins from whose pages alone the token may be used, such as https://app.example.com; other clients are refused.'
const CIDRS =
  'Networks from which alone the token may be used, such as 203.0.113.0/24 or 2001:db8::/32. Bits after the prefix are cleared.'

export const NewTokenBody = Type.Object(
  {
    name: Type.Optional(name),
    expires_in: Type.Optional(duration('Lifetime')),
    operations: Type.Optional(names(100, `${OPERATIONS} Left out: all.`)),
    models: Type.Optional(names(200, `${MODELS} Left out: all.`)),
    origins: Type.Optional(orNull(names(300, ORIGINS), `${ORIGINS} Null or left out: bound to none.`)),
    cidrs: Type.Optional(orNull(names(64, CIDRS), `${CIDRS} Null or left out: from anywhere.`)),
    limits: Type.Optional(LimitsOrNull),
  },
  closed,
)

export const TokenChangeBody = Type.Object(
  {
    name: Type.Optional(orNull(name, 'Name: 1 to 100 characters on one line, or null.')),
    operations: Type.Optional(orNull(names(100, OPERATIONS), `${OPERATIONS} Null: all.`)),
    models: Type.Optional(orNull(names(200, MODELS), `${MODELS} Null: all.`)),
    origins: Type.Optional(orNull(names(300, ORIGINS), `${ORIGINS} Null: bound to none.`)),
    cidrs: Type.Optional(orNull(names(64, CIDRS), `${CIDRS} Null: from anywhere.`)),
    expires_in: Type.Optional(
      orNull(
        duration('Lifetime from now on'),
        'Lifetime from now on: a duration such as 30s, 15m, 24h or 30d, or a number of seconds. Null: no end.',
      ),
    ),
    limits: Type.Optional(LimitsOrNull),
  },
  { ...closed, minProperties: 1 },
)

export const RotateBody = Type.Object(
  { grace: Type.Optional(duration('How long the old token goes on working')) },
  closed,
)

export const UsersQuery = Type.Object({ limit, cursor, status: Type.Optional(status) }, closed)
export const TokensQuery = Type.Object({ limit, cursor, user: Type.Optional(userId) }, closed)
export const TokensOfUserQuery = Type.Object({ limit, cursor }, closed)

/** Answers hold these fields and no others: what is not named here is not sent. */
const userFields = {
  id: Type.String(),
  name: textOrNull,
  email: textOrNull,
  plan: textOrNull,
  multiplier: Type.Union([Type.String(), Type.Null()], {
    description: 'What they pay, as a multiple of the list price. Null: what their plan or everybody pays.',
  }),
  limits: Type.Union([LimitsJson, Type.Null()], { description: 'Their own, over those of their plan.' }),
  end_user_limits: Type.Union([LimitsJson, Type.Null()], {
    description: 'Of each of their end users, over those of their plan.',
  }),
  prepaid: Type.Union([Type.Boolean(), Type.Null()], { description: 'Null: as their plan says.' }),
  status,
  created_at: time,
  updated_at: time,
}

export const UserView = Type.Object(userFields)

/** A user with what holds for them, their plan counted in. */
export const UserInForceView = Type.Object({
  ...userFields,
  effective: Type.Object({
    plan: Type.Union([Type.String(), Type.Null()], {
      description: 'The plan that counts. Null: the user has none, or there is no plan of that name.',
    }),
    limits: LimitsJson,
    end_user_limits: LimitsJson,
    multiplier: Type.Union([Type.String(), Type.Null()], { description: 'Null: as the settings say.' }),
    prepaid: Type.Boolean(),
  }),
})

const TOKEN_STATUSES = ['active', 'suspended', 'expired', 'revoked'] as const

const tokenFields = {
  id: Type.String(),
  user_id: Type.String(),
  kind: Type.Enum(['server']),
  name: textOrNull,
  operations: Type.Union([Type.Array(Type.String()), Type.Null()], { description: 'Null: all.' }),
  models: Type.Union([Type.Array(Type.String()), Type.Null()], { description: 'Null: all.' }),
  origins: Type.Union([Type.Array(Type.String()), Type.Null()], { description: 'Null: bound to none.' }),
  cidrs: Type.Union([Type.Array(Type.String()), Type.Null()], { description: 'Null: from anywhere.' }),
  limits: Type.Union([LimitsJson, Type.Null()], {
    description: 'Of the token alone, beside those of its user.',
  }),
  status: Type.Enum([...TOKEN_STATUSES]),
  created_at: time,
  expires_at: timeOrNull,
  revoked_at: timeOrNull,
  suspended_at: timeOrNull,
  suspended_by: Type.Union([Type.String(), Type.Null()], {
    description: 'The incident for which it was suspended.',
  }),
  replaced_by: Type.Union([Type.String(), Type.Null()], { description: 'The token that took its place.' }),
  last_used_at: Type.Union([time, Type.Null()], {
    description: 'When it was last let in, to about a minute. Null: never.',
  }),
  last_used_address: Type.Union([Type.String(), Type.Null()], { description: 'From where that was.' }),
}

export const TokenView = Type.Object(tokenFields)
export const IssuedTokenView = Type.Object({
  ...tokenFields,
  token: Type.String({ description: 'The token itself. It is shown this once and cannot be had again.' }),
})

export const RotatedTokenView = Type.Object({
  ...IssuedTokenView.properties,
  replaces: Type.Object({
    id: Type.String(),
    ends_at: Type.Union([time, Type.Null()], {
      description: 'When the old token ends, or did: the end of the grace, or its own end if that is sooner.',
    }),
  }),
})

export const UsersPage = Type.Object({ items: Type.Array(UserView), next })
export const TokensPage = Type.Object({ items: Type.Array(TokenView), next })

export const ErrorView = Type.Object({
  error: Type.Object({ code: Type.String(), message: Type.String(), path: Type.Optional(Type.String()) }),
})

const isoTimeOrNull = (milliseconds: number | null) =>
  milliseconds === null ? null : formatTime(milliseconds)

/** A user as the API shows one. */
export function userView({ createdAt, updatedAt, limits, endUserLimits: ofEndUsers, ...user }: User) {
  return {
    ...user,
    limits: limitsOrNullView(limits),
    end_user_limits: limitsOrNullView(ofEndUsers),
    created_at: formatTime(createdAt),
    updated_at: formatTime(updatedAt),
  }
}

function tokenStatus(
  { revokedAt, expiresAt, suspendedAt }: Token,
  now: number,
): (typeof TOKEN_STATUSES)[number] {
  if (revokedAt !== null) return 'revoked'
  if (expiresAt !== null && expiresAt <= now) return 'expired'
  return suspendedAt === null ? 'active' : 'suspended'
}

/** A token as the API shows one: without its hash. */
export function tokenView(token: Token, now: number) {
  return {
    id: token.id,
    user_id: token.userId,
    kind: token.kind,
    name: token.name,
    operations: token.operations === null ? null : [...token.operations],
    models: token.models === null ? null : [...token.models],
    origins: token.origins === null ? null : [...token.origins],
    cidrs: token.networks === null ? null : [...token.networks],
    limits: limitsOrNullView(token.limits),
    status: tokenStatus(token, now),
    created_at: formatTime(token.createdAt),
    expires_at: isoTimeOrNull(token.expiresAt),
    revoked_at: isoTimeOrNull(token.revokedAt),
    suspended_at: isoTimeOrNull(token.suspendedAt),
    suspended_by: token.suspendedBy,
    replaced_by: token.replacedBy,
    last_used_at: isoTimeOrNull(token.lastUsedAt),
    last_used_address: token.lastUsedAddress,
  }
}
