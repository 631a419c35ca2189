import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OPERATIONS } from '../../src/minimax/catalog.ts'
import { callOperation, chat, CHATS, pathOf, post, speech } from '../helpers/calls.ts'
import { ADMIN_TOKEN, MASTER_KEY, requestLines, startGateway, type TestGateway } from '../helpers/gateway.ts'
import { startUpstream } from '../helpers/upstream.ts'
import { requestText, sendRaw, until, UPGRADE, Wire } from '../helpers/wire.ts'
import { filesIn, formsOf, secretsIn } from './canary.helpers.ts'

const CALLABLE = OPERATIONS.filter(({ body }) => body !== 'websocket')
const SOCKETS = OPERATIONS.filter(({ body }) => body === 'websocket')

/** One gateway that everything is thrown at; in the end, all that it said and kept is searched. */
let gateway: TestGateway
let token = ''
const tokens: string[] = []
const answers: string[] = []

function keep(name: string, answer: Response, body: string): string {
  const headers = [...answer.headers].map(([key, value]) => `${key}: ${value}`).join('\n')
  answers.push(`${name}\n${answer.status} ${answer.statusText}\n${headers}\n\n${body}`)
  return body
}

async function call(name: string, sent: Promise<Response>): Promise<string> {
  try {
    const answer = await sent
    return keep(name, answer, Buffer.from(await answer.arrayBuffer()).toString('latin1'))
  } catch {
    // Cut in the middle, as the scenario wants it: what came before is the business of other tests.
    return ''
  }
}

beforeAll(async () => {
  gateway = await startGateway({ env: { LOG_LEVEL: 'trace', MINIMAX_GROUP_ID: '42' } })
  for (const options of [
    {},
    { operations: ['files.list'] },
    { models: ['speech-02-hd'] },
    { expires_in: '1s' },
  ]) {
    tokens.push((await gateway.token(options)).token)
  }
  token = tokens[0] ?? ''
})
afterAll(() => gateway.close())

/** The scenarios in which the platform gives back what it was sent, the key included. */
const ECHOES = ['echo-body', 'echo-header', 'echo-gzip', 'echo-sse@40']

