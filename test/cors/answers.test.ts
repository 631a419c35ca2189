import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { chat, formFor } from '../helpers/calls.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { postText, requestText, sendRaw } from '../helpers/wire.ts'

const PAGE = 'https://app.example.com'
const FOREIGN = 'https://evil.example'

let gateway: TestGateway
let token: string

beforeAll(async () => {
  gateway = await startGateway({ env: { CORS_ORIGINS: PAGE } })
  token = (await gateway.token()).token
})

afterEach(() => gateway.emulator.reset())

afterAll(() => gateway.close())

interface Asked {
  readonly path?: string
  readonly method?: string
  readonly origin?: string
  readonly bearer?: string
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

/** Sends what a page sends, once its preflight was allowed. */
function ask({ path = '/v1/chat/completions', method = 'POST', ...given }: Asked = {}): Promise<Response> {
  const { origin = PAGE, bearer = token, body = chat(), headers = {} } = given
  const isForm = body instanceof FormData
  return fetch(gateway.url + path, {
    method,
    headers: {
      authorization: `Bearer ${bearer}`,
      ...(origin === '' ? {} : { origin }),
      ...(method === 'POST' && !isForm ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    ...(method === 'POST' ? { body: isForm ? body : JSON.stringify(body) } : {}),
  })
}

function expectReadable(answer: Response): void {
  expect(answer.headers.get('access-control-allow-origin')).toBe(PAGE)
  expect(answer.headers.get('vary')).toBe('Origin')
  expect(answer.headers.get('access-control-expose-headers')).toContain('x-request-id')
  expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
}

const ANSWERS: readonly (readonly [what: string, status: number, asked: Asked])[] = [
  ['an answer', 200, {}],
  ['a stream', 200, { body: chat({ stream: true }) }],
  ['the Anthropic dialect', 200, { path: '/anthropic/v1/messages', body: chat() }],
  ['an upload', 200, { path: '/v1/files/upload', body: formFor() }],
  ['a list of its own', 200, { path: '/v1/files/list?purpose=voice_clone', method: 'GET' }],
  ['the quota', 200, { path: '/v1/token_plan/remains', method: 'GET' }],
  ['whoever they are', 200, { path: '/gateway/v1/me', method: 'GET' }],
  ['their usage', 200, { path: '/gateway/v1/usage', method: 'GET' }],
  ['a query that is wrong', 400, { path: '/gateway/v1/usage?nothing=1', method: 'GET' }],
  ['an unknown token', 401, { bearer: 'mmg_unknown' }],
  ['an unknown token of its own address', 401, { path: '/gateway/v1/me', method: 'GET', bearer: 'mmg_no' }],
  ['a path that is none', 404, { path: '/v1/nothing' }],
  ['an object of nobody', 404, { path: '/v1/files/retrieve?file_id=99', method: 'GET' }],
  ['a body that is none', 400, { body: 'nothing' }],
  ['a body of another type', 415, { headers: { 'content-type': 'text/plain' } }],
  ['a failure of MiniMax', 502, { body: chat({ model: 'scenario:garbage' }) }],
]

describe('a page of a known origin can read', () => {
  it.each(ANSWERS)('%s', async (_what, status, asked) => {
    const answer = await ask(asked)
    await answer.arrayBuffer()
    expect(answer.status).toBe(status)
    expectReadable(answer)
  })

  it('the answer that it gets again', async () => {
    const headers = { 'idempotency-key': 'page-1' }
    await (await ask({ headers })).text()
    const again = await ask({ headers })
    await again.text()
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(again.headers.get('access-control-expose-headers')).toContain('idempotency-replayed')
    expectReadable(again)
  })

  it('a refusal for its rate, and when to come back', async () => {
    const { token: slow } = await gateway.token({ limits: { requests_per_minute: 1 } })
    await (await ask({ bearer: slow })).text()
    const answer = await ask({ bearer: slow })
    expect(answer.status).toBe(429)
    expect(answer.headers.get('retry-after')).not.toBeNull()
    expect(answer.headers.get('access-control-expose-headers')).toContain('retry-after')
    expectReadable(answer)
  })

  it('why its token may not be used there', async () => {
    const { token: bound } = await gateway.token({ origins: ['https://other.example'] })
    const answer = await ask({ bearer: bound })
    expect(answer.status).toBe(403)
    expect(await answer.text()).toContain('origin')
    expectReadable(answer)
    expect(gateway.emulator.requests).toEqual([])
  })

  it('a download, with its name', async () => {
    const form = new FormData()
    form.set('purpose', 't2a_async_input')
    form.set('file', new Blob(['some words']), 'words.txt')
    const uploaded: unknown = await (await ask({ path: '/v1/files/upload', body: form })).json()
    const id = /"file_id":"?(\d+)/.exec(JSON.stringify(uploaded))?.[1] ?? ''
    const answer = await ask({ path: `/v1/files/retrieve_content?file_id=${id}`, method: 'GET' })
    expect(await answer.text()).toBe('some words')
    expectReadable(answer)
  })

  it('every header of an answer, each being named', async () => {
    const { token: limited } = await gateway.token({
      limits: { requests_per_minute: 100, tokens_per_minute: 1e6 },
    })
    for (const path of ['/v1/chat/completions', '/anthropic/v1/messages']) {
      const answer = await ask({ path, bearer: limited })
      await answer.text()
      const readable = new Set([
        ...(answer.headers.get('access-control-expose-headers') ?? '').split(', '),
        // CORS-safelisted ones, those of CORS and of the connection itself, and two that say nothing to a page.
        ...['cache-control', 'content-length', 'content-type', 'x-content-type-options', 'date', 'vary'],
        ...['connection', 'keep-alive', 'transfer-encoding'],
      ])
      const names = [...answer.headers.keys()].filter((name) => !name.startsWith('access-control-'))
      expect(names.filter((name) => !readable.has(name))).toEqual([])
    }
  })
})

describe('a page of a foreign origin', () => {
  it.each(ANSWERS.filter(([, status]) => status === 200))(
    'gets no %s, and cannot read why',
    async (_what, _status, asked) => {
      const answer = await ask({ ...asked, origin: FOREIGN })
      expect(answer.status).toBe(403)
      expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([])
      expect(answer.headers.get('vary')).toBe('Origin')
      expect(gateway.emulator.requests).toEqual([])
    },
  )

  it.each([
    'null',
    '',
    `${PAGE} ${FOREIGN}`,
    `${PAGE}, ${PAGE}`,
    'https://app.example.com:443',
    'HTTPS://app.example.com',
  ])('is one whose Origin is %j', async (origin) => {
    const answer = await sendRaw(
      gateway.url,
      postText('/v1/chat/completions', token, chat(), [`Origin: ${origin}`]),
    )
    expect(answer.status).toBe(403)
    expect(answer.headers.get('access-control-allow-origin')).toBeUndefined()
    expect(gateway.emulator.requests).toEqual([])
  })
})

describe('a client that is no page', () => {
  it('gets an answer without any header for pages', async () => {
    const answer = await ask({ origin: '' })
    await answer.text()
    expect(answer.status).toBe(200)
    expect(answer.headers.get('vary')).toBeNull()
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([])
  })

  it('is refused with a token that is bound to origins', async () => {
    const { token: bound } = await gateway.token({ origins: [PAGE] })
    expect((await ask({ origin: '', bearer: bound })).status).toBe(403)
    expect((await ask({ bearer: bound })).status).toBe(200)
  })

  it('gets each header of an answer once, where it sends an Origin, too', async () => {
    const text = postText('/v1/chat/completions', token, chat(), [`Origin: ${PAGE}`])
    const answer = await sendRaw(gateway.url, text)
    expect([...answer.headers].filter(([, values]) => values.length > 1)).toEqual([])
  })
})

describe('what is no call', () => {
  it('is as it is for everybody', async () => {
    const answer = await sendRaw(gateway.url, requestText('GET /livez', [`Origin: ${FOREIGN}`]))
    expect(answer.status).toBe(200)
    expect(answer.headers.get('access-control-allow-origin')).toBeUndefined()
  })
})
