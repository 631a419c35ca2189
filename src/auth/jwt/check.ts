import type { JwtIssuer } from '../../config/jwt-issuers.ts'
import { createReadDocument, type ReadDocument } from './fetch.ts'
import { readKeys } from './source.ts'

/** Whether the keys of an issuer can be read, in words for the operator. */
export interface IssuerCheck {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
}

async function checkOf(issuer: JwtIssuer, read: ReadDocument): Promise<IssuerCheck> {
  const { name } = issuer
  try {
    const keys = await readKeys(issuer, read)
    return { name, ok: true, detail: `has ${keys.length} key(s) that signatures can be checked with` }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return {
      name,
      ok: false,
      detail: `its keys cannot be read: ${reason}. Check issuer, jwks_uri and the network`,
    }
  }
}

/** Reads the keys of each issuer once, as the gateway will. It never rejects. */
export function checkIssuers(
  issuers: readonly JwtIssuer[],
  read: ReadDocument = createReadDocument(),
): Promise<readonly IssuerCheck[]> {
  return Promise.all(issuers.map((issuer) => checkOf(issuer, read)))
}
