import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../src/errors.ts'
import { KeyHealth } from '../../src/proxy/key-health.ts'

const MINUTE = 60_000
const CHAT = { modality: 'chat', costs: true }
const FREE = { modality: 'chat', costs: false }
const VIDEO = { modality: 'video', costs: true }

function aKey(retryMs = MINUTE) {
  let now = 1_000
  const health = new KeyHealth({ now: () => now, monotonic: () => now }, retryMs)
  return {
    health,
    pass: (ms: number) => (now += ms),
    /** A call that begins now, and ends so. */
    hears(code: number | undefined, outcome: Outcome = 'ok', want = CHAT, more: object = {}) {
      health.heard({ outcome, code, status: 200, ...more }, want, now)
    },
    hearsFrom: (startedAt: number, code: number) =>
      health.heard({ outcome: 'provider_account', code, status: 200 }, CHAT, startedAt),
    standing: (want = CHAT) => health.standing(want, now),
    get now() {
      return now
    },
  }
}

describe('a key that MiniMax does not know', () => {
  it.each([1004, 2049])('is used after all others from %d on, until it is asked about', (code) => {
    const key = aKey()
    key.hears(code, 'provider_account')
    expect([key.standing(), key.health.state, key.health.probeDue(key.now)]).toEqual([
      'last',
      'doubted',
      'key',
    ])
    key.health.probed('key', 'bad')
    expect([key.standing(), key.health.state, key.health.probeDue(key.now)]).toEqual(['out', 'invalid', null])
  })

  it('is asked about after 1, 2, 4 … 30 minutes, until it is known', () => {
    const key = aKey()
    key.hears(1004, 'provider_account')
    key.health.probed('key', 'bad')
    for (const minutes of [1, 2, 4, 8, 16, 30, 30]) {
      key.pass(minutes * MINUTE - 1)
      expect(key.health.probeDue(key.now)).toBeNull()
      key.pass(1)
      expect(key.health.probeDue(key.now)).toBe('key')
      key.health.probed('key', minutes === 4 ? 'unknown' : 'bad')
    }
    key.pass(30 * MINUTE)
    key.health.probed('key', 'good')
    expect([key.standing(), key.health.state]).toEqual(['usable', 'usable'])
  })

  it('is usable again when a call works that began after it', () => {
    const key = aKey()
    key.hears(1004, 'provider_account')
    const startedBefore = key.now - 500
    key.health.heard({ outcome: 'ok', code: undefined, status: 200 }, CHAT, startedBefore)
    expect(key.health.state).toBe('doubted')
    key.pass(10)
    key.hears(undefined)
    expect(key.health.state).toBe('usable')
  })

  it('is asked about later where it is known and refuses calls all the same', () => {
    const key = aKey()
    key.hears(1004, 'provider_account')
    key.health.probed('key', 'good')
    key.hears(1004, 'provider_account')
    expect([key.standing(), key.health.probeDue(key.now)]).toEqual(['last', null])
    key.pass(MINUTE)
    expect(key.health.probeDue(key.now)).toBe('key')
  })

  it('is told by HTTP status 401 without a code as well', () => {
    const key = aKey()
    key.hears(undefined, 'provider_account', CHAT, { status: 401 })
    expect(key.health.state).toBe('doubted')
  })
})

