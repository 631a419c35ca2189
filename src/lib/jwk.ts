/** A public key that signatures are checked with (RFC 7517, 7518, 8037), and nothing else of what may stand in a JWK. */
export type Jwk = { readonly kid?: string; readonly alg?: string } & (
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string }
  | { readonly kty: 'EC'; readonly crv: string; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: string; readonly x: string }
)

/** The most keys of one issuer that are taken; those in use have ten at the most. */
export const MAX_KEYS = 64

const CURVES: Readonly<Record<string, number>> = { 'P-256': 32, 'P-384': 48, 'P-521': 66 }

/**
 * Points of Ed25519 whose order divides 8: with such a key, one signature fits nearly every text. Each stands here
 * without its highest bit, in every encoding that decoders take (RFC 8032, section 5.1.3; the list is that of libsodium).
 */
const SMALL_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
])

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What base64url says, written in the one way in which it can be (RFC 7515, section 2); null: it is not. */
function bytesOf(value: unknown): Buffer | null {
  if (typeof value !== 'string' || value === '') return null
  const bytes = Buffer.from(value, 'base64url')
  return bytes.toString('base64url') === value ? bytes : null
}

function bitsOf(bytes: Buffer): number {
  const first = bytes[0] ?? 0
  return first === 0 ? 0 : bytes.length * 8 - Math.clz32(first) + 24
}

/** 2,048 bits at least (RFC 7518, section 3.3); beyond 8,192, or with a long exponent, checking would take too long. */
function rsaOf({ n, e }: Readonly<Record<string, unknown>>): Jwk | null {
  const [modulus, exponent] = [bytesOf(n), bytesOf(e)]
  if (modulus === null || exponent === null || typeof n !== 'string' || typeof e !== 'string') return null
  const bits = bitsOf(modulus)
  const isOdd = ((exponent.at(-1) ?? 0) & 1) === 1
  const isSound = bits >= 2048 && bits <= 8192 && isOdd && bitsOf(exponent) >= 2 && bitsOf(exponent) <= 32
  return isSound ? { kty: 'RSA', n, e } : null
}

function ecOf({ crv, x, y }: Readonly<Record<string, unknown>>): Jwk | null {
  if (typeof crv !== 'string' || typeof x !== 'string' || typeof y !== 'string') return null
  const size = Object.hasOwn(CURVES, crv) ? CURVES[crv] : undefined
  if (size === undefined || bytesOf(x)?.length !== size || bytesOf(y)?.length !== size) return null
  return { kty: 'EC', crv, x, y }
}

function okpOf({ crv, x }: Readonly<Record<string, unknown>>): Jwk | null {
  const point = bytesOf(x)
  if (crv !== 'Ed25519' || typeof x !== 'string' || point?.length !== 32) return null
  point.writeUInt8(point.readUInt8(31) & 0x7f, 31)
  return SMALL_ORDER.has(point.toString('hex')) ? null : { kty: 'OKP', crv, x }
}

const KINDS: Readonly<Record<string, (jwk: Readonly<Record<string, unknown>>) => Jwk | null>> = {
  RSA: rsaOf,
  EC: ecOf,
  OKP: okpOf,
}

/** Whether it says itself that it is for something else than checking signatures (RFC 7517, sections 4.2 and 4.3). */
function isForSignatures({ use, key_ops: operations }: Readonly<Record<string, unknown>>): boolean {
  if (use !== undefined && use !== 'sig') return false
  return operations === undefined || (Array.isArray(operations) && operations.includes('verify'))
}

/** A key that may check signatures; null: it is of another kind, for another use, too weak, or broken. */
function keyOf(value: unknown): Jwk | null {
  if (!isRecord(value) || !isForSignatures(value)) return null
  const { kty, kid, alg, d } = value
  // A private key that anybody can read signs for nobody.
  if (d !== undefined || typeof kty !== 'string' || !Object.hasOwn(KINDS, kty)) return null
  if ((kid !== undefined && typeof kid !== 'string') || (alg !== undefined && typeof alg !== 'string'))
    return null
  const key = KINDS[kty]?.(value) ?? null
  return key && { ...key, ...(kid !== undefined && { kid }), ...(alg !== undefined && { alg }) }
}

/**
 * The keys of a JWK Set (RFC 7517, section 5) that signatures may be checked with. Others in it are passed over, as the
 * RFC asks: a set may hold keys for encryption, or of kinds to come. A `kid` that stands twice counts for no key.
 * @returns null when it is no such set, or has more than `MAX_KEYS`
 */
export function keysOf(value: unknown): readonly Jwk[] | null {
  if (!isRecord(value) || !Array.isArray(value.keys) || value.keys.length > MAX_KEYS) return null
  const keys = value.keys.map(keyOf).filter((key) => key !== null)
  const isRepeated = ({ kid, alg, kty }: Jwk) =>
    kid !== undefined &&
    keys.filter((other) => other.kid === kid && other.kty === kty && other.alg === alg).length > 1
  return Object.freeze(keys.filter((key) => !isRepeated(key)).map((key) => Object.freeze(key)))
}
