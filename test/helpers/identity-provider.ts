import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SignJWT, exportJWK, type JWK } from 'jose'

/** A key of an identity provider. */
export interface ProviderKey {
  readonly kid: string
  readonly alg: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** The public half, as it is published. */
  readonly jwk: JWK & { readonly kid: string; readonly alg: string }
}

function pairOf(
  alg: string,
  bits: number,
): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  if (alg === 'EdDSA' || alg === 'Ed25519') return generateKeyPairSync('ed25519')
  if (alg.startsWith('ES')) {
    const curves: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }
    return generateKeyPairSync('ec', { namedCurve: curves[alg] ?? alg })
  }
  return generateKeyPairSync('rsa', { modulusLength: bits })
}

/** A new key. @param bits of RSA alone */
export async function newKey(alg: string, kid: string, bits = 2048): Promise<ProviderKey> {
  const { privateKey, publicKey } = pairOf(alg, bits)
  const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }
  return { kid, alg, privateKey, publicKey, jwk }
}

/** Signs as an identity provider does. */
export function signed(
  key: ProviderKey,
  claims: Record<string, unknown>,
  header: Record<string, unknown> = {},
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header })
    .sign(key.privateKey)
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** An identity provider on a socket of its own: discovery, keys, tokens. */
export interface IdentityProvider extends AsyncDisposable {
  /** What its tokens say in `iss`. */
  readonly issuer: string
  /** The keys that it publishes; tests change them. */
  keys: ProviderKey[]
  /** In place of the usual answer to a request for the keys; null: the usual one. */
  answer: Answer | null
  /** In place of the usual document of the issuer; null: the usual one. */
  document: unknown
  /** How often its keys were asked for. */
  readonly asked: number
  /** Signs with the first key, for an hour from `now` (milliseconds). */
  token(claims: Record<string, unknown>, now?: number): Promise<string>
}

/** Answers with JSON. */
export function json(response: ServerResponse, value: unknown): void {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(value))
}

/** Starts an identity provider with one key of ES256. */
export async function startIdentityProvider(): Promise<IdentityProvider> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const issuer = `http://127.0.0.1:${port}`
  const state = { asked: 0 }
  const provider: IdentityProvider = {
    issuer,
    keys: [await newKey('ES256', 'first')],
    answer: null,
    document: null,
    get asked() {
      return state.asked
    },
    async token(claims, now = Date.now()) {
      const [key] = provider.keys
      if (key === undefined) throw new Error('there is no key')
      const iat = Math.floor(now / 1000)
      return await signed(key, { iss: issuer, aud: 'gateway', iat, exp: iat + 3600, ...claims })
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  server.on('request', (request, response) => {
    if (request.url === '/.well-known/openid-configuration') {
      json(response, provider.document ?? { issuer, jwks_uri: `${issuer}/keys` })
      return
    }
    state.asked++
    if (provider.answer !== null) provider.answer(request, response)
    else json(response, { keys: provider.keys.map(({ jwk }) => jwk) })
  })
  return provider
}
