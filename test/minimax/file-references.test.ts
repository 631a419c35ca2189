import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { referencesIn } from '../../src/minimax/file-references.ts'
import { isObject, objectTexts, spelt } from './json-texts.ts'

const idsIn = (text: string): (string | null)[] => referencesIn(Buffer.from(text)).map(({ id }) => id)
const idOf = (value: string): (string | null)[] => idsIn(`{"url":${value}}`)

describe('references to files', () => {
  it.each([
    ['"mm_file://123"', '123'],
    ['"mm_file://a-B_9"', 'a-B_9'],
    [String.raw`"mm_file:\/\/123"`, '123'],
    [String.raw`"\u006d\u006D_file://123"`, '123'],
    [String.raw`"mm\u005ffile\u003a//123"`, '123'],
    [String.raw`"mm_f\u0069l\u0065://1\u0032"`, '12'],
  ])('are read from %s', (value, id) => {
    expect(idOf(value)).toEqual([id])
  })

  it.each([
    '"MM_FILE://123"',
    '"mm_File://123"',
    '" mm_file://123"',
    '"mm_file://123 "',
    String.raw`"\n\u00a0mm_file://123"`,
    String.raw`"\u0000mm_file://123"`,
    String.raw`"\u200bmm_file://123"`,
    '"\uFEFFmm_file://123"',
    '"mm_file:123"',
    '"mm_file:/123"',
    '"mm_file://"',
    '"mm_file://1/2"',
    '"mm_file://1?x"',
    '"mm_file://1%32"',
    String.raw`"mm_file://12\n"`,
    String.raw`"\u004d\u004d\u005f\u0046\u0049\u004c\u0045\u003a//1"`,
    `"mm_file://${'1'.repeat(129)}"`,
  ])('have no id when they are written as %s', (value) => {
    expect(idOf(value)).toEqual([null])
  })

  it.each([
    '"see mm_file://123"',
    '"xmm_file://123"',
    '"mm-file://123"',
    '"mm_files://123"',
    '"m_file://123"',
    String.raw`"\\u006dm_file:"`,
    String.raw`"\"mm_file://123"`,
    String.raw`"\u4f60\u597d\u00e9"`,
    '"data:image/png;base64,mm_/"',
    '""',
    'null',
  ])('are not seen in %s', (value) => {
    expect(idOf(value)).toEqual([])
  })

  it('are found at any depth and in names', () => {
    const text = '{"a":[{"b":[["mm_file://1"]]}],"mm_file://2":{"c":"mm_file://3"},"d":"x"}'
    expect(idsIn(text)).toEqual(['1', '2', '3'])
  })

  it('tell where they stand, quotes included', () => {
    const bytes = Buffer.from('{"é":[ "mm_file://1" ]}')
    const ranges = referencesIn(bytes).map(({ start, end }) => bytes.toString('utf8', start, end))
    expect(ranges).toEqual(['"mm_file://1"'])
  })

  it('end with one that has no id when there are more than 1,000', () => {
    const list = (count: number): string => `{"a":[${Array(count).fill('"mm_file://1"').join()}]}`
    expect(idsIn(list(1000))).toEqual(Array(1000).fill('1'))
    const many = idsIn(list(5000))
    expect(many).toHaveLength(1001)
    expect(many.at(-1)).toBeNull()
  })

  it('are found behind text of any length that looks like them', () => {
    const filler = fc.constantFrom(
      '_',
      'mm_',
      'mm_file',
      'MM_FILE;',
      ':',
      'x',
      String.raw`\u4f60`,
      String.raw`\\`,
      'é_',
    )
    const reference = fc.constantFrom('mm_file://7', 'mm_f\\u0069le://7')
    fc.assert(
      fc.property(filler, fc.nat({ max: 2200 }), fc.nat({ max: 40 }), reference, (part, count, pad, url) => {
        const text = `{"a":"x${' '.repeat(pad)}${part.repeat(count)}","b":"${url}"}`
        expect(idsIn(text)).toEqual(['7'])
      }),
      { numRuns: 300 },
    )
  })
})

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(stringsOf)
  return isObject(value) ? Object.entries(value).flatMap(([name, item]) => [name, ...stringsOf(item)]) : []
}

function expectedOf(text: string): (string | null)[] {
  if (!text.trim().toLowerCase().startsWith('mm_file:')) return []
  return [/^mm_file:\/\/([A-Za-z0-9_-]+)$/.exec(text)?.[1] ?? null]
}

describe('in any document', () => {
  const part = fc.constantFrom(
    'mm_file:',
    'MM_',
    'mm_file://',
    'file:',
    '//',
    '12',
    ' ',
    '\n',
    '\\',
    '"',
    'x',
    '你',
    'é',
  )
  const strings = fc.array(part, { maxLength: 4 }).chain((parts) => spelt(parts.join('')))

  it('the references are those that JSON.parse finds', () => {
    const names = ['mm_file://9', 'Mm_file:', 'url', 'mm_', 'content']
    fc.assert(
      fc.property(objectTexts(names, strings), (text) => {
        const expected = stringsOf(JSON.parse(text)).flatMap(expectedOf)
        expect(idsIn(text).map(String).toSorted()).toEqual(expected.map(String).toSorted())
      }),
      { numRuns: 1000 },
    )
  })
})
