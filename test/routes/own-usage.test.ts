import rateLimit from '@fastify/rate-limit'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createFailureThrottle } from '../../src/auth/throttle.ts'
import { GatewayError } from '../../src/errors.ts'
import { Metrics } from '../../src/metrics/metrics.ts'
import { ownRoutes, type OwnRoutesOptions } from '../../src/routes/own.ts'
import { createPublicServer } from '../../src/routes/public.ts'
import { aHouse, START } from '../auth/helper.ts'
import { aTotal, fakeLedger } from '../helpers/ledger.ts'

const HOUR = 3_600_000

const reserve: OwnRoutesOptions['limiter']['reserve'] = (_demand, done) => done(null, null)

/** The user's own API over a store in memory with the users `ada` and `eve`, each with a token. */
async function aServer(options: Partial<OwnRoutesOptions> = {}, failuresPerMinute = 100) {
  const house = await aHouse()
  const { authenticator, clock, tokens, users } = house
  await users.add({ id: 'eve' })
  const ledger = fakeLedger([], [aTotal('MiniMax-M3', { list: 123_000n, charged: 49_200n })])
  const app = createPublicServer({ headersTimeout: 1000, maxConnections: 10, trustedProxies: [] }, clock)
  onTestFinished(() => app.close())
  await app.register(rateLimit, { global: false })
  const onError = vi.fn<OwnRoutesOptions['onError']>()
  const metrics = new Metrics()
  await app.register(ownRoutes, {
    authenticator,
    clock,
    ledger,
    metrics,
    onError,
    flood: null,
    used: () => undefined,
    watch: { observe: () => undefined, refused: () => undefined },
    failures: createFailureThrottle(app, { max: failuresPerMinute }),
    isDraining: () => false,
    limiter: { standing: () => Promise.reject(new Error('nobody asks')), reserve },
    sessions: house.sessions,
    redeem: () => Promise.reject(new Error('nobody asks')),
    currency: 'USD',
    ...options,
  })
  const ada = await tokens.create('ada', { operations: ['files.list'] })
  const eve = await tokens.create('eve')

  async function usage(headers: Record<string, string>, query = '') {
    const answer = await app.inject({ url: `/gateway/v1/usage${query}`, headers })
    return {
      status: answer.statusCode,
      headers: answer.headers,
      body: answer.json<unknown>(),
      text: answer.body,
    }
  }
  return { house, app, ledger, onError, metrics, ada, eve, usage }
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

afterEach(() => void vi.restoreAllMocks())

describe("a user's own usage", () => {
  it('is added up by model over the last 30 days, whatever the token may do', async () => {
    const { usage, ada, ledger } = await aServer()
    const { status, body, headers } = await usage(bearer(ada.token))
    expect([status, body]).toEqual([
      200,
      {
        items: [
          {
            model: 'MiniMax-M3',
            requests: 3,
            failures: 1,
            estimated: 1,
            usage: { input_tokens: 30, audio_seconds: 1.5 },
            list_price: '0.000123',
            charged: '0.0000492',
            currency: 'USD',
          },
        ],
        from: '2025-12-02T00:00:00.000Z',
        to: '2026-01-01T01:00:00.000Z',
        group_by: 'model',
      },
    ])
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'x-request-id': expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      'content-type': expect.stringContaining('application/json') as string,
    })
    expect(ledger.asked).toEqual([
      { groupBy: 'model', userId: 'ada', from: START - 30 * 24 * HOUR, to: START + HOUR },
    ])
  })

  it.each(['model', 'operation', 'modality', 'token'])('is added up by %s', async (group) => {
    const { usage, eve, ledger } = await aServer()
    const { body } = await usage(
      { 'x-api-key': eve.token },
      `?group_by=${group}&from=2025-12-31&to=2026-01-01`,
    )
    expect(body).toMatchObject({ items: [{ [group]: 'MiniMax-M3' }], group_by: group })
    expect(ledger.asked).toEqual([{ groupBy: group, userId: 'eve', from: START - 24 * HOUR, to: START }])
  })

  it.each([
    ['user=eve', 'user'],
    ['user_id=eve', 'user_id'],
    ['userId=eve', 'userId'],
    ['token=00000000000A', 'token'],
    ['group_by=user', 'group_by'],
    ['group_by=user&group_by=model', 'group_by'],
    ['from=x', 'from'],
    ['from=2026-01-01&to=2025-01-01', 'from'],
    ['__proto__=x', '__proto__'],
  ])('is never asked for with %s', async (query, path) => {
    const { usage, ada, ledger } = await aServer()
    const { status, body } = await usage(bearer(ada.token), `?${query}`)
    expect([status, body]).toMatchObject([400, { error: { code: 'invalid_query', path } }])
    expect(ledger.asked).toEqual([])
  })

  it('is told to several callers at once, each their own', async () => {
    const { usage, ada, eve, ledger } = await aServer()
    const callers = [ada, eve, ada, eve, eve, ada, eve, ada]
    await Promise.all(callers.map(({ token }) => usage(bearer(token))))
    const whose = ledger.asked.map(({ userId }) => userId ?? 'everybody').sort()
    expect(whose).toEqual([...Array<string>(4).fill('ada'), ...Array<string>(4).fill('eve')])
  })

  it('is added up four times at a time, and again when these are answered', async () => {
    const held = Promise.withResolvers<never[]>()
    const ledger = { usage: vi.fn(() => held.promise), usageOfEndUsers: () => held.promise }
    const { usage, ada, eve } = await aServer({ ledger })
    const four = Array.from({ length: 4 }, () => usage(bearer(ada.token)))
    await vi.waitFor(() => expect(ledger.usage).toHaveBeenCalledTimes(4))
    const { status, headers, body } = await usage(bearer(ada.token))
    expect([status, headers['retry-after'], body]).toMatchObject([
      503,
      '1',
      { error: { code: 'overloaded' } },
    ])
    const other = usage(bearer(eve.token))
    await vi.waitFor(() => expect(ledger.usage).toHaveBeenCalledTimes(5))
    held.resolve([])
    expect((await Promise.all([...four, other])).map((answer) => answer.status)).toEqual(Array(5).fill(200))
    expect((await usage(bearer(ada.token))).status).toBe(200)
  })
})

