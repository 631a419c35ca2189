// What a backend does so that a page of its user can call the gateway: it makes a session token, which ends by itself.
const { GATEWAY_URL = 'http://127.0.0.1:8080', GATEWAY_TOKEN } = process.env

const answer = await fetch(`${GATEWAY_URL}/gateway/v1/session-tokens`, {
  method: 'POST',
  headers: { authorization: `Bearer ${GATEWAY_TOKEN}`, 'content-type': 'application/json' },
  body: JSON.stringify({ expires_in: '10m', operations: ['chat.*'], sub: 'visitor-1' }),
})
if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
const { token, expires_at: expiresAt } = await answer.json()
process.stdout.write(`until ${expiresAt}: ${token}\n`)
