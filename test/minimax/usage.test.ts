import { describe, expect, it } from 'vitest'
import { estimate, requestFacts, type Reading } from '../../src/minimax/meters.ts'
import { OTHER, type Value } from '../../src/minimax/meter-value.ts'
import { billedCharacters } from '../../src/minimax/characters.ts'
import { countOf, secondsOf, tokensIn, tokensOfBytes, usageOf } from '../../src/minimax/usage.ts'
import type { Usage } from '../../src/minimax/units.ts'

describe('a count', () => {
  it.each([0, 5, 1e9])('of %d is one', (value) => {
    expect(countOf(value)).toBe(value)
  })

  it.each<Value>([-1, 0.5, 1e18, Infinity, NaN, '', ' 5', '5.0', '0x5', true, OTHER])(
    'is not %s',
    (value) => {
      expect(countOf(value)).toBeNaN()
    },
  )

  it('may be absent, or digits', () => {
    expect([countOf(undefined), countOf(null), countOf('007')]).toEqual([undefined, undefined, 7])
  })

  it('of seconds has three decimals', () => {
    expect([secondsOf(26.32549), secondsOf('12.7440001'), secondsOf(null)]).toEqual([
      26.325,
      12.744,
      undefined,
    ])
    expect(secondsOf(-0.001)).toBeNaN()
    expect(secondsOf('soon')).toBeNaN()
  })
})

describe('a usage', () => {
  it('names only what was billed', () => {
    expect(usageOf({ images: 3, voices: 0, songs: undefined })).toEqual({ images: 3 })
    expect(usageOf({ images: 3, voices: NaN })).toBe('wrong')
  })

  it('has disjoint tokens', () => {
    expect(
      tokensIn({
        input_tokens: 1,
        cached_tokens: 20,
        cache_write_tokens: 300,
        output_tokens: 4000,
        images: 9,
      }),
    ).toBe(4321)
  })

  it('is estimated by bytes and by billed characters', () => {
    expect([tokensOfBytes(-3), tokensOfBytes(0), tokensOfBytes(1), tokensOfBytes(8)]).toEqual([0, 0, 1, 2])
    expect(billedCharacters('aé世ア한😀。')).toBe(11)
  })
})

describe('an estimate', () => {
  const reading = (usage: Usage | null, tokens: number, rest: Partial<Reading> = {}): Reading => ({
    usage,
    model: null,
    serviceTier: null,
    resolution: null,
    failure: undefined,
    isComplete: false,
    isReadable: true,
    hasEnded: false,
    delivered: { characters: 0, bytes: tokens * 4, frames: 1, tokens },
    ...rest,
  })
  const prompt = (tokens: number) => ({ ...requestFacts('chat.anthropic', null), promptTokens: tokens })

  it('is the usage, where that is final', () => {
    expect(estimate(reading({ input_tokens: 5 }, 100, { isComplete: true }), prompt(1))).toEqual({
      input_tokens: 5,
    })
  })

  it('is the prompt and the text that was delivered', () => {
    expect(estimate(reading(null, 20), prompt(100))).toEqual({ input_tokens: 100, output_tokens: 20 })
    expect(estimate(reading(null, 0), prompt(100))).toEqual({ input_tokens: 100 })
  })

  it('believes the start of a message about the prompt, where it can be true', () => {
    const split = { input_tokens: 236, cached_tokens: 38308, cache_write_tokens: 7149 }
    expect(estimate(reading(split, 20), prompt(44_000))).toEqual({ ...split, output_tokens: 20 })
    expect(estimate(reading({ input_tokens: 2731 }, 20), prompt(11_000))).toEqual({
      input_tokens: 11_000,
      output_tokens: 20,
    })
    expect(estimate(reading({ cached_tokens: 1365 }, 20), prompt(1400))).toEqual({
      input_tokens: 1365,
      output_tokens: 20,
    })
  })

  it('is nothing for an answer that ended without a word, and for a call that failed', () => {
    expect(estimate(reading(null, 0, { hasEnded: true }), prompt(100))).toEqual({})
    const failure = { code: 1027, outcome: 'provider_rejected', notAccepted: false } as const
    expect(estimate(reading({ cached_tokens: 1365 }, 20, { failure }), prompt(100))).toEqual({})
  })

  it('is what was asked for, where nothing else is known', () => {
    const facts = requestFacts('image.create', Buffer.from('{"n":4}'))
    expect(estimate(reading(null, 0), facts)).toEqual({ images: 4 })
    expect(estimate(reading({ audio_seconds: 6.1 }, 0), requestFacts('transcription.create', null))).toEqual({
      audio_seconds: 6.1,
    })
    const speech = requestFacts('speech.async.create', Buffer.from('{"text":"hello"}'))
    expect(estimate(reading(null, 0), speech)).toEqual({ characters: 5 })
    expect(estimate(reading(null, 0), { ...speech, operation: 'speech.sync' })).toEqual({})
  })
})