describe('a key without balance', () => {
  it('is out for calls that cost, and tried after 1, 2, 4 … 30 minutes with one call', () => {
    const key = aKey()
    key.hears(1008, 'provider_account')
    expect([key.standing(), key.standing(VIDEO), key.standing(FREE)]).toEqual(['out', 'out', 'usable'])
    for (const minutes of [1, 2, 4, 8, 16, 30, 30]) {
      key.pass(minutes * MINUTE - 1)
      expect(key.health.probeDue(key.now)).toBeNull()
      key.pass(1)
      expect(key.health.probeDue(key.now)).toBe('balance')
      expect(key.standing()).toBe('out')
      key.health.probed('balance', 'unknown')
      expect(key.standing()).toBe('trial')
      const giveBack = key.health.beginTrial('chat')
      expect(key.standing()).toBe('out')
      giveBack()
      expect(key.standing()).toBe('trial')
      key.health.beginTrial('chat')
      key.hears(1008, 'provider_account')
      expect(key.standing()).toBe('out')
    }
    key.pass(30 * MINUTE)
    key.health.probed('balance', 'good')
    key.hears(undefined)
    expect(key.health.state).toBe('usable')
  })

  it('is not tried while MiniMax says that nothing is left', () => {
    const key = aKey()
    key.hears(1008, 'provider_account')
    key.pass(MINUTE)
    key.health.probed('balance', 'bad')
    expect([key.standing(), key.health.probeDue(key.now)]).toEqual(['out', null])
  })

  it('is refused once, however many calls were under way', () => {
    const key = aKey()
    const before = key.now
    key.pass(100)
    for (let call = 0; call < 20; call++) key.hearsFrom(before, 1008)
    key.pass(MINUTE)
    expect(key.health.probeDue(key.now)).toBe('balance')
  })

  it('is not known to be usable by a call that costs nothing', () => {
    const key = aKey()
    key.hears(1008, 'provider_account')
    key.pass(10)
    key.hears(undefined, 'ok', FREE)
    expect(key.health.state).toBe('spent')
  })
})

describe('a key whose plan is used up', () => {
  it('is out for that modality alone', () => {
    const key = aKey()
    key.hears(2056, 'provider_account', VIDEO)
    expect([key.standing(VIDEO), key.standing(CHAT)]).toEqual(['out', 'usable'])
    expect([key.health.state, key.health.spentFor]).toEqual(['spent', ['video']])
    key.pass(10)
    key.hears(undefined)
    expect(key.health.state).toBe('spent')
    key.pass(MINUTE)
    expect(key.standing(VIDEO)).toBe('trial')
    key.hears(undefined, 'ok', VIDEO)
    expect(key.health.state).toBe('usable')
  })
})

describe('a key that had too much', () => {
  it.each([1002, 1039, 1041, 2045])('is used after all others for a second from %d on', (code) => {
    const key = aKey()
    key.hears(code, 'provider_rate_limited')
    expect([key.standing(), key.health.state]).toEqual(['last', 'cooling'])
    key.pass(1000)
    expect([key.standing(), key.health.state]).toEqual(['usable', 'usable'])
  })

  it('is left alone longer each time, at most a minute', () => {
    const key = aKey()
    for (const seconds of [1, 2, 4, 8, 16, 32, 60, 60]) {
      key.hears(1002, 'provider_rate_limited')
      key.pass(seconds * 1000 - 1)
      expect(key.standing()).toBe('last')
      key.pass(1)
      expect(key.standing()).toBe('usable')
    }
    key.hears(undefined)
    key.hears(1002, 'provider_rate_limited')
    key.pass(1000)
    expect(key.standing()).toBe('usable')
  })

  it.each([
    [5_000, 5_000],
    [0, 1_000],
    [3_600_000, 60_000],
  ])('is left alone for what MiniMax asks for (%d ms), within bounds', (asked, waits) => {
    const key = aKey()
    key.hears(1002, 'provider_rate_limited', CHAT, { retryAfterMs: asked })
    key.pass(waits - 1)
    expect(key.standing()).toBe('last')
    key.pass(1)
    expect(key.standing()).toBe('usable')
  })
})

describe('a key', () => {
  it.each([1000, 2013, 2061, 1026, undefined])('is not blamed for %s', (code) => {
    const key = aKey()
    key.hears(code, 'provider_error')
    expect([key.standing(), key.health.state]).toEqual(['usable', 'usable'])
  })

  it.each([1004, 1008, 2056])('is used after all others when it is never to be left alone (%d)', (code) => {
    const key = aKey(0)
    key.hears(code, 'provider_account')
    expect([key.standing(), key.health.probeDue(key.now)]).toEqual(['last', null])
    key.pass(1)
    key.hears(undefined)
    expect(key.health.state).toBe('usable')
  })
})