describe('the canaries are let loose', () => {
  it.each(CALLABLE.map((operation) => [operation.name, operation] as const))(
    'in %s',
    async (name, operation) => {
      const body = await call(name, callOperation(gateway.url, token, operation))
      expect(body).not.toBe('')
      if (operation.answer === 'stream')
        await call(`${name} stream`, callOperation(gateway.url, token, operation, { stream: true }))
      for (const echo of operation.answeredBy === 'upstream' ? ECHOES : []) {
        gateway.emulator.scenario({ match: { operation: name, times: 1 }, use: echo })
        await call(`${name} ${echo}`, callOperation(gateway.url, token, operation))
      }
      for (const [, other] of tokens.entries()) await call(name, callOperation(gateway.url, other, operation))
      if (operation.answeredBy === 'upstream')
        expect(
          gateway.emulator.requests.some(
            (request) => request.headers.authorization === `Bearer ${MASTER_KEY}`,
          ),
        ).toBe(true)
    },
  )

  it.each(SOCKETS.map(({ name, path }) => [name, path] as const))('in %s', async (_name, path) => {
    for (const model of ['speech-2.8-hd', 'scenario:base_resp@1004', 'scenario:ws-close@2,1011']) {
      using wire = await Wire.open(gateway.url)
      const headers = [`Sec-WebSocket-Protocol: mmg.token.${token}`, ...UPGRADE]
      wire.write(requestText(`GET ${path}?Authorization=Bearer%20${token}`, headers))
      await until(() => wire.text.includes('connected_success'), 'the first event')
      const message = JSON.stringify({ event: 'task_start', ...speech({ model }) })
      wire.write(frame(message))
      await until(
        () => /task_started|task_failed/.test(wire.text) || wire.ended !== undefined,
        'the next event',
      )
      wire.write(frame(JSON.stringify({ event: 'nonsense', token })))
      await until(() => wire.ended !== undefined || /task_failed|\x88/.test(wire.text), 'the end')
      // The token stands in the one answer that repeats what its own client offered (RFC 6455 section 4.2.2).
      answers.push(wire.text.replace(`mmg.token.${token}`, ''))
    }
  })

  it('in every way to be refused', async () => {
    const guesses = [...tokens, MASTER_KEY, ADMIN_TOKEN, `${token}x`, token.toUpperCase(), `Bearer ${token}`]
    for (const guess of guesses) {
      for (const path of ['/v1/models', '/v1/nothing', '/admin/v1/users', '/livez', `/${guess}`]) {
        const lines = [`Authorization: Bearer ${guess}`, `Cookie: ${guess}`, `X-A: ${guess}`]
        const answer = await sendRaw(
          gateway.url,
          requestText(`GET ${path}?token=${guess}&key=${MASTER_KEY}`, lines),
        )
        answers.push(`${answer.head}\n\n${answer.body.toString('latin1')}`)
      }
      for (const path of ['/admin/v1/users', '/admin/v1/tokens/x', '/metrics', '/openapi.json', '/nothing']) {
        await call(
          path,
          fetch(`${gateway.adminUrl}${path}`, { headers: { authorization: `Bearer ${guess}` } }),
        )
      }
      for (const [, path] of CHATS) {
        await call(path, post(gateway.url, token, path, '{}', { headers: { 'content-type': guess } }))
        await call(path, post(gateway.url, token, path, '{}', { headers: { 'x-api-key': guess } }))
      }
    }
    for (const [, path] of CHATS) {
      for (const body of [
        '{',
        '[]',
        '{"model":1}',
        '{"a":1,"a":2}',
        '{"__proto__":1}',
        chat({ model: 'no-such-model' }),
      ])
        await call(path, post(gateway.url, token, path, body))
    }
  })

  it('in every fault of upstream', async () => {
    const faults = [
      'garbage',
      'reset-body',
      'reset@300',
      'cut@300',
      'http:401,1004',
      'http:500,1000',
      'base_resp:2049',
      'html',
      'gzip@2',
    ]
    for (const [, path] of CHATS)
      for (const fault of [...faults, ...ECHOES])
        for (const stream of [true, false])
          await call(fault, post(gateway.url, token, path, chat({ model: `scenario:${fault}`, stream })))
  })
})

describe('the key in an event stream', () => {
  it('is masked wherever the stream is cut', async () => {
    const whole = `data: {"echo":"Bearer ${MASTER_KEY}"}\n\n`
    let at = 0
    await using upstream = await startUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(whole.slice(0, at))
      setTimeout(() => response.end(whole.slice(at)), 2)
    })
    await using other = await startGateway({ upstreamUrl: upstream.url })
    const given = await other.token()
    for (at = 1; at < whole.length; at++) {
      const answer = await post(other.url, given.token, '/v1/chat/completions', chat({ stream: true }))
      const text = await answer.text()
      expect(secretsIn(text, [MASTER_KEY]), `cut at ${at}`).toEqual([])
      expect(text).toBe(whole.replace(MASTER_KEY, '*'.repeat(MASTER_KEY.length)))
    }
  })
})

