import { createHmac } from 'node:crypto'

/** How secrets begin that are written in base64. */
const MARK = 'whsec_'

/** The bytes of a secret: what stands in base64 after `whsec_`, or any other text as it is. */
function keyOf(secret: string): Buffer {
  return secret.startsWith(MARK) ? Buffer.from(secret.slice(MARK.length), 'base64') : Buffer.from(secret)
}

/**
 * The value of `webhook-signature` for a message, as Standard Webhooks 1.0 says (standardwebhooks.com): `v1,` and the HMAC-SHA-256, in
 * base64, of `<id>.<timestamp>.<body>`.
 * @param id of the message, the same at every try
 * @param timestamp of this try, in seconds since the Unix epoch
 */
export function webhookSignature(secret: string, id: string, timestamp: number, body: string): string {
  const digest = createHmac('sha256', keyOf(secret)).update(`${id}.${timestamp}.${body}`).digest('base64')
  return `v1,${digest}`
}
