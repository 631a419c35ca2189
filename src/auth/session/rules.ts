import { GatewayError } from '../../errors.ts'
import { isNetworkWithin } from '../../lib/network-within.ts'
import type { Token } from '../../store/store.ts'
import type { Identity } from '../identity.ts'
import type { PageOrigins } from '../place.ts'
import { checkOperationPatterns, operationRule } from '../rules.ts'
import { networksFrom, originsFrom } from '../token-places.ts'

/** What may be asked for a session about what it may do and where. Left out: as its token may. */
export interface AskedRules {
  /** Names, `modality.*` or `*`. */
  readonly operations?: readonly string[] | undefined
  readonly models?: readonly string[] | undefined
  /** Web origins from whose pages alone it may be used, as people write them. */
  readonly origins?: readonly string[] | undefined
  /** Networks (CIDR) from which alone it may be used, as people write them. */
  readonly networks?: readonly string[] | undefined
}

/** The token that a session is made of. */
export interface Parent {
  /** With the rules of the user's plan in it. */
  readonly identity: Identity
  readonly token: Pick<Token, 'origins' | 'networks'>
}

/** What a session may do and where; null: as its token may. */
export interface GrantedRules {
  readonly operations: readonly string[] | null
  readonly models: readonly string[] | null
  readonly origins: readonly string[] | null
  readonly networks: readonly string[] | null
}

/** @throws GatewayError `invalid_request` that names the first item of the list which the parent does not allow */
function refuseBeyond(
  items: readonly string[],
  path: string,
  allows: (item: string) => boolean,
  why: string,
): void {
  const at = items.findIndex((item) => !allows(item))
  if (at < 0) return
  throw new GatewayError('invalid_request', `The field "${path}[${at}]" ${why}.`, { path: `${path}[${at}]` })
}

/**
 * What a session gets of what was asked for it. Whether the parent allows more than it does is asked again at every
 * request; this is so that whoever asks for too much hears of it at once, and by which word.
 * @param known the names of all operations
 * @param everybodys web origins that the operator lets in with any token
 * @throws GatewayError `invalid_request` with the path of what is wrong or beyond the parent
 */
export function grant(
  asked: AskedRules,
  { identity, token }: Parent,
  known: readonly string[],
  everybodys: PageOrigins,
): GrantedRules {
  const { operations = null, models = null } = asked
  const origins = asked.origins === undefined ? null : originsFrom(asked.origins)
  const networks = asked.networks === undefined ? null : networksFrom(asked.networks)
  if (operations !== null) {
    checkOperationPatterns(operations, known)
    const allows = (pattern: string): boolean =>
      known.filter(operationRule([pattern])).every((name) => identity.mayUseOperation(name))
    refuseBeyond(operations, 'operations', allows, 'is more than the token may use')
  }
  if (models !== null)
    refuseBeyond(models, 'models', (name) => identity.mayUseModel(name), 'is no model that the token may use')
  if (origins !== null) {
    const own = token.origins === null ? everybodys : new Set(token.origins)
    refuseBeyond(
      origins,
      'origins',
      (origin) => own.has(origin),
      'is no origin of the token or of the gateway',
    )
  }
  const outer = token.networks
  if (networks !== null && outer !== null) {
    const isInside = (network: string): boolean => outer.some((one) => isNetworkWithin(network, one))
    refuseBeyond(networks, 'cidrs', isInside, 'is not within the networks of the token')
  }
  return { operations, models, origins, networks }
}