describe('a key with characters that are written in several ways', () => {
  const awkward = 'sk/api+CANARY==7f3b9d2e/6a1c+4f8b0d5e'
  const ways = new Map([
    ['raw', awkward],
    ['URL-encoded', encodeURIComponent(awkward)],
    ['base64 of itself', Buffer.from(awkward).toString('base64')],
    ['base64, one byte off', Buffer.from(`a${awkward}`).toString('base64')],
    ['base64, two bytes off', Buffer.from(`ab${awkward}`).toString('base64')],
    ['base64url', Buffer.from(awkward).toString('base64url')],
  ])

  it.each([...ways])('is masked in a body, a header and a compressed body: %s', async (_name, written) => {
    for (const where of ['body', 'header', 'gzip', 'stream', 'error'] as const) {
      const body = Buffer.from(JSON.stringify({ choices: [], echo: written }))
      await using upstream = await startUpstream((_request, response) => {
        const type = where === 'stream' ? 'text/event-stream' : 'application/json'
        response.writeHead(where === 'error' ? 500 : 200, {
          'content-type': type,
          ...(where === 'header' ? { 'trace-id': written, 'content-disposition': `a; f="${written}"` } : {}),
          ...(where === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
        })
        response.end(where === 'gzip' ? gzipSync(body) : where === 'header' ? '{}' : body)
      })
      await using other = await startGateway({ upstreamUrl: upstream.url, env: { MINIMAX_API_KEY: awkward } })
      const given = await other.token()
      const answer = await post(other.url, given.token, '/v1/chat/completions', chat())
      const all = [...answer.headers].join('\n') + (await answer.text())
      expect(
        formsOf(awkward).filter((form) => all.includes(form)),
        where,
      ).toEqual([])
      expect(all).toContain('*****')
      await until(() => requestLines(other).length === 1, 'the end of the call')
      // An operator is told: this should never happen.
      expect(requestLines(other)[0]).toMatchObject({ level: 40, keyMasked: where === 'header' ? 2 : 1 })
    }
  })
})

describe('in the end, no canary is anywhere', () => {
  it('in no answer', () => {
    expect(answers.length).toBeGreaterThan(400)
    const leaks = answers.filter((answer) => secretsIn(answer, [MASTER_KEY, ADMIN_TOKEN]).length > 0)
    // A client may be told its own words, but not a token in an answer to somebody who did not send it.
    expect(leaks.map((leak) => leak.slice(0, 300))).toEqual([])
    const echoed = answers.filter((answer) => secretsIn(answer, tokens).length > 0)
    expect(echoed.map((leak) => leak.slice(0, 300))).toEqual([])
  })

  it('in no log line', () => {
    expect(requestLines(gateway).length).toBeGreaterThan(400)
    expect(secretsIn(gateway.logLines.join(''), [MASTER_KEY, ADMIN_TOKEN, ...tokens])).toEqual([])
  })

  it('in no log line, even when somebody gives a token for a model', async () => {
    const given = tokens.at(-1) ?? ''
    await (await post(gateway.url, given, '/v1/chat/completions', chat({ model: given }))).text()
    expect(secretsIn(gateway.logLines.join(''), [given])).toEqual([])
  })

  it('in no metric', async () => {
    const metrics = await textFrom('127.0.0.2', `${gateway.adminUrl}/metrics`)
    expect(metrics).toContain('minimax_gateway_requests_total')
    expect(secretsIn(metrics, [MASTER_KEY, ADMIN_TOKEN, ...tokens])).toEqual([])
    expect(metrics).toMatch(/key_masked_total \d*[1-9]/)
  })

  it('in no file, but the two that the gateway keeps its own secrets in', () => {
    const files = filesIn(gateway.dataDir, ['admin-token', 'pepper'])
    expect([...files.keys()].some((path) => path.includes('gateway.db'))).toBe(true)
    for (const [path, text] of files)
      expect(secretsIn(text, [MASTER_KEY, ADMIN_TOKEN, ...tokens]), path).toEqual([])
  })

  it('and the search would find one', () => {
    const leak = `x${Buffer.from(`authorization: Bearer ${MASTER_KEY}`).toString('base64')}`
    expect(secretsIn(leak, [MASTER_KEY])).toHaveLength(1)
    expect(secretsIn(pathOf(CALLABLE[0] ?? SOCKETS[0] ?? OPERATIONS[0] ?? never()), [MASTER_KEY])).toEqual([])
  })
})

/** From another address than all the wrong tokens before, whose address is not listened to for a minute. */
async function textFrom(localAddress: string, url: string): Promise<string> {
  const asked = get(url, { localAddress, headers: { authorization: `Bearer ${ADMIN_TOKEN}` } })
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return await text(response)
}

function never(): never {
  throw new Error('the catalog is empty')
}

/** A masked text frame (RFC 6455 section 5.2) with a mask of zeros. */
function frame(text: string): Buffer {
  const payload = Buffer.from(text)
  const head =
    payload.length < 126
      ? Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0])
      : Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 255, 0, 0, 0, 0])
  return Buffer.concat([head, payload])
}