describe('a caller who may not ask', () => {
  it.each<[string, Record<string, string>, number, string]>([
    ['without a token', {}, 401, 'token_missing'],
    ['with a wrong token', bearer('mmg_nothing'), 401, 'token_invalid'],
    ['with another scheme', { authorization: 'Basic YTpi' }, 401, 'token_invalid'],
    ['with two tokens', { ...bearer('a'), 'x-api-key': 'b' }, 400, 'ambiguous_credentials'],
  ])('%s is refused before the query is looked at', async (_, headers, expected, code) => {
    const { usage, ledger } = await aServer()
    const { status, body, headers: answered } = await usage(headers, '?group_by=nonsense')
    expect([status, body]).toEqual([expected, { error: { code, message: expect.any(String) as string } }])
    expect(answered).toMatchObject({
      'cache-control': 'no-store',
      'x-request-id': expect.any(String) as string,
    })
    expect(answered['www-authenticate']).toBe(expected === 401 ? 'Bearer' : undefined)
    expect(ledger.asked).toEqual([])
  })

  it('because the token is revoked or the user suspended is told so', async () => {
    const { usage, house, ada, eve } = await aServer()
    await house.tokens.revoke(ada.record.id)
    await house.users.update('eve', { status: 'suspended' })
    expect((await usage(bearer(ada.token))).body).toMatchObject({ error: { code: 'token_revoked' } })
    expect((await usage(bearer(eve.token))).body).toMatchObject({ error: { code: 'user_suspended' } })
  })

  it('is shut out when it guesses too often, and is counted', async () => {
    const { usage, metrics } = await aServer({}, 2)
    const answers = []
    for (const guess of ['a', 'b', 'c']) answers.push(await usage(bearer(guess)))
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 429])
    expect(answers[2]?.headers['retry-after']).toBe('60')
    const { text } = await metrics.exposition()
    expect(text).toMatch(/auth_attempts_total\{result="throttled"\} 1/)
  })

  it('because its address asks too often is refused before its token is looked at', async () => {
    const { usage, ada, metrics } = await aServer({
      flood: () => Promise.reject(new GatewayError('address_rate_limited')),
    })
    const { status, body } = await usage(bearer(ada.token))
    expect([status, body]).toMatchObject([429, { error: { code: 'address_rate_limited' } }])
    expect((await metrics.exposition()).text).toMatch(/auth_attempts_total\{result="ok"\} 0/)
  })

  it('because the gateway is restarting is told when to come back', async () => {
    const { usage, ada } = await aServer({ isDraining: () => true })
    const { status, headers } = await usage(bearer(ada.token))
    expect([status, headers['retry-after']]).toEqual([503, '5'])
  })

  it('because it sends a body is refused, and its connection ends', async () => {
    const { app, ada } = await aServer()
    const answer = await app.inject({ url: '/gateway/v1/usage', headers: bearer(ada.token), payload: '{}' })
    expect([answer.statusCode, answer.headers.connection]).toEqual([400, 'close'])
  })
})

describe('a fault of the gateway itself', () => {
  it('is told to the operator with the id of the request, and not to the caller', async () => {
    const fault = new Error('secret path /var/lib/x')
    const { usage, ada, onError } = await aServer({
      ledger: { usage: () => Promise.reject(fault), usageOfEndUsers: () => Promise.reject(fault) },
    })
    const { status, text, headers } = await usage(bearer(ada.token))
    expect(status).toBe(500)
    expect(text).not.toContain('secret')
    expect(onError.mock.calls).toEqual([[fault, headers['x-request-id']]])
  })
})
