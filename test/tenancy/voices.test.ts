import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomBase62 } from '../../src/lib/ids.ts'
import { VoiceNames } from '../../src/tenancy/voices.ts'

const names = new VoiceNames(Buffer.alloc(32, 7))
/** MiniMax's own rule (api-reference/voice-cloning-clone). */
const RULE = /^[A-Za-z][A-Za-z0-9_-]{6,254}[A-Za-z0-9]$/

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
const sign = fc.constantFrom(...Array.from(`${letters}0123456789_-`))
/** Any name that MiniMax would take, the longest included. */
const taken = fc
  .tuple(
    fc.constantFrom(...Array.from(letters)),
    fc.string({ unit: sign, minLength: 6, maxLength: 254, size: 'max' }),
    fc.constantFrom(...Array.from(`${letters}0123456789`)),
  )
  .map((parts) => parts.join(''))
const user = fc.oneof(fc.string(), fc.constantFrom('user-1', 'user-2', 'u', ''))

describe('the name that MiniMax knows a voice by', () => {
  it('is one that MiniMax takes, whatever the user and the name', () => {
    fc.assert(
      fc.property(user, fc.oneof(taken, fc.string()), (userId, name) => {
        const upstream = names.upstreamOf(userId, name)
        expect(upstream).toMatch(RULE)
        expect(names.isOurs(upstream)).toBe(true)
      }),
    )
  })

  it('is the same for the same user and name, also after a restart', () => {
    fc.assert(
      fc.property(user, taken, (userId, name) => {
        const again = new VoiceNames(Buffer.alloc(32, 7))
        expect(again.upstreamOf(userId, name)).toBe(names.upstreamOf(userId, name))
      }),
    )
    expect(names.upstreamOf('user-1', 'narrator')).toMatch(/^u[a-z2-7]{20}_narrator$/)
  })

  it('is never that of another user or another name', () => {
    const few = fc.oneof(taken, fc.constantFrom('narrator', 'n', '', 'a b', 'narrator_', 'n'.repeat(235)))
    fc.assert(
      fc.property(user, few, user, few, (userA, nameA, userB, nameB) => {
        const same = names.upstreamOf(userA, nameA) === names.upstreamOf(userB, nameB)
        expect(same).toBe(userA === userB && nameA === nameB)
      }),
    )
  })

  it('cannot be made by moving characters from the user to the name', () => {
    const long = 'n'.repeat(250)
    expect(names.upstreamOf('a', `b${long}`)).not.toBe(names.upstreamOf('ab', long))
    expect(names.upstreamOf('voice-name:1:a', long)).not.toBe(names.upstreamOf('a', long))
  })

  it('cannot be made from the hash that stands for a longer name', () => {
    const hashed = names.upstreamOf('user-1', 'n'.repeat(256))
    expect(names.upstreamOf('user-1', hashed.slice(22))).not.toBe(hashed)
    expect(hashed).toHaveLength(74)
  })

  it('does not show the user, and depends on the secret', () => {
    const other = new VoiceNames(Buffer.alloc(32, 8))
    expect(names.upstreamOf('user-1', 'narrator')).not.toContain('user-1')
    expect(other.upstreamOf('user-1', 'narrator')).not.toBe(names.upstreamOf('user-1', 'narrator'))
  })
})

describe('the way back', () => {
  it('gives the name to its user, and to nobody else', () => {
    fc.assert(
      fc.property(user, user, taken, (userId, other, name) => {
        const upstream = names.upstreamOf(userId, name)
        expect(names.nameOf(userId, upstream)).toBe(name.length <= 234 ? name : undefined)
        if (other !== userId) expect(names.nameOf(other, upstream)).toBeUndefined()
      }),
    )
  })

  it.each([
    [234, true],
    [235, false],
    [256, false],
  ])('of a name of %i characters is known without a table: %s', (length, isCarried) => {
    const name = `n${'-'.repeat(length - 2)}1`
    const upstream = names.upstreamOf('user-1', name)
    expect(names.nameOf('user-1', upstream)).toBe(isCarried ? name : undefined)
    expect(upstream.length).toBeLessThanOrEqual(256)
  })

  it.each(['', 'narrator', 'Wise_Woman', 'u_narrator', 'universal_narrator'])(
    'does not begin at %j, which is not ours',
    (upstream) => {
      expect(names.isOurs(upstream)).toBe(false)
      expect(names.nameOf('user-1', upstream)).toBeUndefined()
    },
  )
})

describe('a name of the gateway for a designed voice', () => {
  it('looks as MiniMax itself names them', () => {
    const at = Date.UTC(2025, 7, 20, 11, 32, 11, 257)
    const name = names.newName({ now: () => at }, (length) => '2uEN0X1S'.slice(0, length))
    expect(name).toBe('ttv-voice-2025082011321125-2uEN0X1S')
  })

  it('is one that a user could choose', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (at) => {
        const name = names.newName({ now: () => at }, randomBase62)
        expect(name).toMatch(/^ttv-voice-\d{16}-[0-9A-Za-z]{8}$/)
        expect(() => names.checkName(name, () => false)).not.toThrow()
      }),
    )
  })
})
