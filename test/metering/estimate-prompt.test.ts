import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { folder, there } from './estimate-folder.ts'
import { worst } from './estimate-kit.ts'

/** Tokens that are held for messages; 256 of them stand for the template. */
function held(messages: unknown, rest: object = {}): number {
  return worst('chat.openai', { model: 'MiniMax-M3', messages, ...rest }).usage.input_tokens ?? 0
}

/** The worst that any model of bytes can make of a text: each byte a token. */
const bytesOf = (text: string): number => Buffer.byteLength(text)

const IMAGE = 16_384
const VIDEO = 192_000
const WINDOW = 1_048_576
const noise = 'qZ7x'.repeat(5000)
const dataUrl = `data:image/png;base64,${noise}`

describe('the tokens that are held for a prompt', () => {
  it.each([
    ['English', 'It was the best of times, it was the worst of times. '.repeat(40)],
    ['Chinese', '上海和大海，龘靐齉。'.repeat(40)],
    ['emoji', '😀👩‍👩‍👧‍👦🏳️‍🌈'.repeat(40)],
    ['base64', Buffer.from(noise).toString('base64')],
    ['digits', '3141592653589793'.repeat(40)],
    ['a rare script', '𐎠𐎡𐎢𐎣'.repeat(40)],
    ['quotes and breaks', '"\n\t\\'.repeat(40)],
  ])('are at least its bytes, and fewer than its JSON and the template: %s', (_, text) => {
    const messages = [{ role: 'user', content: text }]
    expect(held(messages)).toBeGreaterThanOrEqual(bytesOf(text))
    expect(held(messages)).toBeLessThanOrEqual(256 + bytesOf(JSON.stringify(messages)))
  })

  it('are at least its bytes, whatever it says and however it is escaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.nat({ max: 60 }), (text, times) => {
        const long = text.repeat(times)
        expect(held([{ role: 'user', content: [{ type: 'text', text: long }] }])).toBeGreaterThanOrEqual(
          Math.min(WINDOW, bytesOf(long)),
        )
      }),
    )
  })

  it('are those of the largest image or video for each that is there, not of its bytes', () => {
    const image = { type: 'image_url', image_url: { url: dataUrl } }
    const anthropic = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: noise } }
    const video = { type: 'video_url', video_url: { url: 'mm_file://1' } }
    const base = held([{ content: [] }])
    for (const [part, tokens] of [
      [image, IMAGE],
      [anthropic, IMAGE],
      [video, VIDEO],
    ] as const) {
      const more = held([{ content: [part] }]) - base
      expect(more).toBeGreaterThanOrEqual(tokens)
      expect(more).toBeLessThan(tokens + 200)
    }
  })

  it('are those of a text that only looks like a file', () => {
    const length = bytesOf(noise)
    for (const message of [
      { content: noise },
      { content: [{ type: 'text', text: dataUrl }] },
      { content: [{ type: 'tool_use', input: { data: noise } }] },
      {
        content: [
          { type: 'image_url', image_url: { url: 'https://x.y/z' } },
          { type: 'text', text: noise },
        ],
      },
      { content: [noise, noise] },
    ]) {
      expect(held([message])).toBeGreaterThan(length)
    }
  })

  it.each([
    [
      'of an image elsewhere',
      [
        {
          content: [
            { type: 'image_url', image_url: { url: 'https://x.y/z' } },
            { type: 'text', url: noise },
          ],
        },
      ],
    ],
    ['of the image that stands around it', [{ content: [{ type: 'image', parts: [{ data: noise }] }] }]],
    [
      'beside the file of the same image',
      [{ content: [{ type: 'image', data: noise, source: { data: noise } }] }],
    ],
    ['in what a tool is given', [{ content: [{ type: 'tool_use', input: { type: 'image', data: noise } }] }]],
    [
      'in a list that a tool is given',
      [{ content: [{ type: 'tool_use', input: [{ type: 'image', data: noise }] }] }],
    ],
    ['of a type that is a field further in', [{ content: [{ about: { type: 'image' }, data: noise }] }]],
  ])('are those of a text under the name of a file: %s', (_, messages) => {
    expect(held(messages)).toBeGreaterThan(bytesOf(noise))
  })

  it('are those of a text that looks like a file wherever no file may stand', () => {
    const part = { type: 'image', data: noise }
    for (const name of ['tools', 'system', 'instructions', 'response_format', 'sample_messages'])
      expect(held([], { [name]: [part] }), name).toBeGreaterThan(bytesOf(noise))
  })

  it('are at least the bytes of every long text that belongs to no image, however things nest', () => {
    interface Tree {
      readonly [key: string]: Json
    }
    type Json = string | readonly Json[] | Tree
    const leaf = fc.constantFrom('image', 'text', noise, 'data')
    const { tree } = fc.letrec<{ tree: Json }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        leaf,
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('type', 'data', 'url', 'source', 'input', 'x'), tie('tree'), {
          maxKeys: 3,
        }),
      ),
    }))
    fc.assert(
      fc.property(tree, (value) => {
        const written = JSON.stringify(value)
        const long = written.split(noise).length - 1
        // An image, which counts by itself, has one file.
        const images = written.split('"type":"image"').length - 1
        expect(held([value])).toBeGreaterThanOrEqual(Math.min(WINDOW, (long - images) * noise.length))
      }),
      { numRuns: 300 },
    )
  })

  it('count tools, instructions and what else is put before the model', () => {
    const base = held([])
    for (const name of ['tools', 'system', 'instructions', 'input', 'response_format', 'reply_constraints']) {
      expect(held([], { [name]: 'x'.repeat(500) }) - base, name).toBeGreaterThanOrEqual(500)
    }
    expect(held([], { metadata: 'x'.repeat(500) })).toBe(base)
  })

  it('are no more than the longest context', () => {
    expect(held(['x '.repeat(800_000)])).toBe(WINDOW)
    expect(held([{ content: new Array<object>(9).fill({ type: 'video' }) }])).toBe(WINDOW)
  })

  it.skipIf(!there)('are at least the bytes of every text of the recorded bodies', () => {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const text = readFileSync(join(entry.parentPath, entry.name), 'utf8')
      expect(held([{ role: 'user', content: text }]), entry.name).toBeGreaterThanOrEqual(bytesOf(text))
    }
  })
})
