import { describe, expect, it } from 'vitest'
import { requestFacts, type CallFacts } from '../../src/minimax/meters.ts'

const facts = (operation: string, body: unknown): CallFacts =>
  requestFacts(operation, Buffer.from(JSON.stringify(body)))
const tokens = (body: string): number => requestFacts('chat.openai', Buffer.from(body)).promptTokens

describe('the facts of a request', () => {
  it('are what it says about model, stream, tier and length', () => {
    expect(
      facts('chat.openai', {
        model: 'MiniMax-M3',
        stream: true,
        service_tier: 'priority',
        max_tokens: 5,
        max_completion_tokens: 9,
      }),
    ).toMatchObject({
      operation: 'chat.openai',
      model: 'MiniMax-M3',
      stream: true,
      serviceTier: 'priority',
      maxOutputTokens: 9,
    })
    expect(facts('chat.anthropic', { max_tokens: 5 }).maxOutputTokens).toBe(5)
    expect(facts('chat.responses', { max_output_tokens: 7 }).maxOutputTokens).toBe(7)
    expect(facts('chat.openai', { max_tokens: 'all', stream: 'yes', model: 5 })).toMatchObject({
      maxOutputTokens: undefined,
      stream: false,
      model: undefined,
    })
  })

  it('are nothing without a body', () => {
    expect(requestFacts('files.list', null)).toMatchObject({ usage: {}, model: undefined, promptTokens: 0 })
    expect(requestFacts('transcription.create', null).usage).toEqual({})
  })

  it.each([
    ['MiniMax-Hailuo-02', '768P'],
    ['MiniMax-Hailuo-2.3-Fast', '768P'],
    ['T2V-01-Director', '720P'],
  ])('fill in what %s makes by default', (model, resolution) => {
    expect(facts('video.create', { model })).toMatchObject({ resolution, duration: 6, usage: { videos: 1 } })
    expect(facts('video.create', { model, resolution: '1080p', duration: 10 })).toMatchObject({
      resolution: '1080P',
      duration: 10,
    })
  })

  it('fill in nothing for the second video API, which demands both', () => {
    expect(facts('video.v2.create', { model: 'MiniMax-H3' })).toMatchObject({
      resolution: undefined,
      duration: undefined,
    })
  })

  it.each([
    [undefined, 1],
    [4, 4],
    [40, 9],
    [0, 1],
    ['3', 3],
    [-1, 1],
  ])('count images: n is %j', (n, images) => {
    expect(facts('image.create', { n }).usage).toEqual({ images })
  })

  it('count a Chinese character as two, where speech bills characters', () => {
    expect(facts('speech.sync', { text: 'Hi, 世界!😀' }).usage).toEqual({ characters: 10 })
    expect(facts('voice.design', { preview_text: '한 ア', text: 'not this' }).usage).toEqual({
      characters: 5,
    })
    expect(facts('voice.clone', { voice_id: 'x' }).usage).toEqual({})
    expect(facts('speech.sync', { text: 5 }).usage).toEqual({})
  })

  it('name the template', () => {
    expect(facts('video.template.create', { template_id: '3925' })).toMatchObject({
      templateId: '3925',
      usage: { videos: 1 },
    })
  })

  it('count a prompt by its compact JSON, four bytes a token', () => {
    const messages = [{ role: 'user', content: 'Hello "you"\n/ 世界 é😀' }]
    const size = Buffer.byteLength(JSON.stringify(messages))
    expect(facts('chat.openai', { messages }).promptTokens).toBe(Math.ceil(size / 4))
    expect(tokens(JSON.stringify({ messages }, null, 4))).toBe(Math.ceil(size / 4))
    const escaped = JSON.stringify({ messages }).replace(
      /[\u0080-\uffff]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
    expect(tokens(escaped.replaceAll('/', '\\/').replace('Hello', '\\u0048ello'))).toBe(Math.ceil(size / 4))
  })

  it('count all that a prompt is made of', () => {
    const body = {
      system: 'abcdef',
      messages: ['abcdef'],
      tools: [{ name: 'x' }],
      metadata: { user_id: 'not this' },
    }
    expect(facts('chat.anthropic', body).promptTokens).toBe(2 + 3 + 4)
    expect(facts('chat.responses', { input: 'abcdef', instructions: 'abcdef' }).usage).toEqual({
      input_tokens: 4,
    })
  })

  it('count an inline file as an image, not as text, and do not decode it', () => {
    const url = `data:image/png;base64,${'iVBORw0K'.repeat(1_000_000)}`
    const part = { type: 'image_url', image_url: { url } }
    const body = Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: [part, part] }] }))
    const started = process.cpuUsage().user
    expect(requestFacts('chat.openai', body).promptTokens).toBeLessThan(2700)
    expect(process.cpuUsage().user - started).toBeLessThan(200_000)
    const source = { type: 'image', source: { type: 'base64', data: 'iVBORw0K'.repeat(1000) } }
    expect(facts('chat.anthropic', { messages: [{ content: [source] }] }).promptTokens).toBeLessThan(1400)
    expect(tokens(JSON.stringify({ messages: ['lorem ipsum '.repeat(1000)] }))).toBeGreaterThan(2900)
  })

  it('say what a call may use beyond its prompt', () => {
    const search = { type: 'web_search_20250305', name: 'web_search' }
    const named = { type: 'function', function: { name: 'web_search' } }
    expect(facts('chat.anthropic', { tools: [search] }).searchesWeb).toBe(true)
    expect(facts('chat.openai', { tools: [named], messages: [search] }).searchesWeb).toBe(false)
    expect(facts('chat.openai', { n: 3 }).choices).toBe(3)
    expect(facts('chat.openai', { n: 0 }).choices).toBe(1)
    const content = [{ type: 'image_url' }, { type: 'video_url' }, { type: 'input_image' }]
    expect(facts('chat.responses', { input: content })).toMatchObject({
      promptBytes: Buffer.byteLength(JSON.stringify(content)),
      promptImages: 2,
      promptVideos: 1,
    })
  })

  it('name the voices of speech, and its file', () => {
    const body = {
      voice_setting: { voice_id: 'one00001' },
      timbre_weights: [{ voice_id: 'two00001', weight: 1 }, { weight: 2 }],
      text_file_id: 7,
    }
    const said = { voices: ['one00001', 'two00001'], isTextInFile: true }
    expect(facts('speech.async.create', body)).toMatchObject(said)
    expect(requestFacts('speech.websocket', Buffer.from(JSON.stringify(body)))).toMatchObject(said)
    expect(facts('chat.openai', body)).toMatchObject({ voices: [], isTextInFile: false })
  })

  it('count only the maximum that the dialect reads', () => {
    const maxima = { max_tokens: 3, max_completion_tokens: 2, max_output_tokens: 5, tokens_to_generate: 4 }
    const names = ['native', 'openai', 'anthropic', 'responses', 'legacy', 'legacy_pro']
    expect(names.map((name) => facts(`chat.${name}`, maxima).maxOutputTokens)).toEqual([3, 3, 3, 5, 4, 4])
    expect(facts('chat.openai', { max_tokens: 0 }).maxOutputTokens).toBeUndefined()
  })

  it('hold no bytes of the body', () => {
    const bytes = Buffer.from('{"model":"MiniMax-M3","resolution":"768P"}')
    const read = requestFacts('video.create', bytes)
    bytes.fill(0x20)
    expect(read.model).toBe('MiniMax-M3')
  })
})
