import { exportJWK, generateKeyPair, SignJWT } from 'jose'

/** An identity provider without a server: its key stands in the gateway's settings. */
export interface Issuer {
  /** What JWT_ISSUERS says of it. @param user in whose name all its tokens call; they name end users of that user */
  setting(user: string): object
  /** A token that lasts longer than a benchmark. @param endUser whom it names */
  token(endUser: string): Promise<string>
}

const ISSUER = 'https://id.example.com'
const AUDIENCE = 'minimax-gateway'

/** Makes a key of RS256, as most providers sign. */
export async function newIssuer(): Promise<Issuer> {
  const { publicKey, privateKey } = await generateKeyPair('RS256')
  const jwk = { ...(await exportJWK(publicKey)), kid: 'bench', alg: 'RS256', use: 'sig' }
  return {
    setting: (user) => ({ name: 'bench', issuer: ISSUER, audience: AUDIENCE, user, jwks: { keys: [jwk] } }),
    token: (endUser) =>
      new SignJWT({})
        .setProtectedHeader({ alg: 'RS256', kid: 'bench' })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(endUser)
        .setIssuedAt()
        .setExpirationTime('2h')
        .sign(privateKey),
  }
}
