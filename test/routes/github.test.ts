import rateLimit from '@fastify/rate-limit'
import fastify from 'fastify'
import { describe, expect, it } from 'vitest'
import { SignatureError, type SignedReport } from '../../src/abuse/github.ts'
import { createFailureThrottle } from '../../src/auth/throttle.ts'
import { GatewayError } from '../../src/errors.ts'
import { githubRoutes, type GitHubRouteOptions } from '../../src/routes/github.ts'

const URL = '/webhooks/github-secret-scanning'
const LABEL = { token_raw: 'x', token_type: 'y', label: 'true_positive' } as const

async function aServer(more: Partial<GitHubRouteOptions> = {}) {
  const reports: SignedReport[] = []
  const errors: unknown[] = []
  const app = fastify()
  await app.register(rateLimit, { global: false })
  await app.register(githubRoutes, {
    scanning: {
      receive: async (report) => {
        reports.push(report)
        return [LABEL]
      },
    },
    flood: null,
    failures: createFailureThrottle(app, { max: 2 }),
    clock: { now: () => 0 },
    onError: (error) => errors.push(error),
    ...more,
  })
  const post = (payload: string | Buffer, headers: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url: URL, payload, headers })
  return { post, reports, errors }
}

const refusing = (error: Error): GitHubRouteOptions['scanning'] => ({
  receive: async () => Promise.reject(error),
})

describe('the route of GitHub', () => {
  it.each(['application/json', 'text/plain'])(
    'hands on the very bytes and both headers, of %s',
    async (type) => {
      const { post, reports } = await aServer()
      const body = '[ {"token": "é"}\n]'
      const answer = await post(body, {
        'content-type': type,
        'Github-Public-Key-Identifier': 'one',
        'Github-Public-Key-Signature': 'two',
      })
      expect([answer.statusCode, answer.json()]).toEqual([200, [LABEL]])
      expect(answer.headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-request-id': expect.any(String) as string,
      })
      expect(reports).toEqual([{ keyId: 'one', signature: 'two', body: Buffer.from(body) }])
    },
  )

  it('takes no more than a mebibyte', async () => {
    const { post, reports } = await aServer()
    const headers = { 'content-type': 'application/json' }
    expect((await post(Buffer.alloc(1024 * 1024 + 1), headers)).json()).toMatchObject({
      error: { code: 'body_too_large' },
    })
    expect(reports).toEqual([])
  })

  it('counts wrong signatures by address', async () => {
    const { post } = await aServer({ scanning: refusing(new SignatureError()) })
    const codes = []
    for (let index = 0; index < 4; index++) codes.push((await post('[]')).statusCode)
    expect(codes).toEqual([400, 400, 429, 429])
  })

  it('counts requests by address', async () => {
    const flood = async () => Promise.reject(new GatewayError('address_rate_limited'))
    const { post, reports } = await aServer({ flood })
    const answer = await post('[]')
    expect([answer.statusCode, answer.headers['retry-after'], reports]).toEqual([429, '60', []])
  })

  it('says nothing of what is not the caller’s fault', async () => {
    const { post, errors } = await aServer({ scanning: refusing(new Error('the store of ada is gone')) })
    const answer = await post('[]')
    expect(answer.statusCode).toBe(500)
    expect(answer.body).not.toContain('ada')
    expect(errors).toEqual([new Error('the store of ada is gone')])
  })
})
