import { limitsInForce } from '../effective.ts'
import type { Identity, LimitedSubject } from '../identity.ts'
import { placeRule, type PageOrigins, type Place } from '../place.ts'
import { nameRule, operationRule } from '../rules.ts'
import type { SessionClaims } from './claims.ts'

/** Whether the operator lets a page in is the parent's rule to ask. */
const ANY_ORIGIN: PageOrigins = { has: () => true }

/** Who a session counts for, beside its user and its token; nobody where it is not limited. */
function subjectsOf({ id, issuedAt, limits: { calls, ...own } }: SessionClaims): LimitedSubject[] {
  const limits = limitsInForce(null, own)
  if (calls === undefined && Object.keys(limits).length === 0) return []
  return [{ kind: 'session', id, since: issuedAt, limits, ...(calls !== undefined && { calls }) }]
}

/**
 * Who calls with a session: the parent, narrowed by what the session says. Whatever it allows both of them allow, also
 * when the parent's rules have changed since.
 * @param parent the identity of the token that it was made of
 */
export function sessionIdentity(parent: Identity, claims: SessionClaims): Identity {
  const mayUseOperation = operationRule(claims.operations)
  const mayUseModel = nameRule(claims.models)
  const refusalFrom = placeRule(claims.networks, claims.origins, ANY_ORIGIN)
  return Object.freeze({
    ...parent,
    kind: 'session' as const,
    sessionId: claims.id,
    endUser: claims.endUser,
    limited: [...parent.limited, ...subjectsOf(claims)],
    expiresAt: Math.min(parent.expiresAt, claims.expiresAt),
    mayUseOperation: (operation: string) => parent.mayUseOperation(operation) && mayUseOperation(operation),
    mayUseModel: (model: string) => parent.mayUseModel(model) && mayUseModel(model),
    origins: claims.origins ?? parent.origins,
    refusalFrom: (place: Place) => parent.refusalFrom(place) ?? refusalFrom(place),
  })
}
