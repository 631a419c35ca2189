import type { JwtIssuer } from '../../config/jwt-issuers.ts'
import type { Plan, Token, User } from '../../store/store.ts'
import { identityFrom } from '../effective.ts'
import type { Identity } from '../identity.ts'
import type { JwtClaims } from './claims.ts'
import { endUserOf, tokenIdOf } from './names.ts'
import type { PageOrigins } from '../place.ts'

/** The rules of an issuer as those of a token of the store, so that the same code reads both. */
function tokenOf(issuer: JwtIssuer, { endsAt }: JwtClaims, user: User): Token {
  const { operations, models, origins } = issuer
  return {
    id: tokenIdOf(issuer),
    userId: user.id,
    kind: 'server',
    name: null,
    hash: '',
    operations,
    models,
    origins,
    networks: null,
    limits: null,
    createdAt: user.createdAt,
    expiresAt: endsAt,
    revokedAt: null,
    replacedBy: null,
    suspendedAt: null,
    suspendedBy: null,
    lastUsedAt: null,
    lastUsedAddress: null,
    expiryNoticedAt: null,
  }
}

/**
 * Who calls with a JWT.
 * @param plan the user's; null: they have none, or there is no such plan
 * @param everybodys web origins that the operator lets in with any credential
 */
export function jwtIdentity(
  issuer: JwtIssuer,
  claims: JwtClaims,
  user: User,
  plan: Plan | null,
  everybodys: PageOrigins | undefined,
): Identity {
  const identity = identityFrom(tokenOf(issuer, claims, user), user, plan, everybodys)
  return Object.freeze({ ...identity, kind: 'jwt' as const, endUser: endUserOf(claims.endUser) })
}
