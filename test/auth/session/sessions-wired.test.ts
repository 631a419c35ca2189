import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { chat, CHAT_PATH, post } from '../../helpers/calls.ts'
import { isRecord, startGateway, type TestGateway } from '../../helpers/gateway.ts'
import { listOf } from '../../limits/limited.ts'

const SESSIONS = '/gateway/v1/session-tokens'
const ORIGIN = 'https://page.example.com'

const errorOf = async (answer: Response): Promise<unknown> => {
  const body: unknown = await answer.json()
  return isRecord(body) && isRecord(body.error) ? body.error : body
}

/** What a body says, as an object. */
async function record(answer: Response): Promise<Record<string, unknown>> {
  const body: unknown = await answer.json()
  if (!isRecord(body)) throw new Error('not an object')
  return body
}

async function textOf(body: Record<string, unknown>, name: string): Promise<string> {
  const text = body[name]
  if (typeof text !== 'string') throw new Error(`no ${name} in ${JSON.stringify(body)}`)
  return Promise.resolve(text)
}

describe('a session token', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({ env: { CORS_ORIGINS: ORIGIN } })
  })
  afterAll(() => gateway.close())

  /** Has one made with a server token. */
  async function session(token: string, asked: Record<string, unknown> = {}): Promise<string> {
    const answer = await post(gateway.url, token, SESSIONS, asked)
    expect(answer.status).toBe(201)
    return await textOf(await record(answer), 'token')
  }

  const get = (path: string, token: string): Promise<Response> =>
    fetch(`${gateway.url}${path}`, { headers: { authorization: `Bearer ${token}` } })

  it('is made with a server token, says what it is, and calls MiniMax', async () => {
    const { id, token } = await gateway.token()
    const asked = { expires_in: '10m', operations: ['chat.*'], sub: 'eve', max_calls: 5, max_spend: '0.5' }
    const answer = await post(gateway.url, token, SESSIONS, asked)
    expect(answer.status).toBe(201)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const made = await record(answer)
    expect(made).toMatchObject({
      user_id: 'user-1',
      parent: id,
      sub: 'eve',
      operations: ['chat.*'],
      models: null,
      origins: null,
      cidrs: null,
      max_calls: 5,
      limits: { budgets: [{ amount: '0.5', period: 'total', hard: true }] },
    })
    const text = await textOf(made, 'token')
    expect(text).toMatch(/^mmgs_[\w-]+\.[\w-]{43}$/)
    const lifetime = Date.parse(await textOf(made, 'expires_at')) - Date.now()
    expect(lifetime).toBeGreaterThan(590_000)
    expect(lifetime).toBeLessThanOrEqual(600_000)
    const completion = await post(gateway.url, text, CHAT_PATH, chat())
    expect(completion.status).toBe(200)
    await completion.text()
    const me = await record(await get('/gateway/v1/me', text))
    expect(me).toMatchObject({
      user: 'user-1',
      token: id,
      kind: 'session',
      session: made.id,
      end_user: 'eve',
      expires_at: made.expires_at,
    })
    const budgets = isRecord(me.limits) ? listOf(me.limits.budgets) : []
    expect(budgets).toContainEqual(
      expect.objectContaining({ of: 'session', unit: 'calls', limit: 5, used: 1, held: 0, left: 4 }),
    )
    expect(budgets).toContainEqual(expect.objectContaining({ of: 'session', unit: null, limit: '0.5' }))
  })

  it('is made by the operator, of the newest token', async () => {
    const { id } = await gateway.token({}, 'operated')
    const made = await gateway.admin('POST', '/admin/v1/users/operated/session-tokens', { expires_in: 60 })
    expect(made).toMatchObject({ user_id: 'operated', parent: id, sub: null, limits: null, max_calls: null })
    const answer = await post(gateway.url, await textOf(made, 'token'), CHAT_PATH, chat())
    expect(answer.status).toBe(200)
    await answer.text()
  })

  it('is nothing that the operator can have made for who has no token', async () => {
    await gateway.admin('POST', '/admin/v1/users', { id: 'tokenless' })
    const asked = gateway.admin('POST', '/admin/v1/users/tokenless/session-tokens', {})
    await expect(asked).rejects.toThrow(/409.*Issue one first/)
  })

  it.each<[string, Record<string, unknown>, string]>([
    ['operations', { operations: ['speech.sync'] }, 'operations[0]'],
    ['all operations', { operations: ['*'] }, 'operations[0]'],
    ['models', { models: ['MiniMax-M2'] }, 'models[0]'],
    ['origins', { origins: ['https://evil.example.com'] }, 'origins[0]'],
    ['networks', { cidrs: ['192.0.2.0/24'] }, 'cidrs[0]'],
    ['time', { expires_in: '61m' }, 'expires_in'],
    ['time that is none', { expires_in: 'soon' }, 'expires_in'],
    ['calls', { max_calls: 0 }, 'max_calls'],
    ['calls that are a text', { max_calls: '5' }, 'max_calls'],
    ['money', { max_spend: '-1' }, 'max_spend'],
    ['money that is a number', { max_spend: 1 }, 'max_spend'],
    ['an end user with a space', { sub: 'a b' }, 'sub'],
    ['an end user without a name', { sub: '' }, 'sub'],
    ['the same limit twice', { concurrency: 1, limits: { concurrency: 2 } }, 'concurrency'],
    ['limits of models', { limits: { models: {} } }, 'limits.models'],
    ["somebody else's id", { user_id: 'root' }, 'user_id'],
    ['another kind', { kind: 'server' }, 'kind'],
    ['another parent', { token: '000000000000' }, 'token'],
    ['a multiplier', { multiplier: '0' }, 'multiplier'],
    ['credit', { prepaid: false }, 'prepaid'],
  ])('cannot be asked for more than its parent has: %s', async (_, asked, path) => {
    const { token } = await gateway.token({
      operations: ['chat.*'],
      models: ['MiniMax-M3'],
      cidrs: ['127.0.0.0/8', '::1'],
    })
    const answer = await post(gateway.url, token, SESSIONS, asked)
    expect(answer.status).toBe(400)
    expect(await errorOf(answer)).toMatchObject({ code: 'invalid_request', path })
  })

  it('makes no other one, and redeems nothing', async () => {
    const { token } = await gateway.token()
    const text = await session(token)
    for (const [path, body] of [
      [SESSIONS, {}],
      [SESSIONS, { nonsense: 1 }],
      ['/gateway/v1/redemptions', { code: 'MMGC-0000' }],
    ] as const) {
      const answer = await post(gateway.url, text, path, body)
      expect(answer.status).toBe(403)
      expect(await errorOf(answer)).toMatchObject({ code: 'operation_forbidden' })
    }
  })

  it('may ask what it used', async () => {
    const { token } = await gateway.token()
    expect((await get('/gateway/v1/usage', await session(token, { sub: 'eve' }))).status).toBe(200)
  })

  it('is refused where it is bound to operations, models, origins or networks that are others', async () => {
    const { token } = await gateway.token()
    const codes = []
    for (const rules of [
      { operations: ['speech.sync'] },
      { models: ['MiniMax-M2'] },
      { origins: [ORIGIN] },
      { cidrs: ['192.0.2.0/24'] },
    ]) {
      const answer = await post(gateway.url, await session(token, rules), CHAT_PATH, chat())
      expect(answer.status).toBe(403)
      codes.push(await errorOf(answer))
    }
    expect(codes).toMatchObject([
      { code: 'operation_forbidden' },
      { code: 'model_forbidden' },
      { code: 'origin_forbidden' },
      { code: 'address_forbidden' },
    ])
  })

  it('bound to a page is taken from it alone', async () => {
    const { token } = await gateway.token()
    const text = await session(token, { origins: [ORIGIN] })
    for (const [origin, status] of [
      [ORIGIN, 200],
      ['https://evil.example.com', 403],
    ] as const) {
      const answer = await post(gateway.url, text, CHAT_PATH, chat(), { headers: { origin } })
      await answer.text()
      expect(answer.status).toBe(status)
    }
  })

  it('with another claim, or from another gateway, is none', async () => {
    const { token } = await gateway.token()
    const text = await session(token)
    const [payload = '', mac = ''] = text.slice('mmgs_'.length).split('.')
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
    if (!isRecord(claims)) throw new Error('no claims')
    const forged = (changed: Record<string, unknown>) =>
      `mmgs_${Buffer.from(JSON.stringify({ ...claims, ...changed })).toString('base64url')}.${mac}`
    await using other = await startGateway()
    const { token: foreign } = await other.token()
    const foreignSession = await record(await post(other.url, foreign, SESSIONS, {}))
    const all = [
      forged({ exp: Number(claims.exp) + 3_600_000 }),
      forged({ u: 'root' }),
      forged({ ops: ['*'] }),
      forged({}).replace(mac, ''),
      `mmgs_${payload}.${mac.slice(0, -1)}`,
      `mmg_${payload}.${mac}`,
      await textOf(foreignSession, 'token'),
    ]
    for (const credential of all) {
      const answer = await post(gateway.url, credential, CHAT_PATH, chat())
      expect([answer.status, await errorOf(answer)]).toMatchObject([401, { code: 'token_invalid' }])
    }
  })

  it('is taken by every channel of a WebSocket', async () => {
    const { token } = await gateway.token()
    const text = await session(token, { sub: 'eve' })
    const url = `${gateway.url.replace('http', 'ws')}/ws/v1/t2a_v2`
    for (const socket of [
      new WebSocket(url, [`mmg.token.${text}`]),
      new WebSocket(`${url}?token=${text}`),
      new WebSocket(url, { headers: { authorization: `Bearer ${text}` } }),
    ]) {
      await new Promise((resolve, reject) => {
        socket.once('open', resolve)
        socket.once('error', reject)
      })
      socket.terminate()
    }
  })

  it('ends when its parent is revoked: its stream within two seconds, its next call at once', async () => {
    const { id, token } = await gateway.token()
    const text = await session(token)
    const answer = await post(gateway.url, text, CHAT_PATH, chat({ model: 'scenario:stall@2', stream: true }))
    expect(answer.status).toBe(200)
    const read = answer.text().catch(() => 'cut')
    const started = performance.now()
    await gateway.admin('DELETE', `/admin/v1/tokens/${id}`)
    const next = await post(gateway.url, text, CHAT_PATH, chat())
    expect(next.status).toBe(401)
    expect(performance.now() - started).toBeLessThan(1_000)
    await next.text()
    expect(await read).toMatch(/revoked|cut/)
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  it('is in no log, wherever it was sent', async () => {
    const { token } = await gateway.token()
    const text = await session(token)
    await (await post(gateway.url, text, CHAT_PATH, chat({ model: text }))).text()
    await (await post(gateway.url, 'x', CHAT_PATH, chat({ model: text }))).text()
    const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmF0dXJlb2Zzb21lYm9keQ'
    await (await post(gateway.url, token, CHAT_PATH, chat({ model: jwt }))).text()
    const log = gateway.logLines.join('')
    expect(log).toContain('mmgs_***')
    expect(log).toContain('eyJ***')
    for (const part of [...text.slice('mmgs_'.length).split('.'), ...jwt.split('.').slice(1)]) {
      expect(log).not.toContain(part.slice(0, 20))
    }
  })
})

