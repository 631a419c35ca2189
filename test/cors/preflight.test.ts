import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startGateway, requestLines, type TestGateway } from '../helpers/gateway.ts'
import { requestText, sendRaw, until, type WireAnswer } from '../helpers/wire.ts'

const PAGE = 'https://app.example.com'
const OF_TOKEN = 'http://localhost:5173'

let gateway: TestGateway

beforeAll(async () => {
  gateway = await startGateway({ env: { CORS_ORIGINS: PAGE } })
  await gateway.token({ origins: [OF_TOKEN] })
})

afterEach(() => {
  expect(gateway.emulator.requests).toEqual([])
})

afterAll(() => gateway.close())

function ask(path: string, headers: readonly string[]): Promise<WireAnswer> {
  return sendRaw(gateway.url, requestText(`OPTIONS ${path}`, [...headers, 'Connection: close']))
}

function preflight(origin: string, method = 'POST', path = '/v1/chat/completions'): Promise<WireAnswer> {
  return ask(path, [`Origin: ${origin}`, `Access-Control-Request-Method: ${method}`])
}

const corsHeaders = ({ headers }: WireAnswer): string[] =>
  [...headers.keys()].filter((name) => name.startsWith('access-control-'))

describe('a preflight of a known origin', () => {
  it.each([PAGE, OF_TOKEN])('is answered for %s, exactly', async (origin) => {
    const answer = await preflight(origin)
    expect(answer.status).toBe(204)
    expect(answer.body.length).toBe(0)
    expect(answer.headers.get('access-control-allow-origin')).toEqual([origin])
    expect(answer.headers.get('vary')).toEqual([
      'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
    ])
    expect(answer.headers.get('access-control-allow-credentials')).toBeUndefined()
    expect(answer.headers.get('access-control-allow-private-network')).toBeUndefined()
    expect(answer.head).not.toContain('*')
  })

  it.each([
    ['/v1/chat/completions', 'POST', 'POST'],
    ['/anthropic/v1/messages', 'POST', 'POST'],
    ['/v1/text/chatcompletion_v2?GroupId=1', 'POST', 'POST'],
    ['/v1/models', 'GET', 'GET'],
    ['/v1/models/MiniMax-M3', 'GET', 'GET'],
    ['/v1/files/upload', 'POST', 'POST'],
    ['/v1/files/retrieve_content?file_id=1', 'GET', 'GET'],
    ['/v2/video_generation', 'POST', 'POST'],
    ['/gateway/v1/me', 'GET', 'GET'],
    ['/gateway/v1/usage?group_by=model', 'GET', 'GET'],
    ['/gateway/v1/redemptions', 'POST', 'POST'],
  ])('names the methods of %s alone', async (path, method, allowed) => {
    const answer = await preflight(PAGE, method, path)
    expect(answer.status).toBe(204)
    expect(answer.headers.get('access-control-allow-methods')?.[0]).toBe(allowed)
  })

  it('lets the headers in that SDKs send, and no others', async () => {
    const allowed = (await preflight(PAGE)).headers.get('access-control-allow-headers')?.[0]?.split(', ')
    expect(allowed).toEqual(
      expect.arrayContaining(['authorization', 'x-api-key', 'content-type', 'idempotency-key', 'user-agent']),
    )
    for (const name of ['cookie', 'x-forwarded-for', 'range', 'host', 'x-emulator-scenario'])
      expect(allowed).not.toContain(name)
  })

  it('is no call: no row, no log line, no metric', async () => {
    const before = requestLines(gateway).length
    await preflight(PAGE)
    expect(requestLines(gateway)).toHaveLength(before)
    expect(await gateway.admin('GET', '/admin/v1/requests')).toMatchObject({ items: [] })
  })

  it('keeps the connection', async () => {
    const text = requestText('OPTIONS /v1/models', [`Origin: ${PAGE}`, 'Access-Control-Request-Method: GET'])
    const answer = await sendRaw(gateway.url, text)
    expect(answer.headers.get('connection')?.[0]).not.toBe('close')
  })
})

