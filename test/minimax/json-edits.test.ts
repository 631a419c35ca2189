import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { insertField, jsonString, replaceValues } from '../../src/minimax/json-edits.ts'
import { NAMES, objectTexts } from './json-texts.ts'

const edit = (start: number, end: number, text: string): { start: number; end: number; text: Buffer } => ({
  start,
  end,
  text: Buffer.from(text),
})

describe('replacing ranges of a document', () => {
  const bytes = Buffer.from('0123456789')

  it.each([
    ['none', [], '0123456789'],
    ['one', [edit(3, 5, 'abc')], '012abc56789'],
    ['several in any order', [edit(8, 10, ''), edit(0, 1, 'x'), edit(4, 5, 'yy')], 'x123yy567'],
    ['neighbours', [edit(2, 4, 'b'), edit(0, 2, 'a')], 'ab456789'],
    ['an empty one', [edit(5, 5, '-')], '01234-56789'],
    ['all of it', [edit(0, 10, 'x')], 'x'],
  ])('takes %s', (_, edits, expected) => {
    expect(replaceValues(bytes, edits).toString()).toBe(expected)
    expect(bytes.toString()).toBe('0123456789')
  })

  it.each([
    ['overlap', [edit(0, 3, ''), edit(2, 4, '')]],
    ['lie outside', [edit(8, 11, '')]],
    ['end before they start', [edit(4, 3, '')]],
  ])('refuses ranges that %s', (_, edits) => {
    expect(() => replaceValues(bytes, edits)).toThrow('no range')
  })
})

describe('adding a field to an object', () => {
  it.each([
    ['{}', '{"a":"b"}'],
    [' { } ', ' {"a":"b" } '],
    ['{"x":12345678901234567890}', '{"a":"b","x":12345678901234567890}'],
    ['\n{\n "x": 1e2\n}', '\n{"a":"b",\n "x": 1e2\n}'],
  ])('makes it the first of %j', (text, expected) => {
    expect(insertField(Buffer.from(text), 'a', 'b').toString()).toBe(expected)
  })

  it('refuses what is no object', () => {
    expect(() => insertField(Buffer.from('[]'), 'a', 'b')).toThrow('object')
  })

  it('changes nothing else of any document', () => {
    fc.assert(
      fc.property(objectTexts(NAMES), fc.string({ unit: 'grapheme' }), (text, value) => {
        const made = insertField(Buffer.from(text), 'new', value).toString()
        expect(JSON.parse(made)).toEqual({ new: value, ...JSON.parse(text) })
        expect(made.replace(`"new":${JSON.stringify(value)}`, '').replace('{,', '{')).toBe(text)
      }),
    )
  })
})

describe('a JSON string', () => {
  it('means the text it was made of', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffff)), (units) => {
        const text = String.fromCharCode(...units)
        expect(JSON.parse(jsonString(text).toString())).toBe(text)
      }),
    )
  })
})
