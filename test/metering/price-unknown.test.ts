import { describe, expect, it } from 'vitest'
import { chat, CHAT_PATH, formFor, messageOfError, post, speech } from '../helpers/calls.ts'
import { sharedGateway, booksMatchAfterAll } from '../helpers/shared.ts'
import { rowOf, rowsOf } from './end-to-end.ts'
import { speak } from './sockets.ts'

const model = 'MiniMax-M99'

describe('a model without a price, with PRICE_UNKNOWN=refuse', () => {
  const shared = sharedGateway({ env: { PRICE_UNKNOWN: 'refuse' } })
  booksMatchAfterAll(() => [shared().gateway])

  it.each([
    ['native', '/v1/text/chatcompletion_v2', chat({ model })],
    ['native', '/v1/text/chatcompletion_v2', chat({ model, stream: true })],
    ['openai', CHAT_PATH, chat({ model })],
    ['openai', CHAT_PATH, chat({ model, stream: true })],
    ['openai', '/v1/responses', { model, input: 'Good morning' }],
    ['anthropic', '/anthropic/v1/messages', chat({ model })],
    ['native', '/v1/t2a_v2', speech({ model: 'speech-99' })],
    ['native', '/v1/video_generation', { model: 'Hailuo-99', prompt: 'A lake' }],
    ['openai', '/v2/video_generation', { model: 'H99', content: [{ type: 'text', text: 'A lake' }] }],
    ['native', '/v1/image_generation', { model: 'image-99', prompt: 'A lake' }],
    ['native', '/v1/music_generation', { model: 'music-99', prompt: 'A lake', lyrics: 'La' }],
  ])('is refused in the dialect of the call (%s, %s), and nothing is sent', async (dialect, path, body) => {
    const { gateway, token } = shared()
    const answer = await post(gateway.url, token, path, body)
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('300')
    expect(messageOfError(dialect, await answer.text())).toContain('no price')
    expect(gateway.emulator.requests).toEqual([])
    expect(await rowsOf(gateway)).toEqual([])
  })

  it('is not sent with an upload either', async () => {
    const { gateway, token } = shared()
    const body = formFor('asr-99')
    const headers = { authorization: `Bearer ${token}` }
    const answer = await fetch(`${gateway.url}/v1/speech_to_text`, { method: 'POST', headers, body })
    expect(answer.status).toBe(503)
    expect(messageOfError('openai', await answer.text())).toContain('no price')
    expect(gateway.emulator.accepted.get('transcription.create')).toBeUndefined()
  })

  it('is refused on a WebSocket by an event, and MiniMax is not asked to speak', async () => {
    const { gateway, token } = shared()
    const { messages } = await speak({ url: gateway.url, token, model: 'speech-99', texts: ['Good morning'] })
    expect(messages.at(-1)).toContain('no price')
    expect(gateway.emulator.requests.flatMap(({ frames = [] }) => frames)).toEqual([])
  })

  it('does not stand in the way of others, nor of what is free', async () => {
    const { gateway, token } = shared()
    const answer = await post(gateway.url, token, CHAT_PATH, chat())
    expect(answer.status).toBe(200)
    const counted = await post(gateway.url, token, '/v1/responses/input_tokens', {
      model,
      input: 'Good morning',
    })
    expect(counted.status).not.toBe(503)
  })
})

describe('a model without a price, with PRICE_UNKNOWN=ceiling', () => {
  const shared = sharedGateway()
  booksMatchAfterAll(() => [shared().gateway])

  it('is billed by the dearest prices of its modality', async () => {
    const { gateway, token } = shared()
    const prompt = 'a'.repeat(3_948)
    // The emulator answers whatever begins like a model of MiniMax, in the name that it was asked for.
    const body = { model, messages: [{ role: 'user', content: prompt }], max_tokens: 100 }
    const answer = await post(gateway.url, token, '/v1/text/chatcompletion_v2', body)
    expect(answer.status).toBe(200)
    const row = await rowOf(gateway, answer)
    expect(row).toMatchObject({ model, outcome: 'ok', estimated: false })
    expect(row.usage).toEqual({ input_tokens: 498, cached_tokens: 497, output_tokens: 35 })
    // 1,030 × 14.286 millionths, what abab6-chat costs
    expect(row).toMatchObject({ list_price: '0.01471458', charged: '0.01471458' })
    expect(answer.headers.get('x-gateway-charged')).toBe(row.charged)
  })
})
