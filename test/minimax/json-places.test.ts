import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonString, replaceValues } from '../../src/minimax/json-edits.ts'
import { findValues, type FoundValue } from '../../src/minimax/json-places.ts'
import { isObject, isObjectText, NAMES, objectTexts, scalar } from './json-texts.ts'

const PATHS = [
  'file_id',
  'voice_setting.voice_id',
  'timbre_weights[].voice_id',
  'task.id',
  'items[].id',
  'task_ids[]',
]

function find(text: string, paths: readonly string[] = PATHS): readonly FoundValue[] | undefined {
  return findValues(Buffer.from(text), paths)
}

/** What was found, as `path=text`; `path!` for what is mistyped. */
function brief(found: readonly FoundValue[] | undefined): string[] | undefined {
  return found?.map(({ path, text, isMistyped }) => (isMistyped ? `${path}!` : `${path}=${text}`))
}

describe('values at declared paths', () => {
  it.each([
    ['{}', []],
    ['{"file_id":"12"}', ['file_id=12']],
    ['{"file_id":12}', ['file_id=12']],
    ['{"file_id":123456789012345678901234567890}', ['file_id=123456789012345678901234567890']],
    [' {\n"file_id" : 0\t} ', ['file_id=0']],
    ['{"task":{"id":"a"},"id":"b"}', ['task.id=a']],
    [
      '{"timbre_weights":[{"voice_id":"a"},{"weight":1},{"weight":1,"voice_id":"b"}]}',
      ['timbre_weights[].voice_id=a', 'timbre_weights[].voice_id=b'],
    ],
    ['{"task_ids":["a",7]}', ['task_ids[]=a', 'task_ids[]=7']],
    ['{"x":{"file_id":"1"},"y":[{"file_id":"2"}]}', []],
    [String.raw`{"file\u005fid":"a\u0062"}`, ['file_id=ab']],
    [String.raw`{"x":"\"","y":"\\","file_id":"a"}`, ['file_id=a']],
    ['{"file_id":null,"task":null,"voice_setting":{"voice_id":""},"items":""}', []],
  ])('are read from %s', (text, expected) => {
    expect(brief(find(text))).toEqual(expected)
  })

  it('are all reported where a name stands twice', () => {
    const text = '{"file_id":"a","file_id":"b","task":{"id":"c"},"task":{"id":"d","id":"e"}}'
    expect(brief(find(text))).toEqual(['file_id=a', 'file_id=b', 'task.id=c', 'task.id=d', 'task.id=e'])
  })

  it.each(['1e3', '12.0', '-1', '-0', 'true', 'false', '{}', '{"a":1}', '[]', '["12"]', '"\\q"'])(
    'are mistyped when they are %s',
    (value) => {
      expect(brief(find(`{"file_id":${value}}`))).toEqual(['file_id!'])
    },
  )

  it.each([
    ['an array in place of an object', '{"task":[{"id":"a"}]}', 'task.id!'],
    ['an object in place of an array', '{"items":{"id":"a"}}', 'items[].id!'],
    ['a text in place of an object', '{"task":"{}"}', 'task.id!'],
    ['a list in a list', '{"items":[[{"id":"a"}]]}', 'items[].id!'],
    ['a name in another case', '{"task":{"ID":"a"}}', 'task.id!'],
    ['a name with a long s', '{"voice_ſetting":{"voice_id":"a"}}', 'voice_setting.voice_id!'],
    ['a name in another case, in escapes', String.raw`{"\u0054ask":{"id":"a"}}`, 'task.id!'],
  ])('are mistyped behind %s', (_, text, expected) => {
    expect(brief(find(text))).toEqual([expected])
  })

  it('tell where they stand, quotes included', () => {
    const bytes = Buffer.from('{"é":"é","file_id": "ü" ,"task":{"id":42}}')
    const ranges = findValues(bytes, PATHS)?.map(({ start, end }) => bytes.toString('utf8', start, end))
    expect(ranges).toEqual(['"ü"', '42'])
  })

  it('are found behind a megabyte of audio', () => {
    const text = `{"data":{"audio":"${'0a9f'.repeat(250_000)}","x":"${'\\\\'.repeat(1000)}"},"file_id":"7"}`
    expect(brief(find(text))).toEqual(['file_id=7'])
  })

  it('may share their beginning', () => {
    const paths = ['task', 'task.id', 'task[].id']
    expect(brief(find('{"task":{"id":"a"}}', paths))).toEqual(['task.id=a', 'task!'])
    expect(brief(find('{"task":[{"id":"a"}]}', paths))).toEqual(['task[].id=a', 'task!'])
    expect(brief(find('{"task":"t"}', paths))).toEqual(['task=t', 'task.id!', 'task[].id!'])
  })
})

