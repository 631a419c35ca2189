import { describe, expect, it } from 'vitest'
import { chat, CHAT_PATH, post, speech } from '../helpers/calls.ts'
import { booksMatchAfterAll, sharedGateway } from '../helpers/shared.ts'
import { readAll, rowOf, type Row } from './end-to-end.ts'

const shared = sharedGateway()
booksMatchAfterAll(() => [shared().gateway])

const ANTHROPIC = '/anthropic/v1/messages'
const NATIVE = '/v1/text/chatcompletion_v2'
const RESPONSES = '/v1/responses'

/** 120 bytes of JSON: 29 tokens of prompt, none of which come from the cache. */
const messages = [
  {
    role: 'user',
    content: 'How is the weather on the islands tomorrow, and what should I pack for it? Be brief.',
  },
]
const PROMPT = 29
/** 250 words, `word1` to `word250`: 1,891 bytes. */
const WORDS = 250
const REPLY = 473

const streamed = chat({ stream: true, messages, max_tokens: 4_000, thinking: { type: 'disabled' } })
const response = { model: 'MiniMax-M3', input: messages, stream: true }

interface Seen {
  readonly row: Row
  readonly text: string
  readonly isWhole: boolean
}

async function call(path: string, steps: Record<string, unknown>): Promise<Seen> {
  const { gateway, token } = shared()
  gateway.emulator.scenario({ match: { times: 1 }, use: { words: WORDS, ...steps } })
  const answer = await post(gateway.url, token, path, path === RESPONSES ? response : streamed)
  expect(answer.status).toBe(200)
  expect(answer.headers.get('x-gateway-charged')).toBeNull()
  return { ...(await readAll(answer)), row: await rowOf(gateway, answer) }
}

const USAGE = { input_tokens: PROMPT, output_tokens: REPLY }
/** 29 × 0.30 + 473 × 1.20 millionths of a dollar. */
const PRICE = '0.0005763'

const told = {
  outcome: 'ok',
  provider_code: 0,
  http_status: 200,
  usage: USAGE,
  list_price: PRICE,
  charged: PRICE,
  estimated: false,
  state: 'settled',
}
const guessed = { ...told, estimated: true }
const free = { usage: {}, list_price: '0', charged: '0', estimated: false, state: 'settled' }

describe('the numbers of this file', () => {
  it('are those of the rule of four bytes', () => {
    const reply = Array.from({ length: WORDS }, (_, at) => `word${at + 1}`).join(' ')
    expect(Math.ceil(reply.length / 4)).toBe(REPLY)
    expect(Math.ceil(JSON.stringify(messages).length / 4)).toBe(PROMPT)
  })
})

describe('a stream of chat completions', () => {
  it.each([
    ['with a null in every chunk', 'a', guessed],
    ['with a chunk without choices', 'b', told],
    ['with a closing completion', 'c', told],
    ['with a last chunk that has no total', 'd', told],
  ] as const)('that ends %s is on the books', async (_name, ending, expected) => {
    const { row, text, isWhole } = await call(CHAT_PATH, { ending })
    expect(row).toMatchObject(expected)
    expect(isWhole).toBe(true)
    expect(text).toContain('word250')
    expect(text).toContain('data: [DONE]')
  })
})

describe('a stream that is whole but not as it should be', () => {
  it.each([
    ['that is empty', 'empty', { ...free, outcome: 'ok' }],
    ['with nothing but comments', 'comments', { ...free, outcome: 'ok' }],
    ['without usage', 'no-usage', guessed],
    ['that tells its usage twice', 'usage-twice', told],
    ['whose last usage is zero', 'usage-zero', told],
  ] as const)('%s is on the books, in every dialect', async (_name, frames, expected) => {
    for (const path of [CHAT_PATH, NATIVE, ANTHROPIC, RESPONSES]) {
      const { row, isWhole } = await call(path, { frames })
      expect.soft(row, path).toMatchObject(expected)
      expect.soft(isWhole, path).toBe(true)
    }
  })

  it.each([
    [CHAT_PATH, told],
    [ANTHROPIC, told],
    [RESPONSES, guessed],
  ])('that lacks its end is on the books: %s', async (path, expected) => {
    const { row, isWhole } = await call(path, { frames: 'no-end' })
    expect(row).toMatchObject(expected)
    expect(isWhole).toBe(true)
  })

  it('that has neither content nor usage is free', async () => {
    const { row } = await call(ANTHROPIC, { degenerate: true })
    expect(row).toMatchObject({ ...free, outcome: 'ok' })
  })

  it.each([CHAT_PATH, NATIVE, ANTHROPIC])('with a frame of 5 MB is on the books: %s', async (path) => {
    const { row, text } = await call(path, { huge: { what: 'event', megabytes: 5 } })
    expect(row).toMatchObject(told)
    expect(text.length).toBeGreaterThan(5 * 1024 * 1024)
  })
})

describe('a stream that breaks off', () => {
  it.each([CHAT_PATH, ANTHROPIC, RESPONSES])('after it said that it ends is whole: %s', async (path) => {
    const { row, text, isWhole } = await call(path, { reset: 'end' })
    expect(row).toMatchObject(told)
    expect(isWhole).toBe(true)
    expect(text).not.toContain('upstream_disconnected')
  })

  it.each([
    ['reset', CHAT_PATH],
    ['cutAt', CHAT_PATH],
    ['reset', NATIVE],
    ['cutAt', NATIVE],
    ['reset', RESPONSES],
    ['cutAt', RESPONSES],
  ])('within a frame (%s) costs nothing: %s', async (way, path) => {
    const { row, isWhole, text } = await call(path, { [way]: 2_500 })
    expect(row).toMatchObject({ ...free, outcome: 'provider_disconnected' })
    expect(isWhole && !text.includes('error')).toBe(false)
  })

  it.each(['reset', 'cutAt'])('within a frame (%s) costs what had been reported', async (way) => {
    const { row } = await call(ANTHROPIC, { [way]: 2_500 })
    expect(row).toMatchObject({
      outcome: 'provider_disconnected',
      usage: { cached_tokens: PROMPT },
      estimated: false,
    })
  })

  it('of speech costs nothing, and whole it costs its characters', async () => {
    const { gateway, token } = shared()
    const body = speech({ stream: true })
    gateway.emulator.scenario({ match: { times: 1 }, use: 'cut@300' })
    const broken = await post(gateway.url, token, '/v1/t2a_v2', body)
    await readAll(broken)
    expect(await rowOf(gateway, broken)).toMatchObject({ ...free, outcome: 'provider_disconnected' })
    const whole = await post(gateway.url, token, '/v1/t2a_v2', body)
    await readAll(whole)
    expect(await rowOf(gateway, whole)).toMatchObject({
      outcome: 'ok',
      usage: { characters: 12 },
      charged: '0.0012',
    })
  })
})
