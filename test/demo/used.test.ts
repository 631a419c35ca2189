import { describe, expect, it } from 'vitest'
import { aligned, money, usageOfAll, used } from '../../emulator/demo/used.ts'

describe('what the demo shows of a usage', () => {
  it.each([
    [{}, '–'],
    [{ output_tokens: 28, input_tokens: 64 }, '64 in, 28 out'],
    [{ input_tokens: 0, cached_tokens: 5 }, '5 cached'],
    [{ characters: 1234 }, '1,234 characters'],
    [{ images: 1 }, '1 image'],
    [{ images: 2 }, '2 images'],
    [{ video_seconds: 6 }, '6 s'],
    [{ audio_seconds: 3.024 }, '3.024 s'],
  ])('%j is %s', (usage, shown) => {
    expect(used(usage)).toBe(shown)
  })

  it('adds up without the errors of fractions', () => {
    expect(usageOfAll([{ audio_seconds: 0.1 }, { audio_seconds: 0.2, voices: 1 }, {}])).toEqual({
      audio_seconds: 0.3,
      voices: 1,
    })
  })

  it.each([
    [123_000n, 'USD', '$0.000123'],
    [2_000_000_000n, 'CNY', '¥2'],
    [1n, 'EUR', 'EUR 0.000000001'],
  ])('%s of %s is %s', (nano, currency, shown) => {
    expect(money(nano, currency)).toBe(shown)
  })

  it('brings the points of amounts together', () => {
    expect(aligned(['$0.4', '$12.25', '$3', '–'])).toEqual(['$0.4 ', '$12.25', '$3   ', '–   '])
  })
})
