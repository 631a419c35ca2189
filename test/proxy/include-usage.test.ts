import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chat, CHAT_PATH, post } from '../helpers/calls.ts'
import { startGateway, type TestGateway } from '../helpers/gateway.ts'
import { sharedGateway } from '../helpers/shared.ts'
import { startUpstream, type TestUpstream } from '../helpers/upstream.ts'
import { postText, sendRaw, until, Wire } from '../helpers/wire.ts'
import { withoutOurs } from '../helpers/ours.ts'

const shared = sharedGateway()

const model = 'MiniMax-M3'
const messages = [{ role: 'user' as const, content: 'Good morning' }]
const ASKED = '"stream_options":{"include_usage":true}'

/** The body that went upstream, as text. */
function sent(): string {
  return shared().gateway.emulator.requests.at(-1)?.body?.toString() ?? ''
}

function client(): OpenAI {
  return new OpenAI({ baseURL: `${shared().gateway.url}/v1`, apiKey: shared().token, maxRetries: 0 })
}

async function streamed(body: unknown, path = CHAT_PATH): Promise<string> {
  const answer = await post(shared().gateway.url, shared().token, path, body)
  expect(answer.status).toBe(200)
  return answer.text()
}

describe('the OpenAI SDK', () => {
  it('gets no chunk without choices when it did not ask for usage, and MiniMax was asked', async () => {
    const chunks: OpenAI.ChatCompletionChunk[] = []
    for await (const chunk of await client().chat.completions.create({ model, messages, stream: true }))
      chunks.push(chunk)
    expect(chunks.every(({ choices, usage }) => choices.length === 1 && usage === null)).toBe(true)
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toContain('Good morning')
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop')
    expect(sent()).toBe(`{${ASKED},${JSON.stringify({ model, messages, stream: true }).slice(1)}`)
  })

  it('gets the chunk when it asked', async () => {
    const body = { model, messages, stream: true as const, stream_options: { include_usage: true } }
    const chunks: OpenAI.ChatCompletionChunk[] = []
    for await (const chunk of await client().chat.completions.create(body)) chunks.push(chunk)
    expect(chunks.at(-1)?.choices).toEqual([])
    expect(chunks.at(-1)?.usage?.total_tokens).toBeGreaterThan(0)
    expect(sent()).toBe(JSON.stringify(body))
  })
})

describe('the body of a stream', () => {
  it.each([
    [
      'no options',
      '{ "model":"MiniMax-M3", "stream":true,',
      `{${ASKED}, "model":"MiniMax-M3", "stream":true,`,
    ],
    [
      'an option of no',
      '{"stream_options":{"include_usage": false },"stream":true,"model":"MiniMax-M3",',
      '{"stream_options":{"include_usage": true },"stream":true,"model":"MiniMax-M3",',
    ],
    [
      'null for options',
      '{"stream":true,"stream_options": null,"model":"MiniMax-M3",',
      '{"stream":true,"stream_options": {"include_usage":true},"model":"MiniMax-M3",',
    ],
  ])('with %s is changed there alone', async (_name, head, changed) => {
    const rest = ' "seed": 12345678901234567890,\n"messages":[{"role":"user","content":"Hé 你好"}] }'
    expect(await streamed(head + rest)).not.toContain('"choices":[]')
    expect(sent()).toBe(changed + rest)
  })

  it('goes on with its new length', async () => {
    const wire = await sendRaw(
      shared().gateway.url,
      postText(CHAT_PATH, shared().token, chat({ stream: true })),
    )
    expect(wire.status).toBe(200)
    expect(wire.complete).toBe(true)
    expect(shared().gateway.emulator.requests[0]?.headers['content-length']).toBe(
      String(Buffer.byteLength(sent())),
    )
  })

  it('is refused when it names the option in another case', async () => {
    const body = chat({ stream: true, stream_options: { Include_Usage: false } })
    const answer = await post(shared().gateway.url, shared().token, CHAT_PATH, body)
    expect(answer.status).toBe(400)
    expect(await answer.text()).toContain('duplicate_field')
    expect(shared().gateway.emulator.requests).toEqual([])
  })

  it.each([
    ['an answer that is no stream', CHAT_PATH, chat()],
    ['the native dialect', '/v1/text/chatcompletion_v2', chat({ stream: true })],
    ['the Anthropic dialect', '/anthropic/v1/messages', chat({ stream: true })],
    ['Responses', '/v1/responses', { model, input: 'Good morning', stream: true }],
    [
      'speech',
      '/v1/t2a_v2',
      { model: 'speech-2.8-hd', text: 'Hi', stream: true, voice_setting: { voice_id: 'male-qn-qingse' } },
    ],
  ])('is not changed for %s', async (_name, path, body) => {
    await streamed(body, path)
    expect(withoutOurs(sent())).toBe(JSON.stringify(body))
  })
})

describe('a stream without the chunk', () => {
  it.each([
    ['CR LF', 'crlf', '\r\n'],
    ['pieces of three bytes', 'drip@3,0', '\n'],
  ])('has all else, with %s', async (_name, use, end) => {
    shared().gateway.emulator.scenario({ match: {}, use })
    const text = await streamed(chat({ stream: true }))
    expect(text).not.toContain('"choices":[]')
    expect(text).not.toContain(`${end}${end}${end}`)
    expect(text.match(/"finish_reason":"stop"/g)).toHaveLength(1)
    expect(text.endsWith(`${end}${end}data: [DONE]${end}${end}`)).toBe(true)
  })

  it('of M2.7 ends with the usage that MiniMax sends unasked', async () => {
    const text = await streamed(chat({ model: 'MiniMax-M2.7', stream: true }))
    expect(text).toMatch(/"object":"chat\.completion","usage":\{"total_tokens":[1-9]/)
  })

  it('gives each event at once', async () => {
    shared().gateway.emulator.scenario({ match: {}, use: 'stall@1' })
    using wire = await Wire.open(shared().gateway.url)
    wire.write(postText(CHAT_PATH, shared().token, chat({ stream: true })))
    await until(() => /data: \{[^\n]*\n\n/.test(wire.text), 'the first event')
    expect(wire.answers).toEqual([])
  })
})

describe('a stream of a known length', () => {
  let upstream: TestUpstream
  let gateway: TestGateway
  const content = 'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}],"usage":null}\n\n'
  const usage = 'data: {"choices":[],"usage":{"total_tokens":3,"prompt_tokens":2,"completion_tokens":1}}\n\n'
  const done = 'data: [DONE]\n\n'

  beforeAll(async () => {
    upstream = await startUpstream((_request, response) => {
      const bytes = Buffer.from(content + usage + done)
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-length': bytes.length })
      response.end(bytes)
    })
    gateway = await startGateway({ upstreamUrl: upstream.url })
  })
  afterAll(async () => {
    await gateway.close()
    await upstream[Symbol.asyncDispose]()
  })

  it('is whole although it is shorter', async () => {
    const { token } = await gateway.token()
    const answer = await sendRaw(gateway.url, postText(CHAT_PATH, token, chat({ stream: true })))
    expect(answer.body.toString()).toBe(content + done)
    expect(answer.complete).toBe(true)
    expect(answer.headers.get('content-length')).toBeUndefined()
  })

  it('keeps its length for a client that asked', async () => {
    const { token } = await gateway.token()
    const body = chat({ stream: true, stream_options: { include_usage: true } })
    const answer = await sendRaw(gateway.url, postText(CHAT_PATH, token, body))
    expect(answer.body.toString()).toBe(content + usage + done)
    expect(answer.headers.get('content-length')).toEqual([String(answer.body.length)])
  })
})
