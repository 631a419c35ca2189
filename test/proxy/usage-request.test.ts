import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/errors.ts'
import { viewJson } from '../../src/proxy/json.ts'
import { withUsageAsked } from '../../src/proxy/usage-request.ts'

function asked(text: string): { text: string; added: boolean } {
  const given = Buffer.from(text)
  const { bytes, added } = withUsageAsked(given, viewJson(given))
  expect(given.toString()).toBe(text)
  return { text: bytes.toString(), added }
}

/** What is neither in the body nor changes what it says. */
const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 3 })

/** A member of a JSON object as it may be written. */
function member(name: string, value: string): fc.Arbitrary<string> {
  return fc.tuple(space, space, space, space).map(([a, b, c, d]) => `${a}"${name}"${b}:${c}${value}${d}`)
}

function object(members: fc.Arbitrary<string[]>): fc.Arbitrary<string> {
  return fc
    .tuple(members, space, space, space)
    .map(([list, a, b, c]) => `${a}{${list.length === 0 ? b : list.join(',')}}${c}`)
}

const leaf = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null))
const plain = fc.oneof(
  leaf,
  fc.array(leaf, { maxLength: 3 }),
  fc.record({ include_usage: leaf, stream: leaf }),
)

/**
 * Members with names that nothing is decided by. None needs escapes: JSON.parse, by which the results are judged,
 * confuses such names with those of objects that it read before (nodejs/node issue 63785).
 */
const others = fc
  .uniqueArray(fc.tuple(fc.stringMatching(/^x[a-zé]{0,6}$/u), plain), {
    selector: ([name]) => name,
    maxLength: 4,
  })
  .map((list) => list.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`))

/** The members of an object in any order. */
function mixed(...lists: fc.Arbitrary<string[]>[]): fc.Arbitrary<string[]> {
  return fc.tuple(...lists).chain((all) => fc.shuffledSubarray(all.flat(), { minLength: all.flat().length }))
}

const one = (members: fc.Arbitrary<string>): fc.Arbitrary<string[]> => members.map((text) => [text])
const usage = fc.constantFrom('false', 'null').chain((value) => member('include_usage', value))
const stream = one(member('stream', 'true'))

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The body as it should be read once usage is asked for. */
function expected(text: string): unknown {
  const body: unknown = JSON.parse(text)
  if (!isRecord(body)) throw new Error('the body is an object')
  const options = isRecord(body.stream_options) ? body.stream_options : {}
  return { ...body, stream_options: { ...options, include_usage: true } }
}

describe('a stream that does not ask for usage', () => {
  it.each([
    [
      'no options',
      '{"model":"a","stream":true}',
      '{"stream_options":{"include_usage":true},"model":"a","stream":true}',
    ],
    [
      'space around everything',
      ' \n{ "stream" : true }\t',
      ' \n{"stream_options":{"include_usage":true}, "stream" : true }\t',
    ],
    [
      'empty options',
      '{"stream":true,"stream_options":{}}',
      '{"stream":true,"stream_options":{"include_usage":true}}',
    ],
    [
      'empty options with space',
      '{"stream":true,"stream_options" : { } }',
      '{"stream":true,"stream_options" : {"include_usage":true } }',
    ],
    [
      'other options',
      '{"stream_options":{ "x":1 },"stream":true}',
      '{"stream_options":{"include_usage":true, "x":1 },"stream":true}',
    ],
    [
      'false',
      '{"stream_options":{"x":[false],"include_usage": false },"stream":true}',
      '{"stream_options":{"x":[false],"include_usage": true },"stream":true}',
    ],
    [
      'null',
      '{"stream":true,"stream_options":{"include_usage":null}}',
      '{"stream":true,"stream_options":{"include_usage":true}}',
    ],
    [
      'null for options',
      '{"stream":true,"stream_options": null ,"n":1}',
      '{"stream":true,"stream_options": {"include_usage":true} ,"n":1}',
    ],
    [
      'a name in escapes',
      '{"stream":true,"stream\\u005foptions":{"include\\u005fusage":false}}',
      '{"stream":true,"stream\\u005foptions":{"include\\u005fusage":true}}',
    ],
    [
      'options of something else',
      '{"stream":true,"tools":[{"stream_options":{"include_usage":false}}]}',
      '{"stream_options":{"include_usage":true},"stream":true,"tools":[{"stream_options":{"include_usage":false}}]}',
    ],
    [
      'options one level too deep',
      '{"stream":true,"stream_options":{"x":{"include_usage":true}}}',
      '{"stream":true,"stream_options":{"include_usage":true,"x":{"include_usage":true}}}',
    ],
    [
      'numbers beyond 2^53',
      '{"seed":12345678901234567890,"stream":true}',
      '{"stream_options":{"include_usage":true},"seed":12345678901234567890,"stream":true}',
    ],
  ])('asks for it, with %s', (_name, before, after) => {
    expect(asked(before)).toEqual({ text: after, added: true })
  })

  it('asks for it in any body, by one change', () => {
    const options = fc.oneof(
      fc.constant('null'),
      object(mixed(others)).map((text) => text.trim()),
      object(mixed(others, one(usage))).map((text) => text.trim()),
    )
    const body = fc.oneof(
      object(mixed(others, stream)),
      object(mixed(others, stream, one(options.chain((value) => member('stream_options', value))))),
    )
    fc.assert(
      fc.property(body, (before) => {
        const { text: after, added } = asked(before)
        expect(added).toBe(true)
        expect(JSON.parse(after)).toEqual(expected(before))
        // What is the same at both ends is all of the old body but the value that was replaced.
        let head = 0
        while (head < before.length && before[head] === after[head]) head++
        let tail = 0
        while (tail < before.length - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++
        expect(['', 'null', 'fals', 'false']).toContain(before.slice(head, before.length - tail))
      }),
      { numRuns: 3_000 },
    )
  })
})

describe('a body passes as it is, the very bytes,', () => {
  it.each([
    ['that asks for usage', '{"stream":true,"stream_options":{"include_usage":true}}'],
    ['that asks for no stream', '{"model":"a","stream":false}'],
    ['that says nothing of a stream', '{"stream_options":{"include_usage":false}}'],
    ['with nothing in it', '{}'],
    ['whose stream is no boolean', '{"stream":"true"}'],
    ['whose options are a text', '{"stream":true,"stream_options":"none"}'],
    ['whose options are a list', '{"stream":true,"stream_options":[{"include_usage":false}]}'],
    ['whose options are a number', '{"stream":true,"stream_options":0}'],
    ['whose options are a boolean', '{"stream":true,"stream_options":false}'],
    ['whose option is a text', '{"stream":true,"stream_options":{"include_usage":"false"}}'],
    ['whose option is a number', '{"stream":true,"stream_options":{"include_usage":0}}'],
  ])('%s', (_name, text) => {
    const given = Buffer.from(text)
    const { bytes, added } = withUsageAsked(given, viewJson(given))
    expect(added).toBe(false)
    expect(bytes).toBe(given)
  })
})

describe('the option in another case', () => {
  it.each(['Include_Usage', 'INCLUDE_USAGE', 'include_u\u017fage', 'Include\\u005fusage'])(
    'is refused: %s',
    (name) => {
      const texts = [
        `{"stream":true,"stream_options":{"${name}":false}}`,
        `{"stream":true,"stream_options":{"include_usage":true,"${name}":false}}`,
      ]
      for (const text of texts) {
        expect(() => asked(text)).toThrow(GatewayError)
        expect(() => asked(text)).toThrow(/must be written "include_usage"/)
      }
    },
  )
})