describe('what is not one whole object', () => {
  it.each([
    '',
    ' ',
    '[]',
    '"file_id"',
    'null',
    '12',
    '{}{}',
    '{} x',
    '\uFEFF{}',
    '{"a":1,}',
    '{,}',
    '{"a"}',
    '{"a":}',
    '{"a" 1}',
    '{a:1}',
    '{"a":[1,]}',
    '{"a":[1 2]}',
    '{"a":[}',
    '{"a":01}',
    '{"a":1.}',
    '{"a":.5}',
    '{"a":+1}',
    '{"a":1e}',
    '{"a":-}',
    '{"a":nul}',
    '{"a":True}',
    '{"a":"x}',
    '{"a":"x\\"}',
  ])('is not read: %j', (text) => {
    expect(isObjectText(text)).toBe(false)
    expect(find(text)).toBeUndefined()
  })

  it('is nested at most 64 levels deep', () => {
    const deep = (levels: number): string => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`
    expect(find(deep(64))).toEqual([])
    expect(find(deep(65))).toBeUndefined()
    expect(find('{"a":'.repeat(100_000))).toBeUndefined()
  })

  it('is not read wherever it is cut off', () => {
    fc.assert(
      fc.property(objectTexts(NAMES), fc.nat(), (text, at) => {
        const bytes = Buffer.from(text.trimEnd())
        expect(findValues(bytes.subarray(0, at % bytes.length), PATHS)).toBeUndefined()
      }),
    )
  })

  it('is what JSON.parse refuses', () => {
    const edits = fc.tuple(
      fc.nat(),
      fc.boolean(),
      fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '0', '-', '.', 'e', '1', ' '),
    )
    fc.assert(
      fc.property(fc.object({ maxDepth: 3 }), fc.array(edits, { maxLength: 2 }), (document, changes) => {
        let text = JSON.stringify(document).replaceAll('\\', '')
        for (const [where, isMore, piece] of changes) {
          const at = where % (text.length + 1)
          text = isMore ? text.slice(0, at) + piece + text.slice(at) : text.slice(0, at) + text.slice(at + 1)
        }
        expect(find(text) !== undefined).toBe(isObjectText(text))
      }),
      { numRuns: 500 },
    )
  })
})

/** None of them ends where another passes through. */
const declared = fc.subarray(
  [
    'id',
    'file_id',
    'voice_setting.file_id',
    'voice_setting.id',
    'items[].id',
    'items[].task.file_id',
    'task[][]',
    'ä😀.items[].id',
  ],
  { minLength: 1 },
)

/** Documents in which most of the paths lead to something. */
const shaped = fc
  .tuple(scalar, scalar, scalar, scalar, scalar, objectTexts(NAMES))
  .map(
    ([a, b, c, d, e, other]) =>
      `{"items":[{"id":${a}, "task":{"file_id":${b}}},${other}],"x":${other},"voice_setting" : ` +
      `{"file_id":${c},"y":[${other}],"id":${d}},"task":[[${e},${a}],${other}],"ä😀":{"items":[{"id":${b}}]}}`,
  )
const documents = fc.oneof(objectTexts(NAMES), shaped)

/** One value that a path leads to, or is kept from leading to, in a document that JSON.parse has read. */
interface Expected {
  readonly line: string
  readonly replace: (value: string) => void
}

function expectedAt(document: Record<string, unknown>, path: string): Expected[] {
  const walk = (value: unknown, steps: readonly string[], replace: (text: string) => void): Expected[] => {
    if (value === null || value === '') return []
    const [next, ...more] = steps
    const isPlain = typeof value === 'string' || (Number.isInteger(value) && Number(value) >= 0)
    const here = [{ line: lineOf(path, next !== undefined || !isPlain, value), replace }]
    if (next === undefined) return here
    if (next === '') {
      if (!Array.isArray(value)) return here
      const list: unknown[] = value
      return list.flatMap((item, at) => walk(item, more, (text) => void (list[at] = text)))
    }
    if (!isObject(value)) return here
    return walk(value[next] ?? null, more, (text) => void (value[next] = text))
  }
  const steps = path.replaceAll('[]', '.').split('.')
  return walk(document, steps, () => undefined)
}

function lineOf(path: string, isMistyped: boolean, value: unknown): string {
  return `${path}${isMistyped ? '!' : '='}${JSON.stringify(value)}`
}

function objectOf(text: string): Record<string, unknown> {
  const parsed: unknown = JSON.parse(text)
  if (!isObject(parsed)) throw new Error(`no object: ${text}`)
  return parsed
}

/** @returns the parts of the document that stand between the ranges */
function outside(
  bytes: Buffer,
  ranges: readonly { readonly start: number; readonly end: number }[],
): string[] {
  return [0, ...ranges.map(({ end }) => end)].map((from, at) =>
    bytes.toString('utf8', from, ranges[at]?.start ?? bytes.length),
  )
}

describe('in any document', () => {
  it('the values are those that JSON.parse finds', () => {
    fc.assert(
      fc.property(documents, declared, (text, paths) => {
        const bytes = Buffer.from(text)
        const found = (findValues(bytes, paths) ?? []).map((one) => {
          const raw = bytes.toString('utf8', one.start, one.end)
          const value: unknown = JSON.parse(raw)
          if (!one.isMistyped) expect(one.text).toBe(one.isString ? value : raw)
          return lineOf(one.path, one.isMistyped, value)
        })
        const expected = paths.flatMap((path) => expectedAt(objectOf(text), path)).map(({ line }) => line)
        expect(found.toSorted()).toEqual(expected.toSorted())
      }),
      { numRuns: 500 },
    )
  })

  it('they can be replaced, and nothing else changes', () => {
    fc.assert(
      fc.property(documents, declared, fc.string({ unit: 'grapheme' }), (text, paths, name) => {
        const bytes = Buffer.from(text)
        const found = findValues(bytes, paths) ?? []
        const ranges = [...new Map(found.map((one) => [one.start, one])).values()]
        const edits = ranges.map(({ start, end }) => ({ start, end, text: jsonString(name) }))
        const replaced = replaceValues(bytes, edits.toReversed())
        const expected = objectOf(text)
        for (const one of paths.flatMap((path) => expectedAt(expected, path))) one.replace(name)
        expect(objectOf(replaced.toString())).toEqual(expected)
        const inOrder = ranges.toSorted((a, b) => a.start - b.start)
        expect(replaced.toString()).toBe(outside(bytes, inOrder).join(jsonString(name).toString()))
      }),
      { numRuns: 500 },
    )
  })
})
