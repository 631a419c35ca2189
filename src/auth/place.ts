import type { RefusalCode } from '../errors.ts'
import { networkTest } from '../lib/networks.ts'

/** From where a request comes. */
export interface Place {
  /** The network address of the client. */
  readonly address: string
  /** What the `Origin` header says; undefined: there is none, as with every client that is no page. */
  readonly origin: string | undefined
}

/** @returns why a credential may not be used from there; null: it may */
export type PlaceRule = (place: Place) => RefusalCode | null

/** The rule of a credential that is bound to nothing: pages may use it where the operator lets every page in. */
export type PageOrigins = Pick<ReadonlySet<string>, 'has'>

/**
 * From where a credential may be used.
 * @param networks null: from anywhere
 * @param origins from whose pages alone; null: from those that the operator lets in, and by whatever is no page
 * @param everybodys origins that the operator lets in (setting CORS_ORIGINS)
 */
export function placeRule(
  networks: readonly string[] | null,
  origins: readonly string[] | null,
  everybodys: PageOrigins,
): PlaceRule {
  const isInside = networks === null ? null : networkTest(networks)
  const own = origins === null ? null : new Set(origins)
  return ({ address, origin }) => {
    if (isInside !== null && !isInside(address)) return 'address_forbidden'
    if (own !== null) return origin !== undefined && own.has(origin) ? null : 'origin_forbidden'
    return origin === undefined || everybodys.has(origin) ? null : 'origin_forbidden'
  }
}
