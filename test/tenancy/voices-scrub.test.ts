import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VoiceNames } from '../../src/tenancy/voices.ts'

const names = new VoiceNames(Buffer.alloc(32, 7))
const LONG = `n${'o'.repeat(255)}`
const own = (name: string): string => names.upstreamOf('user-1', name)
const scrub = (text: string, known: readonly string[] = []): string =>
  names.scrubNames(Buffer.from(text), 'user-1', known).toString()

describe('a document that names voices as MiniMax knows them', () => {
  it.each([
    ['the text of an error', `voice ${own('narrator')} not found`, 'voice narrator not found'],
    ['an echo', `{"voice_id":"${own('narrator')}"}`, '{"voice_id":"narrator"}'],
    ['a line break that is escaped', `"\\n${own('narrator')}"`, '"\\nnarrator"'],
    ['two voices', `${own('narrator')}, ${own('my-voice_2')}!`, 'narrator, my-voice_2!'],
    ['two voices without a gap', `${own('narrator')}${own('my-voice_2')}`, 'narratormy-voice_2'],
    ['a name that is cut off', own('narrator').slice(0, -3), 'narra'],
    ['the pseudonym alone', own('narrator').slice(0, 21), ''],
    ['text of several bytes', `„${own('narrator')}“`, '„narrator“'],
  ])('says them as their user does: %s', (_what, text, expected) => {
    expect(scrub(text)).toBe(expected)
  })

  it('says also a name that was too long to be carried, where the call knows it', () => {
    expect(scrub(`no ${own(LONG)}.`, ['narrator', LONG])).toBe(`no ${LONG}.`)
    expect(scrub(`no ${own(LONG)}.`)).toBe(`no ${own(LONG).slice(22)}.`)
  })

  it('goes back whatever stands around the names', () => {
    // Without letters and digits: the text around must not look like a part of a name.
    const around = fc.string({ unit: fc.constantFrom(...Array.from(' "{}:,\\\n„')), maxLength: 20 })
    fc.assert(
      fc.property(fc.array(fc.tuple(around, fc.constantFrom('narrator', 'my-voice_2', LONG))), (parts) => {
        const upstream = parts.map(([text, name]) => text + own(name)).join('')
        expect(scrub(upstream, [LONG])).toBe(parts.flat().join(''))
      }),
    )
  })

  it('is the very buffer when it names none of the user', () => {
    const texts = ['', 'narrator', names.upstreamOf('user-2', 'narrator'), own('narrator').slice(0, 20)]
    for (const text of texts) {
      const bytes = Buffer.from(text)
      expect(names.scrubNames(bytes, 'user-1', [LONG])).toBe(bytes)
    }
  })
})
