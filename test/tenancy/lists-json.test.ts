import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { elementsOf, fieldsOf, objectText, rawOf, stringOf, without } from '../../src/tenancy/lists-json.ts'

const key = fc.oneof(fc.string(), fc.constantFrom('id', 'file', 'a"b', 'a\\', '{', ',', ':', ']'))
const document = fc.dictionary(key, fc.jsonValue())
const space = fc.constantFrom(undefined, 0, 1, 2, '\t')

/** A field that JavaScript treats as a prototype parses to nothing that could be compared. */
const isPlain = (value: object): boolean => !Object.hasOwn(value, '__proto__')

describe('the parts of a JSON object', () => {
  it('are what a parser finds', () => {
    fc.assert(
      fc.property(document.filter(isPlain), space, (value, indent) => {
        const text = objectText(Buffer.from(` ${JSON.stringify(value, null, indent)}\n`)) ?? ''
        const found = fieldsOf(text).map(({ name, raw }): [string, unknown] => [name, JSON.parse(raw)])
        expect(Object.fromEntries(found)).toEqual(JSON.parse(text))
        for (const { name, raw } of fieldsOf(text)) expect(rawOf(text, name)).toBe(raw)
      }),
    )
  })

  it('lose one field and nothing else', () => {
    fc.assert(
      fc.property(document.filter(isPlain), key, space, (value, name, indent) => {
        const rest: unknown = JSON.parse(without(JSON.stringify(value, null, indent), name))
        const expected = Object.entries(value).filter(([key]) => key !== name)
        expect(rest).toEqual(JSON.parse(JSON.stringify(Object.fromEntries(expected))))
      }),
    )
  })

  it('of an array are its elements', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), space, (value, indent) => {
        const found = elementsOf(JSON.stringify(value, null, indent))?.map((raw): unknown => JSON.parse(raw))
        expect(found).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it('are written as they were: long numbers, spaces and escapes', () => {
    const text = '{"a" : 12345678901234567890.10 ,"b":[ 1.0,"\\u0041\\"" ], "a\\u0062":1e2}'
    expect(fieldsOf(text)).toEqual([
      { name: 'a', raw: '12345678901234567890.10' },
      { name: 'b', raw: '[ 1.0,"\\u0041\\"" ]' },
      { name: 'ab', raw: '1e2' },
    ])
    expect(without(text, 'ab')).toBe('{"a":12345678901234567890.10,"b":[ 1.0,"\\u0041\\"" ]}')
  })

  it('are the last of that name, as parsers have it', () => {
    expect(rawOf('{"a":1,"a":2}', 'a')).toBe('2')
  })
})

describe('what is no JSON object', () => {
  it.each(['', '[]', '1', '"{}"', '{', '{"a":1', '{"a":1}}', '{a:1}', '<html>', 'null'])(
    'has no text: %s',
    (text) => {
      expect(objectText(Buffer.from(text))).toBeUndefined()
    },
  )

  it('nor has one that is too large for a list', () => {
    expect(objectText(Buffer.from(`{"a":"${'x'.repeat(4 * 1024 * 1024)}"}`))).toBeUndefined()
  })

  it('has no parts', () => {
    expect(elementsOf('{"a":1}')).toBeUndefined()
    expect(elementsOf(undefined)).toBeUndefined()
    expect(stringOf('1')).toBeUndefined()
  })
})
