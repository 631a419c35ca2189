import type { JwtIssuer } from '../../config/jwt-issuers.ts'
import { keysOf, MAX_KEYS, type Jwk } from '../../lib/jwk.ts'
import { strictJson } from '../../lib/strict-json.ts'
import { DocumentError, readDocumentFile, type ReadDocument } from './fetch.ts'

/** How deep such documents may nest. */
const MAX_DEPTH = 32

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined
}

/** Where an issuer's document is (OpenID Connect Discovery 1.0, section 4): a slash at its end is dropped. */
function discoveryUrlOf(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
}

/** A document may lead from https to https alone; from this machine it may lead to this machine. */
function isAllowed(url: URL, issuer: URL): boolean {
  if (url.username !== '' || url.password !== '') return false
  return (
    url.protocol === 'https:' ||
    (url.protocol === 'http:' && issuer.protocol === 'http:' && url.hostname === issuer.hostname)
  )
}

async function discover(issuer: string, read: ReadDocument): Promise<string> {
  const document = strictJson(await read(discoveryUrlOf(issuer)), MAX_DEPTH)
  if (memberOf(document, 'issuer') !== issuer)
    throw new DocumentError('of the issuer is of another issuer, or is no JSON object')
  const url = memberOf(document, 'jwks_uri')
  if (typeof url !== 'string' || !URL.canParse(url) || !isAllowed(new URL(url), new URL(issuer)))
    throw new DocumentError('of the issuer names no https URL as its jwks_uri')
  return url
}

/** Reads the keys of an issuer from where the settings say. Rejects when there are none that can be used. */
export async function readKeys(
  { issuer, keys: source }: Pick<JwtIssuer, 'issuer' | 'keys'>,
  read: ReadDocument,
): Promise<readonly Jwk[]> {
  if (source.kind === 'keys') return source.keys
  const bytes =
    source.kind === 'file'
      ? await readDocumentFile(source.path)
      : await read(source.kind === 'url' ? source.url : await discover(issuer, read))
  const keys = keysOf(strictJson(bytes, MAX_DEPTH))
  if (keys === null) throw new DocumentError(`with the keys is no JWK Set of up to ${MAX_KEYS} keys`)
  if (keys.length === 0) throw new DocumentError('with the keys has none for signatures that can be used')
  return keys
}
