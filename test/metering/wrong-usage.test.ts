import { describe, expect, it } from 'vitest'
import { CHAT_PATH, formFor, post, speech } from '../helpers/calls.ts'
import { booksMatchAfterAll, sharedGateway } from '../helpers/shared.ts'
import { readAll, rowOf, type Row } from './end-to-end.ts'

const shared = sharedGateway()
booksMatchAfterAll(() => [shared().gateway])

const WRONG = [
  ['negative', '-5'],
  ['1e18', '1e18'],
  ['a text', '"many"'],
  ['a fraction', '0.5'],
  ['null', 'null'],
  ['a list', '[7]'],
] as const

/** 23 tokens of ASCII, in which nothing comes from the cache. */
const messages = [{ role: 'user', content: 'Say what there is to say about islands, in a few words please.' }]
const more = { messages, thinking: { type: 'disabled' } }

async function call(usage: string, path: string, body: object): Promise<Row> {
  const { gateway, token } = shared()
  gateway.emulator.scenario({ match: { times: 1 }, use: { usage, words: 100 } })
  const answer = await post(gateway.url, token, path, body)
  expect(answer.status).toBe(200)
  const { isWhole } = await readAll(answer)
  expect(isWhole).toBe(true)
  return rowOf(gateway, answer)
}

/** 692 bytes of reply. 23 × 0.30 + 173 × 1.20 millionths of a dollar. */
const guessed = {
  outcome: 'ok',
  usage: { input_tokens: 23, output_tokens: 173 },
  list_price: '0.0002145',
  charged: '0.0002145',
  estimated: true,
}

describe.each(WRONG)('a usage that is %s', (_name, json) => {
  it.each([
    ['native', '/v1/text/chatcompletion_v2', { ...more, max_tokens: 500 }],
    ['openai', CHAT_PATH, { ...more, max_tokens: 500 }],
    ['anthropic', '/anthropic/v1/messages', { ...more, max_tokens: 500 }],
    ['responses', '/v1/responses', { input: messages, max_output_tokens: 500 }],
  ])('is estimated in its place, in a document and in a stream (%s)', async (_dialect, path, body) => {
    const whole = { model: 'MiniMax-M3', ...body }
    expect(await call(json, path, whole)).toMatchObject(guessed)
    expect(await call(json, path, { ...whole, stream: true })).toMatchObject(guessed)
  })

  it('is estimated in its place (speech)', async () => {
    const spoken = { outcome: 'ok', usage: { characters: 12 }, charged: '0.0012', estimated: true }
    expect(await call(json, '/v1/t2a_v2', speech())).toMatchObject(spoken)
    expect(await call(json, '/v1/t2a_v2', speech({ stream: true }))).toMatchObject(spoken)
  })

  it('is estimated in its place (images)', async () => {
    const body = { model: 'image-01', prompt: 'A lake', n: 3 }
    const row = await call(json, '/v1/image_generation', body)
    expect(row).toMatchObject({ outcome: 'ok', usage: { images: 3 }, charged: '0.0105' })
  })
})

describe('a length of audio that cannot be', () => {
  it.each(['-5', '1e18', '"long"', 'null'])('costs nothing: %s', async (json) => {
    const { gateway, token } = shared()
    gateway.emulator.scenario({ match: { times: 1 }, use: { usage: json } })
    const headers = { authorization: `Bearer ${token}` }
    const form = { method: 'POST', headers, body: formFor() }
    const answer = await fetch(`${gateway.url}/v1/speech_to_text`, form)
    await answer.text()
    expect(await rowOf(gateway, answer)).toMatchObject({ outcome: 'ok', usage: {}, charged: '0' })
  })
})
