import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { billedCharacters, billedCharactersIn } from '../../src/minimax/characters.ts'

const counted = (json: string): number => {
  const bytes = Buffer.from(` ${json} `)
  return billedCharactersIn(bytes, 1, bytes.length - 1)
}

describe('characters as speech bills them', () => {
  it.each([
    ['', 0],
    ['Hello', 5],
    ['你好', 4],
    ['a你b', 4],
    ['é', 1],
    ['ｶﾅ', 4],
    ['😀', 1],
    ['𠀀', 2],
  ])('%j are %i', (text, characters) => {
    expect(billedCharacters(text)).toBe(characters)
    expect(counted(JSON.stringify(text))).toBe(characters)
  })

  it.each([
    [String.raw`"\u4f60"`, 2],
    [String.raw`"\ud840\udc00"`, 2],
    [String.raw`"\ud83d\ude00"`, 1],
    [String.raw`"\ud83dx"`, 2],
    [String.raw`"\n\"\\"`, 3],
    ['12', 0],
    ['null', 0],
  ])('%s are %i where they stand', (json, characters) => {
    expect(counted(json)).toBe(characters)
  })

  it('are as many in the bytes as in the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(counted(JSON.stringify(text))).toBe(billedCharacters(text))
      }),
    )
  })
})
