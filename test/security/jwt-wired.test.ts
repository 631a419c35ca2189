import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isRecord, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { newKey, startIdentityProvider, type IdentityProvider } from '../helpers/identity-provider.ts'

let provider: IdentityProvider
let gateway: TestGateway
beforeEach(async () => {
  provider = await startIdentityProvider()
  const issuer = {
    name: 'acme',
    issuer: provider.issuer,
    audience: 'gateway',
    create_users: true,
    plan: 'free',
    end_user_claim: 'uid',
  }
  gateway = await startGateway({ env: { JWT_ISSUERS: JSON.stringify([issuer]) }, checksBooks: true })
  await gateway.admin('POST', '/admin/v1/plans', { id: 'free', prepaid: true, free_credit: '5' })
})
afterEach(async () => {
  await gateway.close()
  await provider[Symbol.asyncDispose]()
})

const chat = (headers: Record<string, string>) =>
  fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'MiniMax-M3', messages: [{ role: 'user', content: 'hello' }] }),
  })

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

async function items(path: string): Promise<readonly Record<string, unknown>[]> {
  const { items: found } = await gateway.admin('GET', path)
  return Array.isArray(found) ? found.filter(isRecord) : []
}

describe('a call with a token of the identity provider', () => {
  it('reaches MiniMax, makes its user, and is in the books under both', async () => {
    const answer = await chat(bearer(await provider.token({ sub: 'grace', uid: 'tab-1' })))
    expect(answer.status).toBe(200)
    await answer.text()
    const [row] = await items('/admin/v1/requests?user=acme.grace')
    expect(row).toMatchObject({ user: 'acme.grace', token: 'jwt_acme', outcome: 'ok' })
    const balance = await gateway.admin('GET', '/admin/v1/users/acme.grace/balance')
    expect(Number(balance.available)).toBeLessThan(5)
    expect(Number(balance.available)).toBeGreaterThan(4)
  })

  it('may come as x-api-key as well, and not beside another credential', async () => {
    const token = await provider.token({ sub: 'grace', uid: '1' })
    expect((await chat({ 'x-api-key': token })).status).toBe(200)
    const other = await provider.token({ sub: 'mallory', uid: '1' })
    const both = await chat({ ...bearer(token), 'x-api-key': other })
    expect(both.status).toBe(400)
  })

  it('made by 50 first calls at once makes one user, with one free credit', async () => {
    const tokens = await Promise.all(
      Array.from({ length: 50 }, (_, n) => provider.token({ sub: 'grace', uid: '1', jti: String(n) })),
    )
    const answers = await Promise.all(tokens.map((token) => chat(bearer(token))))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    await Promise.all(answers.map((answer) => answer.text()))
    expect((await items('/admin/v1/users')).filter(({ id }) => id === 'acme.grace')).toHaveLength(1)
    const credits = await items('/admin/v1/users/acme.grace/credits')
    expect(credits.filter(({ kind }) => kind === 'plan')).toHaveLength(1)
  })

  it('of a suspended user is refused with the next request', async () => {
    const token = await provider.token({ sub: 'grace', uid: '1' })
    await (await chat(bearer(token))).text()
    await gateway.admin('PATCH', '/admin/v1/users/acme.grace', { status: 'suspended' })
    expect((await chat(bearer(token))).status).toBe(403)
  })

  it('gets 503 and not 401 while the provider is down, and the gateway runs on', async () => {
    const { token } = await gateway.token()
    provider.answer = (_, response) => response.destroy()
    const answer = await chat(bearer(await provider.token({ sub: 'grace', uid: '1' })))
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('30')
    expect((await chat(bearer(token))).status).toBe(200)
  })

  it('leaves nothing of the token in logs, metrics and answers, whether it is taken or refused', async () => {
    const key = await newKey('ES256', 'strange')
    const good = await provider.token({ sub: 'grace', uid: '1', email: 'grace@example.com' })
    provider.keys = [key, ...provider.keys]
    const strange = await provider.token({ sub: 'grace', uid: '1', email: 'grace@example.com' })
    provider.keys = provider.keys.slice(1)
    const wrong = await provider.token({ sub: 'grace', uid: '1', aud: 'elsewhere' })
    const bodies: string[] = []
    for (const token of [good, strange, wrong, `${good.slice(0, -6)}AAAAAA`]) {
      bodies.push(await (await chat(bearer(token))).text())
      bodies.push(await (await fetch(`${gateway.url}/v1/models?token=${token}`)).text())
    }
    const metrics = await fetch(`${gateway.adminUrl}/metrics`)
    const seen = [...gateway.logLines, ...bodies, await metrics.text()].join('\n')
    for (const token of [good, strange, wrong]) {
      for (const part of token.split('.')) expect(seen).not.toContain(part.slice(0, 40))
    }
    expect(seen).not.toContain('grace@example.com')
    expect(seen).toContain('jwks_fetches_total{issuer="acme",result="ok"} 1')
    expect(seen).toMatch(/auth_attempts_total\{result="invalid"\} [1-9]/)
  })
})