describe('a preflight is refused without any header for pages', () => {
  it.each([
    ['of a foreign origin', 'https://evil.example', 403],
    ['of an origin in capitals', 'https://App.example.com', 403],
    ['with a dot behind the host', 'https://app.example.com.', 403],
    ['with the usual port', 'https://app.example.com:443', 403],
    ['with another port', 'https://app.example.com:8443', 403],
    ['of another scheme', 'http://app.example.com', 403],
    ['of a host that only begins so', 'https://app.example.com.evil.example', 403],
    ['of a host that only ends so', 'https://evil-app.example.com', 403],
    ['with a path', 'https://app.example.com/', 403],
    ['with a user', 'https://app.example.com@evil.example', 403],
    ['of a document without an origin', 'null', 403],
    ['of several origins', `${PAGE} ${OF_TOKEN}`, 403],
    ['of several origins in a list', `${PAGE}, ${OF_TOKEN}`, 403],
    ['of every origin', '*', 403],
    ['of an empty origin', '', 403],
    ['of a name that is not in ASCII', 'https://\u00e4pp.example.com', 403],
  ])('%s', async (_name, origin, status) => {
    const answer = await preflight(origin)
    expect(answer.status).toBe(status)
    expect(corsHeaders(answer)).toEqual([])
    expect(answer.headers.get('vary')?.[0]).toBe('Origin')
    expect(answer.body.toString()).toContain('error')
  })

  it.each([
    ['a path that is none', 'POST', '/v1/nothing'],
    ['a method that the path has not', 'DELETE', '/v1/chat/completions'],
    ['a method in small letters', 'post', '/v1/chat/completions'],
    ['a method that nothing has', 'TRACE', '/v1/models'],
    ['a WebSocket, before which none comes', 'GET', '/ws/v1/t2a_v2'],
    ['session tokens, which a backend makes', 'POST', '/gateway/v1/session-tokens'],
    ['what MiniMax calls', 'POST', '/callbacks/secret'],
    ['the liveness of the process', 'GET', '/livez'],
    ['the whole server', 'GET', '*'],
  ])('to %s', async (_name, method, path) => {
    const answer = await preflight(PAGE, method, path)
    expect(answer.status).toBe(404)
    expect(corsHeaders(answer)).toEqual([])
  })

  it('where the Origin stands twice', async () => {
    const twice = [`Origin: ${PAGE}`, `Origin: ${PAGE}`, 'Access-Control-Request-Method: POST']
    const answer = await ask('/v1/chat/completions', twice)
    expect(answer.status).toBe(403)
    expect(corsHeaders(answer)).toEqual([])
  })

  it.each([
    ['an Origin', ['Access-Control-Request-Method: POST']],
    ['a method', [`Origin: ${PAGE}`]],
  ])('without %s, being none', async (_name, headers) => {
    const answer = await ask('/v1/chat/completions', headers)
    expect(answer.status).toBe(404)
    expect(corsHeaders(answer)).toEqual([])
  })

  it('to a private network, which no page of a public one may reach through us', async () => {
    const headers = [
      `Origin: ${PAGE}`,
      'Access-Control-Request-Method: POST',
      'Access-Control-Request-Private-Network: true',
    ]
    const answer = await ask('/v1/chat/completions', headers)
    expect(corsHeaders(answer)).not.toContain('access-control-allow-private-network')
  })

  it('and is counted and logged as what it is', async () => {
    await preflight('https://evil.example')
    await until(() => requestLines(gateway).at(-1)?.outcome === 'caller_forbidden', 'the log line')
  })
})

describe('the origins of tokens', () => {
  it('are known with the token, and forgotten when it is revoked', async () => {
    const origin = 'https://short.example'
    expect((await preflight(origin)).status).toBe(403)
    const { id } = await gateway.token({ origins: [origin] })
    expect((await preflight(origin)).status).toBe(204)
    await gateway.admin('DELETE', `/admin/v1/tokens/${id}`)
    const end = performance.now() + 2000
    while ((await preflight(origin)).status !== 403 && performance.now() < end);
    expect((await preflight(origin)).status).toBe(403)
  })
})

describe('the flood limit', () => {
  it('counts preflights', async () => {
    await using limited = await startGateway({
      env: { CORS_ORIGINS: PAGE, ADDRESS_REQUESTS_PER_MINUTE: '2' },
    })
    const text = requestText('OPTIONS /v1/models', [`Origin: ${PAGE}`, 'Access-Control-Request-Method: GET'])
    const answers: WireAnswer[] = []
    for (let turn = 0; turn < 3; turn++) answers.push(await sendRaw(limited.url, text))
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 429])
    expect(answers.slice(2).flatMap(corsHeaders)).toEqual([])
  })
})
