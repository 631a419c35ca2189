import { describe, expect, it } from 'vitest'
import { MESSAGES } from '../../emulator/errors.ts'
import { chat, CHAT_PATH, post, speech } from '../helpers/calls.ts'
import { booksMatchAfterAll, sharedGateway } from '../helpers/shared.ts'
import { endedRow, readAll, rowOf, rowsOf } from './end-to-end.ts'
import { speak } from './sockets.ts'

const shared = sharedGateway()
booksMatchAfterAll(() => [shared().gateway])

/** Every code of MiniMax, and what a call that ends with it is on the books. */
const CODES = [
  [1000, 'provider_error'],
  [1001, 'provider_timeout'],
  [1002, 'provider_rate_limited'],
  [1004, 'provider_account'],
  [1008, 'provider_account'],
  [1013, 'provider_error'],
  [1024, 'provider_error'],
  [1026, 'provider_rejected'],
  [1027, 'provider_rejected'],
  [1028, 'provider_account'],
  [1030, 'provider_account'],
  [1033, 'provider_error'],
  [1039, 'provider_rate_limited'],
  [1041, 'provider_rate_limited'],
  [1042, 'provider_rejected'],
  [1043, 'provider_rejected'],
  [1044, 'provider_rejected'],
  [2013, 'provider_rejected'],
  [2037, 'provider_rejected'],
  [2038, 'provider_account'],
  [2039, 'provider_rejected'],
  [2042, 'provider_rejected'],
  [2045, 'provider_rate_limited'],
  [2048, 'provider_rejected'],
  [2049, 'provider_account'],
  [2054, 'provider_account'],
  [2056, 'provider_account'],
  [2061, 'provider_account'],
  [2201, 'provider_timeout'],
  [2202, 'provider_rejected'],
  [2203, 'provider_rejected'],
  [2204, 'provider_rejected'],
  [2205, 'provider_rate_limited'],
  [20132, 'provider_rejected'],
] as const

const NATIVE = '/v1/text/chatcompletion_v2'
const ANTHROPIC = '/anthropic/v1/messages'
const RESPONSES = '/v1/responses'

function failed(code: number, outcome: string): object {
  return {
    outcome,
    provider_code: code,
    usage: {},
    list_price: '0',
    charged: '0',
    estimated: false,
    state: 'settled',
  }
}

describe.each(CODES)('code %i', (code, outcome) => {
  const isHidden = outcome === 'provider_account'
  const shown = isHidden ? 1024 : code

  it.each([
    [NATIVE, chat()],
    [CHAT_PATH, chat()],
    ['/v1/t2a_v2', speech()],
    ['/v1/image_generation', { model: 'image-01', prompt: 'A lake' }],
    ['/v1/video_generation', { model: 'MiniMax-Hailuo-02', prompt: 'A lake' }],
  ])('in a document costs nothing: %s', async (path, body) => {
    const { gateway, token } = shared()
    gateway.emulator.scenario({ match: {}, use: `base_resp@${code}` })
    const answer = await post(gateway.url, token, path, body)
    const text = await answer.text()
    expect(answer.status).toBe(isHidden ? 503 : 200)
    if (!isHidden) expect(text).toContain(`"base_resp":{"status_code":${code},`)
    expect(await rowOf(gateway, answer)).toMatchObject({
      ...failed(code, outcome),
      http_status: answer.status,
    })
  })

  it.each([NATIVE, CHAT_PATH, '/v1/t2a_v2'])(
    'in the only frame of a stream costs nothing: %s',
    async (path) => {
      const { gateway, token } = shared()
      gateway.emulator.scenario({ match: {}, use: `base_resp@${code}` })
      const more = { stream: true }
      const answer = await post(gateway.url, token, path, path === '/v1/t2a_v2' ? speech(more) : chat(more))
      const { text } = await readAll(answer)
      expect(text).toContain(`"base_resp":{"status_code":${shown},`)
      expect(await rowOf(gateway, answer)).toMatchObject(failed(code, outcome))
    },
  )

  it.each([NATIVE, CHAT_PATH, ANTHROPIC, RESPONSES])(
    'in the middle of a stream costs nothing: %s',
    async (path) => {
      const { gateway, token } = shared()
      gateway.emulator.scenario({ match: {}, use: `error-event@4,${code}` })
      const answer = await post(gateway.url, token, path, {
        ...chat({ stream: true }),
        input: 'Good morning',
      })
      const { text } = await readAll(answer)
      // What the operator's account is about is replaced in place, by as much of our text as fits.
      expect(text).toMatch(isHidden ? /"1024"|:1024,|overloaded_error/ : String(code))
      if (isHidden) expect(text).not.toContain(MESSAGES[code])
      expect(await rowOf(gateway, answer)).toMatchObject(failed(code, outcome))
    },
  )

  it.each([CHAT_PATH, ANTHROPIC])('with a status of its own costs nothing: %s', async (path) => {
    const { gateway, token } = shared()
    gateway.emulator.scenario({ match: {}, use: `http@422,${code}` })
    const answer = await post(gateway.url, token, path, chat())
    await answer.text()
    expect(answer.status).toBe(isHidden ? 503 : 422)
    expect(answer.headers.get('x-gateway-charged')).toBe(isHidden ? null : '0')
    expect(await rowOf(gateway, answer)).toMatchObject(failed(code, outcome))
  })

  it('on a WebSocket costs nothing', async () => {
    const { gateway, token } = shared()
    const before = (await rowsOf(gateway, 'speech.websocket')).length
    const model = `scenario:base_resp@${code}`
    const { messages } = await speak({ url: gateway.url, token, model, texts: ['Good morning'] })
    expect(messages.at(-1)).toContain('task_failed')
    expect(messages.at(-1)).toContain(`"status_code":${shown},`)
    expect((await rowsOf(gateway, 'speech.websocket')).length).toBe(Math.min(100, before + 1))
    const row = await endedRow(gateway, 'speech.websocket')
    expect(row).toMatchObject({ ...failed(code, outcome), model })
  })
})

describe('a text that a WebSocket skips', () => {
  it.each([
    [2203, ' '],
    [2204, 'a'.repeat(10_001)],
  ])('costs nothing (code %i), and the others cost what they are', async (code, text) => {
    const { gateway, token } = shared()
    const texts = ['Good morning', text, 'Good night']
    const { messages } = await speak({ url: gateway.url, token, texts })
    expect(messages.some((one) => one.includes(`"status_code":${code},`))).toBe(true)
    expect(messages.at(-1)).toContain('task_finished')
    const row = await endedRow(gateway, 'speech.websocket')
    expect(row).toMatchObject({
      usage: { characters: 22 },
      charged: '0.0022',
      provider_code: code,
      estimated: false,
    })
  })
})

describe('a failure after a text was spoken', () => {
  it('on a WebSocket leaves what was spoken on the books', async () => {
    const { gateway, token } = shared()
    gateway.emulator.scenario({ match: {}, use: 'ws-close@3,1011' })
    await speak({ url: gateway.url, token, texts: ['Good morning', 'Good night'] })
    const row = await endedRow(gateway, 'speech.websocket')
    expect(row).toMatchObject({
      outcome: 'provider_error',
      usage: { characters: 12 },
      charged: '0.0012',
      estimated: false,
    })
  })
})
