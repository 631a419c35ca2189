import { createHmac, hkdfSync } from 'node:crypto'

/** Keeps keys that are made from the same secret for other purposes apart from these. */
const PURPOSE = 'minimax-gateway callback v1:'

/** The secret with which the callbacks of a user are signed: 43 characters of base64url; its text is the key. */
export type CallbackSecretOf = (userId: string) => string

/**
 * Makes a secret for each user out of one of the gateway's, by HKDF-SHA-256 (RFC 5869): nothing is stored, and who
 * knows one learns no other.
 * @param pepper the gateway's secret
 */
export function createCallbackSecrets(pepper: string | Buffer): CallbackSecretOf {
  return (userId) =>
    Buffer.from(hkdfSync('sha256', pepper, '', `${PURPOSE}${userId}`, 32)).toString('base64url')
}

/**
 * The signature of a body: `v1=` and the HMAC-SHA-256 of `<timestamp>.<body>` in hexadecimal. The time is signed too,
 * so that a receiver can refuse what somebody recorded and sends again.
 * @param timestamp seconds since the Unix epoch
 */
export function signatureOf(secret: string, timestamp: number, body: Buffer): string {
  return `v1=${createHmac('sha256', secret).update(`${timestamp}.`).update(body).digest('hex')}`
}
