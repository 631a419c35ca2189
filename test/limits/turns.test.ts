import { describe, expect, it } from 'vitest'
import { TurnsKit, type Asked } from './turns-kit.ts'

function times<T>(count: number, make: (index: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

describe('without a limit', () => {
  it('every call goes at once, before its turn is handed out', () => {
    const kit = new TurnsKit()
    const calls = times(1_000, () => kit.ask('a'))
    expect(calls.every(({ heard }) => heard.length === 1 && heard[0] === null)).toBe(true)
    for (const call of calls) call.end()
    expect(kit.timers.size).toBe(0)
    expect(kit.waits).toEqual([])
  })

  it('a single refusal by MiniMax slackens nothing', () => {
    const kit = new TurnsKit()
    kit.turns.noticed('main', '', 1002)
    times(1_000, () => kit.ask('a'))
    expect(kit.went).toHaveLength(1_000)
  })
})

describe('users are served in turn', () => {
  it('whatever each of them has queued', () => {
    const kit = new TurnsKit({ concurrency: 1 })
    const first = kit.ask('a')
    times(30, () => kit.ask('a'))
    times(3, () => kit.ask('b'))
    times(2, () => kit.ask('c'))
    let last: Asked | undefined = first
    for (let count = 0; count < 10; count++) {
      last?.end()
      last = kit.went.at(-1)
    }
    expect(kit.users(1)).toBe('abcabcabaa')
  })

  it('also a user who comes late', () => {
    const kit = new TurnsKit({ concurrency: 1 })
    const first = kit.ask('a')
    times(60, () => kit.ask('a'))
    first.end()
    const late = kit.ask('b')
    kit.went.at(-1)?.end()
    kit.went.at(-1)?.end()
    expect(late.heard).toEqual([null])
  })

  it('in the order in which each of them came', () => {
    const kit = new TurnsKit({ concurrency: 1 })
    const calls = times(20, () => kit.ask('a'))
    for (let count = 0; count < 20; count++) kit.went.at(-1)?.end()
    expect(kit.went).toEqual(calls)
  })

  it('and a call that counts as three waits three turns', () => {
    const kit = new TurnsKit({ concurrency: 1 })
    kit.ask('x')
    times(3, () => kit.ask('a', { cost: 3 }))
    times(9, () => kit.ask('b'))
    for (let count = 0; count < 12; count++) kit.went.at(-1)?.end()
    expect(kit.users(1)).toBe('bbabbbabbbab'.slice(0, 12))
  })

  it('at each account by itself', () => {
    const kit = new TurnsKit({ concurrency: 1 })
    kit.ask('a', { account: 'one' })
    const waits = kit.ask('a', { account: 'one' })
    const goes = kit.ask('a', { account: 'two' })
    expect([waits.heard, goes.heard]).toEqual([[], [null]])
  })
})

describe('who waits', () => {
  it('may leave, and takes nothing with them', () => {
    const kit = new TurnsKit({ concurrency: 1 })
    const first = kit.ask('a')
    const gone = kit.ask('b')
    const next = kit.ask('c')
    gone.end()
    gone.end()
    first.end()
    expect([gone.heard, next.heard]).toEqual([[], [null]])
    expect(kit.turns.waiting).toBe(0)
  })

  it.each([
    ['who has calls of their own in the way is told so', 2, 'upstream_busy', 429, 'caller_rate_limited'],
    ['who has none hears that the gateway is overloaded', 1, 'overloaded', 503, 'gateway_overloaded'],
  ])('waits no longer than the queue time: %s', (_name, count, code, status, outcome) => {
    const kit = new TurnsKit({ concurrency: 1, queueTimeMs: 4_500 })
    kit.ask('a')
    const last = times(count, () => kit.ask('b')).at(-1)
    kit.pass(4_499)
    expect(last?.heard).toEqual([])
    kit.pass(1)
    expect(last?.heard).toEqual([code])
    expect([last?.error?.status, last?.error?.outcome, last?.error?.retryAfter]).toEqual([status, outcome, 5])
    expect(kit.refusals).toEqual(times(count, () => 'queue_time'))
  })

  it('is counted with the time of it', () => {
    const kit = new TurnsKit({ concurrency: 1 })
    const first = kit.ask('a')
    kit.ask('b')
    kit.pass(700)
    first.end()
    expect(kit.waits).toEqual([700])
  })

  it('is one of 64 of one user at most', () => {
    const kit = new TurnsKit({ concurrency: 1 })
    kit.ask('a')
    times(64, () => kit.ask('a'))
    const refused = kit.ask('a')
    const other = kit.ask('b')
    expect(refused.heard).toEqual(['upstream_busy'])
    expect(other.heard).toEqual([])
    expect(kit.refusals).toEqual(['own_queue'])
    refused.end()
    expect(kit.turns.waiting).toBe(65)
  })

  it('is one of 10,000 in all at most', () => {
    const kit = new TurnsKit({ concurrency: 1 })
    kit.ask('x')
    times(10_000, (index) => kit.ask(`user-${index % 200}`))
    const refused = kit.ask('late')
    expect(refused.heard).toEqual(['overloaded'])
    expect(refused.error?.retryAfter).toBe(5)
    kit.asked[1]?.end()
    expect(kit.ask('late').heard).toEqual([])
    kit.pass(5_000)
    expect(kit.turns.waiting).toBe(0)
  })

  it('is sent away when the gateway closes', () => {
    const kit = new TurnsKit({ concurrency: 1 })
    kit.ask('a')
    const calls = times(3, () => kit.ask('b'))
    kit.turns.close()
    expect(calls.map(({ heard }) => heard)).toEqual(times(3, () => ['draining']))
    expect([kit.timers.size, kit.turns.waiting]).toEqual([0, 0])
  })
})

describe('calls that end or begin while others are told to go', () => {
  it('lose nothing', () => {
    const kit = new TurnsKit({ concurrency: 2 })
    const first = [kit.ask('a'), kit.ask('a')]
    const inner: Asked[] = []
    const calls = times(20, (index) =>
      kit.ask(`user-${index % 3}`, {
        onGo: () => {
          inner.push(kit.ask('nested'))
          kit.went.find((call) => !call.isOver && call !== kit.went.at(-1))?.end()
        },
      }),
    )
    for (const call of first) call.end()
    for (let rounds = 0; rounds < 100; rounds++) kit.underWay()[0]?.end()
    for (const call of [...calls, ...inner]) expect(call.heard).toEqual([null])
  })

  it('do so however many there are', () => {
    const kit = new TurnsKit({ concurrency: 1 })
    const first = kit.ask('x')
    const calls = times(10_000, (index) => {
      const call = kit.ask(`user-${index % 200}`, { onGo: () => call.end() })
      return call
    })
    first.end()
    expect(calls.every(({ heard }) => heard[0] === null)).toBe(true)
    expect(kit.turns.waiting).toBe(0)
  })
})

describe('a turn', () => {
  it('that is ended twice makes room once', () => {
    const kit = new TurnsKit({ concurrency: 1 })
    const first = kit.ask('a')
    first.end()
    first.end()
    kit.ask('a')
    expect(kit.ask('b').heard).toEqual([])
  })

  it('is not taken by who comes later, even when the timer is late', () => {
    const kit = new TurnsKit({ requestsPerMinute: 1 })
    kit.ask('a')
    kit.pass(59_000)
    const waits = kit.ask('b')
    kit.now += 2_000
    const late = kit.ask('c')
    expect([waits.heard, late.heard]).toEqual([[null], []])
  })

  it('comes in time when room is made and the pace alone is in the way', () => {
    const kit = new TurnsKit({ concurrency: 1, requestsPerMinute: 60 })
    kit.ask('a').end()
    kit.ask('a').end()
    const last = kit.ask('a')
    const waits = kit.ask('b')
    last.end()
    expect(waits.heard).toEqual([])
    kit.pass(1_100)
    expect(waits.heard).toEqual([null])
  })
})

describe("the account's pace", () => {
  it.each([1, 5, 60, 500, 10_000])('of %i requests a minute is spread, and used', (perMinute) => {
    const kit = new TurnsKit({ requestsPerMinute: perMinute, queueTimeMs: 3_600_000 })
    const refill = (): void => {
      while (kit.turns.waiting < 60) kit.ask('a')
    }
    for (let second = 0; second < 120; second += 0.25) {
      refill()
      kit.pass(250)
    }
    const starts = kit.went.map(({ wentAt }) => wentAt)
    starts.forEach((at, index) => {
      const later = starts[index + perMinute]
      if (later !== undefined) expect(later - at).toBeGreaterThan(59_999)
    })
    expect(starts.length).toBeGreaterThanOrEqual(Math.min(2 * perMinute, 240 * 60) * 0.9)
  })

  it('is halved when MiniMax refuses, once a second at most, and grows again', () => {
    const rate = (kit: TurnsKit): number => {
      const from = kit.went.length
      for (let step = 0; step < 20; step++) {
        while (kit.turns.waiting < 30) kit.ask('a')
        kit.pass(250)
      }
      return kit.went.length - from
    }
    const kit = new TurnsKit({ requestsPerMinute: 600, queueTimeMs: 60_000 })
    rate(kit)
    const before = rate(kit)
    for (let count = 0; count < 5; count++) kit.turns.noticed('main', '', 1039)
    const halved = rate(kit)
    expect(halved / before).toBeGreaterThan(0.4)
    expect(halved / before).toBeLessThan(0.6)
    for (let count = 0; count < 60; count++) rate(kit)
    expect(rate(kit)).toBeGreaterThan(before * 0.95)
  })

  it('is left alone by failures of another kind', () => {
    const kit = new TurnsKit({ concurrency: 8 })
    for (const code of [0, 1000, 1004, 1008, 1026, 2013, 2056, 2205]) kit.turns.noticed('main', '', code)
    times(8, () => kit.ask('a'))
    expect(kit.went).toHaveLength(8)
  })

  it.each([1002, 1039, 1041, 2045])(
    'takes code %i for a limit on calls at a time where that alone is known',
    (code) => {
      const kit = new TurnsKit({ concurrency: 8 })
      kit.turns.noticed('main', '', code)
      times(8, () => kit.ask('a'))
      expect(kit.went).toHaveLength(4)
    },
  )

  it('is not learned from refusals of long ago', () => {
    const kit = new TurnsKit()
    times(9, () => kit.turns.noticed('main', '', 1002))
    kit.pass(60_000)
    times(9, () => kit.turns.noticed('main', '', 1002))
    times(200, () => kit.ask('a'))
    expect(kit.went).toHaveLength(200)
  })

  it('is learned from many refusals, and forgotten in time', () => {
    const kit = new TurnsKit()
    times(300, () => kit.ask('a').end())
    for (let count = 0; count < 60; count++) kit.turns.noticed('main', '', 1002)
    times(60, () => kit.ask('a'))
    const other = kit.ask('b')
    expect(other.heard).toEqual([])
    kit.pass(1_000)
    expect(other.heard).toEqual([null])
    kit.pass(600_000)
    const from = kit.went.length
    times(1_000, () => kit.ask('a'))
    expect(kit.went.length - from).toBe(1_000)
  })
})
