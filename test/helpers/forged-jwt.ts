import { createHmac, sign as signature, type KeyObject } from 'node:crypto'

/** Base64url of JSON, or of a text as it stands. */
export function part(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}

/** What signs the first two parts of a token; its result is the third. */
export type Signer = (input: string) => Buffer

/** A token out of whatever stands in its parts; texts are taken as they stand. */
export function forged(header: unknown, claims: unknown, sign: Signer): string {
  const input = `${part(header)}.${part(claims)}`
  return `${input}.${sign(input).toString('base64url')}`
}

/** A right signature of ECDSA in the form that RFC 7518, section 3.4 asks for, or as DER. */
export function ecdsa(
  key: KeyObject,
  dsaEncoding: 'ieee-p1363' | 'der' = 'ieee-p1363',
  hash = 'sha256',
): Signer {
  return (input) => signature(hash, Buffer.from(input), { key, dsaEncoding })
}

/** A signature of RSA with PKCS #1 padding. */
export function rsa(key: KeyObject, hash = 'sha256'): Signer {
  return (input) => signature(hash, Buffer.from(input), key)
}

/** A signature of Ed25519. */
export function eddsa(key: KeyObject): Signer {
  return (input) => signature(null, Buffer.from(input), key)
}

/** A MAC under some text, such as a public key that everybody knows. */
export function hmac(secret: string | Buffer, hash = 'sha256'): Signer {
  return (input) => createHmac(hash, secret).update(input).digest()
}

/** The same bytes whatever is signed. */
export function fixed(bytes: Buffer): Signer {
  return () => bytes
}
