import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chat, CHATS, formFor, post } from '../helpers/calls.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { startUpstream, type TestUpstream } from '../helpers/upstream.ts'
import { postText, until, Wire } from '../helpers/wire.ts'

let upstream: TestUpstream
let gateway: TestGateway
let token = ''
let answer: { readonly type: string; readonly chunks: readonly Buffer[] } = { type: '', chunks: [] }
let received: Buffer = Buffer.alloc(0)

beforeAll(async () => {
  upstream = await startUpstream((_request, response, body) => {
    received = body
    response.writeHead(200, { 'content-type': answer.type })
    const [first, ...others] = answer.chunks
    if (first !== undefined) response.write(first)
    // Each chunk in a turn of its own, so that they arrive apart.
    const next = (): void => {
      const chunk = others.shift()
      if (chunk === undefined) response.end()
      else {
        response.write(chunk)
        setImmediate(next)
      }
    }
    setImmediate(next)
  })
  gateway = await startGateway({ upstreamUrl: upstream.url })
  token = (await gateway.token()).token
})
afterAll(async () => {
  await gateway.close()
  await upstream[Symbol.asyncDispose]()
})

async function passed(
  type: string,
  chunks: readonly Buffer[],
  path = '/v1/chat/completions',
): Promise<Buffer> {
  answer = { type, chunks: chunks.filter((chunk) => chunk.length > 0) }
  const got = await post(gateway.url, token, path, chat({ stream: true }))
  return Buffer.from(await got.arrayBuffer())
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const edges = [0, ...new Set(places.map((place) => place % (bytes.length + 1))), bytes.length].sort(
    (a, b) => a - b,
  )
  return edges.slice(1).map((end, index) => bytes.subarray(edges[index], end))
}

/** Pieces of event streams that trip parsers, and what our own reader looks for. */
const PIECES = [
  'data: {"choices":[{"delta":{"content":"Hé 你好 🎉"}}]}\n\n',
  'data: {"id":12345678901234567,"n":18446744073709551615,"f":0.1234567890123456789,"e":1e400}\n\n',
  'data:{"no":"space"}\n\n',
  'data: {"base_resp":{"status_code":0,"status_msg":""},"usage":{"total_tokens":9}}\n\n',
  'data: {"base_resp":{"status_code":1026,"status_msg":"input new_sensitive"}}\n\n',
  'data: {"error":"text"}\n\n',
  'data: {"error":{"type":"rate_limit_error","message":"(1002)"}}\n\n',
  'data: "base_resp" : { broken\n\n',
  'data: {"a":"\\"base_resp\\":{\\"status_code\\":1008}"}\n\n',
  'event: ping\r\ndata: {}\r\n\r\n',
  'event: a\rdata: b\r\r',
  ': comment\n\n',
  'id: 1\nretry: 5\ndata: a\ndata: b\n\n',
  'data: [DONE]\n\n',
  '\ufeffdata: bom\n\n',
  '\n\n\n',
  '"',
  'sk-api-CANARY-7f3b9',
  '\0\x01\xff',
]

const corpus = fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 40 })), { maxLength: 25 })
const places = fc.array(fc.nat(5_000), { maxLength: 25 })

