import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/errors.ts'
import { viewJson } from '../../src/proxy/json.ts'
import { pseudonymOf, Pseudonyms, withPseudonym } from '../../src/proxy/pseudonym.ts'

const ME = pseudonymOf(Buffer.from('secret'), 'alice')
const YOU = pseudonymOf(Buffer.from('secret'), 'bob')

function told(operation: string, text: string, pseudonym = ME): string {
  const given = Buffer.from(text)
  const bytes = withPseudonym(operation, given, viewJson(given), pseudonym)
  expect(given.toString()).toBe(text)
  return bytes.toString()
}

/** What stands in place of a client's own value, learnt from the simplest body. */
function own(value: string, pseudonym = ME): string {
  const body: unknown = JSON.parse(told('chat.openai', JSON.stringify({ user: value }), pseudonym))
  const user = isRecord(body) ? body.user : undefined
  if (typeof user !== 'string') throw new Error('there is no user')
  return user
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

describe('a pseudonym', () => {
  it('is a u and 22 characters that mean nothing', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (secret, user) => {
        expect(pseudonymOf(Buffer.from(secret), user)).toMatch(/^u[\w-]{22}$/)
      }),
    )
  })

  it('is the same for the same user, and another for another user or secret', () => {
    expect(pseudonymOf(Buffer.from('secret'), 'alice')).toBe(ME)
    expect(new Set([ME, YOU, pseudonymOf(Buffer.from('other'), 'alice')]).size).toBe(3)
  })

  it('is the same when it was kept', () => {
    const kept = new Pseudonyms(Buffer.from('secret'))
    expect([kept.of('alice'), kept.of('bob'), kept.of('alice')]).toEqual([ME, YOU, ME])
  })

  it("makes two users' equal values differ, and one user's different ones, too", () => {
    const values = [own('1'), own('2'), own('1', YOU), own('2', YOU), own('')]
    expect(new Set(values).size).toBe(values.length)
    for (const value of values) expect(value).toMatch(/^u[\w-]{22}-[\w-]{22}$/)
    expect(own('1')).toBe(own('1'))
  })
})

describe('what MiniMax is told', () => {
  it.each([
    ['chat.responses', '{"model":"a"}', `{"prompt_cache_key":"${ME}","model":"a"}`],
    ['chat.responses', ' { } ', ` {"prompt_cache_key":"${ME}" } `],
    ['chat.responses', '{"prompt_cache_key": null }', `{"prompt_cache_key": "${ME}" }`],
    ['chat.responses', '{"prompt_cache_key":"k","n":1.0}', `{"prompt_cache_key":"${own('k')}","n":1.0}`],
    ['chat.responses', '{"prompt\\u005fcache_key":"\\u006b"}', `{"prompt\\u005fcache_key":"${own('k')}"}`],
    [
      'chat.responses',
      '{"metadata":{"user_id":"x"}}',
      `{"prompt_cache_key":"${ME}","metadata":{"user_id":"x"}}`,
    ],
    ['chat.anthropic', '{"model":"a"}', `{"metadata":{"user_id":"${ME}"},"model":"a"}`],
    ['chat.anthropic', '{}', `{"metadata":{"user_id":"${ME}"}}`],
    ['chat.anthropic', '{"metadata":null,"n":1}', `{"metadata":{"user_id":"${ME}"},"n":1}`],
    ['chat.anthropic', '{"metadata": { }}', `{"metadata": {"user_id":"${ME}" }}`],
    ['chat.anthropic', '{"metadata":{ "a":[{}]}}', `{"metadata":{"user_id":"${ME}", "a":[{}]}}`],
    ['chat.anthropic', '{"metadata":{"user_id": null}}', `{"metadata":{"user_id": "${ME}"}}`],
    [
      'chat.anthropic',
      '{"n":12345678901234567890,"metadata":{"user_id" :"é"}}',
      `{"n":12345678901234567890,"metadata":{"user_id" :"${own('é')}"}}`,
    ],
    [
      'chat.anthropic',
      '{"metadata":{"x":{"user_id":"k"}}}',
      `{"metadata":{"user_id":"${ME}","x":{"user_id":"k"}}}`,
    ],
    ['chat.openai', '{"user":"k","model":"a"}', `{"user":"${own('k')}","model":"a"}`],
    [
      'chat.openai',
      '{"prompt_cache_key":"c","user":"k"}',
      `{"prompt_cache_key":"${own('c')}","user":"${own('k')}"}`,
    ],
    [
      'chat.native',
      '{"user":"k","prompt_cache_key":"c"}',
      `{"user":"${own('k')}","prompt_cache_key":"${own('c')}"}`,
    ],
    ['chat.native', '{"user":null,"prompt_cache_key":"c"}', `{"user":null,"prompt_cache_key":"${own('c')}"}`],
  ])('in %s: %s', (operation, before, after) => {
    expect(told(operation, before)).toBe(after)
  })
})