describe('the limits of a session', () => {
  let gateway: TestGateway
  beforeAll(async () => {
    gateway = await startGateway({ checksBooks: true })
  })
  afterAll(() => gateway.close())

  const IMAGE = { model: 'image-01', prompt: 'a cat', n: 1 }
  const PATH = '/v1/image_generation'

  async function session(asked: Record<string, unknown>): Promise<string> {
    const { token } = await gateway.token()
    return await textOf(await record(await post(gateway.url, token, SESSIONS, asked)), 'token')
  }

  const statusesOf = (answers: readonly Response[]): Promise<readonly number[]> =>
    Promise.all(answers.map(async (answer) => (await answer.text(), answer.status)))

  const parallel = async (token: string): Promise<readonly number[]> =>
    await statusesOf(
      await Promise.all(Array.from({ length: 50 }, () => post(gateway.url, token, PATH, IMAGE))),
    )

  it('let exactly so many of 50 parallel calls in: calls', async () => {
    const token = await session({ max_calls: 7 })
    const statuses = await parallel(token)
    expect(statuses.filter((status) => status === 200)).toHaveLength(7)
    expect(statuses.filter((status) => status === 402)).toHaveLength(43)
    const after = await post(gateway.url, token, PATH, IMAGE)
    expect(after.status).toBe(402)
    await after.text()
    // What is asked of the gateway itself is no call.
    const me = await fetch(`${gateway.url}/gateway/v1/usage`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(me.status).toBe(200)
  })

  it('let exactly so many of 50 parallel calls in: money', async () => {
    const free = await post(gateway.url, (await gateway.token({}, 'unlimited')).token, PATH, IMAGE)
    await free.text()
    const price = Number(free.headers.get('x-gateway-charged'))
    const token = await session({ max_spend: (6.5 * price).toFixed(9) })
    const statuses = await parallel(token)
    expect(statuses.filter((status) => status === 200)).toHaveLength(6)
    expect(statuses.filter((status) => status === 402)).toHaveLength(44)
  })

  it('let no more than so many of 50 parallel calls run at a time', async () => {
    const token = await session({ concurrency: 3 })
    const model = 'scenario:stall@2'
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => post(gateway.url, token, CHAT_PATH, chat({ model, stream: true }))),
    )
    const open = answers.filter(({ status }) => status === 200)
    expect(open).toHaveLength(3)
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(47)
    for (const answer of answers) await answer.body?.cancel()
  })

  it('leave those of its token in force', async () => {
    const { token } = await gateway.token({ limits: { requests_per_minute: 3 } })
    const one = await textOf(await record(await post(gateway.url, token, SESSIONS, {})), 'token')
    const other = await textOf(await record(await post(gateway.url, token, SESSIONS, {})), 'token')
    const statuses = []
    for (const credential of [one, other]) {
      const answer = await post(gateway.url, credential, PATH, IMAGE)
      await answer.text()
      statuses.push(answer.status)
    }
    // Two of the three went into the making of the sessions.
    expect(statuses).toEqual([200, 429])
  })
})