describe('the bytes of a stream', () => {
  it('are those of MiniMax, however they come', { timeout: 20_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(corpus, places, fc.constantFrom(...CHATS), async (pieces, at, [, path]) => {
        const bytes = Buffer.from(pieces.join(''))
        const got = await passed('text/event-stream', cut(bytes, at), path)
        expect(got.equals(bytes)).toBe(true)
      }),
      { numRuns: 250 },
    )
  })

  it(
    'are those of MiniMax in a JSON answer, a file, and an answer without a type',
    { timeout: 20_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.uint8Array({ maxLength: 3_000 }),
          fc.nat(90_000),
          places,
          fc.constantFrom(
            'application/json',
            'audio/mpeg',
            'application/octet-stream',
            'text/plain; charset=utf-8',
          ),
          async (raw, padding, at, type) => {
            const bytes = Buffer.concat([
              Buffer.from('{"a":"'),
              Buffer.from(raw),
              Buffer.alloc(padding, 'x'),
              Buffer.from('"}'),
            ])
            expect((await passed(type, cut(bytes, at))).equals(bytes)).toBe(true)
          },
        ),
        { numRuns: 120 },
      )
    },
  )

  it('are those of the client, on their way up', { timeout: 20_000 }, async () => {
    answer = { type: 'application/json', chunks: [Buffer.from('{}')] }
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), places, async (value, at) => {
        const text = `{ "model":"MiniMax-M3", "n": 12345678901234567890,\t"x":${JSON.stringify(value).replaceAll('__proto__', 'p')} }`
        using wire = await Wire.open(gateway.url)
        const whole = Buffer.from(postText('/v1/chat/completions', token, text))
        for (const part of cut(whole, at)) {
          wire.write(part)
          await new Promise(setImmediate)
        }
        expect((await wire.answer()).status).toBe(200)
        expect(received.toString()).toBe(text)
      }),
      { numRuns: 80 },
    )
  })

  it('are those of the client in a form', async () => {
    answer = { type: 'application/json', chunks: [Buffer.from('{}')] }
    const file = Buffer.alloc(700_000, 'é\r\n--\0')
    const sent = new Request('http://a/', { method: 'POST', body: formFor('asr-1.0', file) })
    const bytes = Buffer.from(await sent.arrayBuffer())
    const got = await fetch(`${gateway.url}/v1/speech_to_text`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': sent.headers.get('content-type') ?? '' },
      body: bytes,
    })
    expect(got.status).toBe(200)
    expect(received.equals(bytes)).toBe(true)
  })
})

describe('a stream', () => {
  it('of one event of 5 MB passes whole', async () => {
    const event = Buffer.from(`data: {"audio":"${'0123456789abcdef'.repeat(330_000)}"}\n\n`)
    const chunks = Array.from({ length: Math.ceil(event.length / 60_000) }, (_, index) =>
      event.subarray(index * 60_000, (index + 1) * 60_000),
    )
    expect((await passed('text/event-stream', chunks)).equals(event)).toBe(true)
  })

  it.each([
    ['no blank line at its end', 'data: {"a":1}\n\ndata: [DONE]'],
    ['single newlines', 'data: {"a":1}\ndata: {"a":2}\ndata: [DONE]\n'],
    ['CR LF', 'data: {"a":1}\r\n\r\ndata: [DONE]\r\n\r\n'],
    ['nothing at all', ''],
    ['half an event', 'data: {"base_resp":{"status_code":10'],
    ['half a word that is looked for', 'data: {"base_re'],
  ])('with %s passes as it is', async (_name, text) => {
    expect((await passed('text/event-stream', [Buffer.from(text)])).toString()).toBe(text)
  })

  it.each(CHATS)('gives each event at once, while upstream is silent (%s)', async (_dialect, path) => {
    await using other = await startGateway({ checksBooks: true })
    const given = await other.token()
    using wire = await Wire.open(other.url)
    wire.write(postText(path, given.token, chat({ model: 'scenario:stall@1', stream: true })))
    await until(() => /data: \{[^\n]*\n\n/.test(wire.text), 'the first event')
    expect(wire.answers).toEqual([])
    expect(wire.text).toMatch(/^x-accel-buffering: no\r$/m)
    expect(wire.text).toMatch(/^content-type: text\/event-stream/m)
  })

  it('gives its headers before its first event', async () => {
    await using other = await startGateway({ checksBooks: true })
    const given = await other.token()
    using wire = await Wire.open(other.url)
    wire.write(
      postText('/v1/chat/completions', given.token, chat({ model: 'scenario:stall@0', stream: true })),
    )
    await until(() => wire.text.includes('\r\n\r\n'), 'the headers')
    expect(wire.text).toMatch(/^HTTP\/1\.1 200 /)
  })
})
