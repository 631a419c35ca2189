import { describe, expect, it } from 'vitest'
import { newToken } from '../../src/auth/token.ts'
import { chat } from '../helpers/calls.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { postText, requestText, sendRaw } from '../helpers/wire.ts'

const PATH = '/v1/chat/completions'

/** Sends a call with these headers and nothing else to be known by. */
async function answerTo(gateway: TestGateway, headers: readonly string[], target = PATH) {
  const body = JSON.stringify(chat())
  const all = [
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'Connection: close',
    ...headers,
  ]
  return await sendRaw(gateway.url, requestText(`POST ${target}`, all, body))
}

/** How a token can be presented wrongly. */
const WRONG: [name: string, headers: (token: string) => string[], status: number][] = [
  ['absent', () => [], 401],
  ['empty', () => ['Authorization: '], 401],
  ['empty after the scheme', () => ['Authorization: Bearer '], 401],
  ['of another scheme', (token) => [`Authorization: Basic ${token}`], 401],
  ['without a scheme', (token) => [`Authorization: ${token}`], 401],
  ['after two spaces', (token) => [`Authorization: Bearer  ${token}`], 401],
  ['with a word after it', (token) => [`Authorization: Bearer ${token} x`], 401],
  ['in another case', (token) => [`Authorization: Bearer ${token.toUpperCase()}`], 401],
  ['of 10 KB', () => [`Authorization: Bearer ${'x'.repeat(10_240)}`], 401],
  ['cut short', (token) => [`Authorization: Bearer ${token.slice(0, -1)}`], 401],
  ['with a character more', (token) => [`Authorization: Bearer ${token}0`], 401],
  ['with NUL in it', (token) => [`Authorization: Bearer ${token}\0`], 400],
  ['twice', (token) => [`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`], 400],
  [
    'beside another',
    (token) => [`Authorization: Bearer ${token}`, `x-api-key: ${newToken('mmg').text}`],
    400,
  ],
  ['with SQL', (token) => [`Authorization: Bearer ${token}'--`], 401],
  ['that is all SQL', () => [`Authorization: Bearer '/**/or/**/'1'='1`], 401],
  ['with a wild card', () => ['Authorization: Bearer mmg_%'], 401],
  ['that is JSON', () => ['Authorization: Bearer {"$ne":null}'], 401],
]

describe('rows 4 and 5 of the checklist: a token that is', () => {
  it('presented wrongly is refused, without a word to MiniMax', async () => {
    await using gateway = await startGateway()
    const { token } = await gateway.token()
    for (const [name, headers, status] of WRONG) {
      expect((await answerTo(gateway, headers(token))).status, name).toBe(status)
    }
    expect((await answerTo(gateway, [], `${PATH}?token=${token}`)).status, 'in the query').toBe(401)
    expect(gateway.emulator.requests).toHaveLength(0)
    // The same token, presented rightly.
    expect((await answerTo(gateway, [`Authorization: Bearer ${token}`])).status).toBe(200)
  })

  it.each([
    '/admin/v1/tokens?user=',
    '/admin/v1/users?status=',
    '/admin/v1/requests?user=',
    '/admin/v1/requests?token=',
    '/admin/v1/requests?cursor=',
    '/admin/v1/tokens?cursor=',
    '/admin/v1/tokens/',
    '/admin/v1/users/',
  ])('SQL, a pattern or JSON in %s finds nothing of anybody', async (path) => {
    await using gateway = await startGateway()
    await gateway.token()
    for (const text of [
      "' or '1'='1",
      "x' union select * from users--",
      '%',
      '_',
      '{"$ne":null}',
      '"; drop table tokens;--',
    ]) {
      const answer = await fetch(`${gateway.adminUrl}${path}${encodeURIComponent(text)}`, {
        headers: { authorization: 'Bearer admin-token-of-the-tests-0123456789abcdef' },
      })
      const body = await answer.text()
      expect([200, 400, 404], `${text}: ${body}`).toContain(answer.status)
      if (answer.status === 200) expect(JSON.parse(body)).toMatchObject({ items: [] })
      expect(body).not.toContain('user-1')
    }
    expect(await gateway.admin('GET', '/admin/v1/users')).toMatchObject({ items: [{ id: 'user-1' }] })
  })
})

describe('row 6 of the checklist: guesses', () => {
  it('of one address are throttled, and leave good users alone', async () => {
    await using gateway = await startGateway({
      env: { AUTH_FAILURES_PER_MINUTE: '50', TRUSTED_PROXIES: '127.0.0.1/32' },
    })
    const { token } = await gateway.token()
    const from = async (address: string, credential: string) =>
      await sendRaw(
        gateway.url,
        postText(PATH, credential, chat(), [`X-Forwarded-For: ${address}`, 'Connection: close']),
      )
    const answers: Record<string, number> = {}
    const bodies = new Set<string>()
    for (let count = 0; count < 200; count++) {
      const guess = count % 2 === 0 ? newToken('mmg').text : `mmg_${count}`
      const { status, body } = await from('198.51.100.7', guess)
      answers[status] = (answers[status] ?? 0) + 1
      if (status === 401) bodies.add(body.toString().replaceAll(/[0-9a-f]{32}/g, 'ID'))
    }
    expect(answers).toEqual({ 401: 50, 429: 150 })
    // What was wrong with a guess is not said.
    expect(bodies.size).toBe(1)
    expect((await from('203.0.113.9', token)).status).toBe(200)
    expect(gateway.emulator.requests).toHaveLength(1)
  })
})