describe('the very bytes pass', () => {
  it.each([
    ['chat.responses', '{"prompt_cache_key":1}'],
    ['chat.responses', '{"prompt_cache_key":["k"]}'],
    ['chat.anthropic', '{"metadata":"x"}'],
    ['chat.anthropic', '{"metadata":[{"user_id":"x"}]}'],
    ['chat.anthropic', '{"metadata":{"user_id":7}}'],
    ['chat.anthropic', '{"metadata":{"user_id":{"user_id":"x"}}}'],
    ['chat.openai', '{"model":"a"}'],
    ['chat.openai', '{"messages":[{"user":"x"}]}'],
    ['chat.openai', '{"user":1,"prompt_cache_key":true}'],
    ['chat.native', '{"user":null,"metadata":{"user_id":"x"}}'],
    ['speech.sync', '{"user":"x","prompt_cache_key":"x","metadata":{"user_id":"x"}}'],
  ])('in %s: %s', (operation, text) => {
    const given = Buffer.from(text)
    expect(withPseudonym(operation, given, viewJson(given), ME)).toBe(given)
  })
})

describe('metadata.user_id in another case', () => {
  it.each(['User_Id', 'USER_ID', 'u\u017fer_id', 'User\\u005fid'])('is refused: %s', (name) => {
    expect(() => told('chat.anthropic', `{"metadata":{"${name}":"x"}}`)).toThrow(GatewayError)
    expect(() => told('chat.anthropic', `{"metadata":{"${name}":"x"}}`)).toThrow(/must be written "user_id"/)
  })
})

const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 2 })
const leaf = fc.oneof(fc.string({ unit: 'grapheme' }), fc.double(), fc.boolean(), fc.constant(null))
const value = fc.oneof(leaf, fc.array(leaf, { maxLength: 3 }), fc.record({ user_id: leaf, x: leaf }))
const padded = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(space, text, space).map((parts) => parts.join(''))

/** An object in any writing; names need no escapes, which JSON.parse confuses (nodejs/node issue 63785). */
function object(names: readonly string[], values: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const member = (name: string): fc.Arbitrary<string> =>
    fc.tuple(padded(fc.constant(`"${name}"`)), padded(values)).map((parts) => parts.join(':'))
  return fc
    .shuffledSubarray([...names])
    .chain((chosen) => fc.tuple(...chosen.map(member)))
    .chain((members) => space.map((empty) => `{${members.length === 0 ? empty : members.join(',')}}`))
}

const written = value.map((item) => JSON.stringify(item))
const metadata = object(['user_id', 'session', 'tag'], written)
const body = padded(
  object(['model', 'user', 'metadata', 'prompt_cache_key', 'x', 'stream'], fc.oneof(written, metadata)),
)

function replacement(before: unknown): unknown {
  return typeof before === 'string' ? own(before) : before
}

/** What the body should say, by the rules as they are documented. */
function expected(operation: string, text: string): unknown {
  const before: unknown = JSON.parse(text)
  if (!isRecord(before)) throw new Error('the body is an object')
  const after = { ...before }
  if (operation === 'chat.responses')
    after.prompt_cache_key = replacement(before.prompt_cache_key ?? null) ?? ME
  else if (operation === 'chat.anthropic') {
    const inner = before.metadata ?? {}
    if (isRecord(inner)) after.metadata = { ...inner, user_id: replacement(inner.user_id ?? null) ?? ME }
  } else {
    for (const name of ['user', 'prompt_cache_key'])
      if (name in before) after[name] = replacement(before[name])
  }
  return after
}

/** The smallest parts of a JSON text, white space included. */
function tokensOf(text: string): readonly string[] {
  return text.match(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|\s+|[^\s"{}[\]:,]+/g) ?? []
}

/** Value by value where there are as many as before, else one run of new parts in place of one value at most. */
function expectFewChanges(before: readonly string[], after: readonly string[]): void {
  if (before.length === after.length) {
    for (const [at, token] of after.entries()) if (token !== before[at]) expect(token).toMatch(OWN)
    return
  }
  let head = 0
  while (head < before.length && before[head] === after[head]) head++
  let tail = 0
  while (tail < before.length - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++
  expect(['', 'null']).toContain(before.slice(head, before.length - tail).join(''))
  expect(after.length - before.length).toBeLessThanOrEqual(8)
}

const OWN = /^"u[\w-]{22}(?:-[\w-]{22})?"$/

describe('any body', () => {
  it.each(['chat.responses', 'chat.anthropic', 'chat.openai', 'chat.native'])(
    'says of %s what it should, and all else as it did',
    (operation) => {
      fc.assert(
        fc.property(body, (before) => {
          const after = told(operation, before)
          expect(JSON.parse(after)).toEqual(expected(operation, before))
          expectFewChanges(tokensOf(before), tokensOf(after))
        }),
        { numRuns: 1_000 },
      )
    },
  )
})
