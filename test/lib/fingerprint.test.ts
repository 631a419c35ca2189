import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fingerprintOf } from '../../src/lib/fingerprint.ts'

describe('the fingerprint of bytes', () => {
  it('is the same for the same bytes, wherever they lie, and never 0', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(7), (bytes, offset) => {
        const moved = Buffer.concat([Buffer.alloc(offset, 1), bytes]).subarray(offset)
        expect(fingerprintOf(moved)).toBe(fingerprintOf(Buffer.from(bytes)))
        expect(fingerprintOf(moved)).toBeGreaterThan(0)
      }),
    )
  })

  it('is another when any byte of up to 2 KiB is another', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 2048 }), fc.nat(), (bytes, place) => {
        const other = Buffer.from(bytes)
        const at = place % other.length
        other[at] = (other[at] ?? 0) ^ 1
        expect(fingerprintOf(other)).not.toBe(fingerprintOf(Buffer.from(bytes)))
      }),
    )
  })

  it('tells a million numbered lines apart but for the few that chance allows', () => {
    const seen = new Set<number>()
    for (let line = 0; line < 1_000_000; line++)
      seen.add(fingerprintOf(Buffer.from(`{"text":"line ${line}"}`)))
    // By chance alone n²/2³³, that is 116, would meet another.
    expect(seen.size).toBeGreaterThan(999_500)
  })

  it.each([
    ['length', 100_000, 100_001, 0],
    ['head', 100_000, 100_000, 17],
    ['tail', 100_000, 100_000, 99_990],
  ])('of long bytes depends on their %s', (_, length, otherLength, at) => {
    const one = Buffer.alloc(length, 'a')
    const other = Buffer.alloc(otherLength, 'a')
    if (length === otherLength) other[at] = 1
    expect(fingerprintOf(other)).not.toBe(fingerprintOf(one))
  })
})
