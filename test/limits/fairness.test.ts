import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TurnsKit } from './turns-kit.ts'

const USERS = ['a', 'b', 'c', 'd']

type Step =
  | { readonly kind: 'ask'; readonly user: string }
  | { readonly kind: 'end' | 'leave'; readonly which: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'noticed'; readonly code: number }

const user = fc.constantFrom(...USERS)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('ask' as const), user }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('end' as const, 'leave' as const), which: fc.nat() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 3_000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('noticed' as const), code: fc.constantFrom(1002, 1041, 2013) }),
  },
)

function take(kit: TurnsKit, given: Step): void {
  switch (given.kind) {
    case 'ask':
      kit.ask(given.user)
      return
    case 'end':
    case 'leave': {
      const calls = given.kind === 'end' ? kit.underWay() : kit.waiting()
      calls[given.which % Math.max(1, calls.length)]?.end()
      return
    }
    case 'pass':
      kit.pass(given.ms)
      return
    case 'noticed':
      kit.turns.noticed('main', '', given.code)
  }
}

const limits = fc.record({
  concurrency: fc.constantFrom(0, 1, 2, 5),
  requestsPerMinute: fc.constantFrom(0, 1, 30, 600),
  queueTimeMs: fc.constantFrom(1_000, 5_000, 100_000),
})

/** The pieces in which a user's calls went, by number: what was asked first goes first. */
function expectOrder(kit: TurnsKit): void {
  for (const name of USERS) {
    const numbers = kit.went.filter((call) => call.user === name).map(({ number }) => number)
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
  }
}

describe('whatever happens in whatever order', () => {
  it('no more is under way than allowed, users go in their own order, and each hears once', () => {
    fc.assert(
      fc.property(limits, fc.array(step, { maxLength: 120 }), (options, steps) => {
        const kit = new TurnsKit(options)
        for (const given of steps) {
          take(kit, given)
          if (options.concurrency > 0) expect(kit.underWay().length).toBeLessThanOrEqual(options.concurrency)
          expect(kit.turns.waiting).toBe(kit.waiting().length)
          for (const call of kit.asked) expect(call.heard.length).toBeLessThanOrEqual(1)
        }
        // In the end each has heard, except who has left before; and nobody goes who has left.
        kit.pass(options.queueTimeMs)
        for (const call of kit.asked) expect(call.heard.length).toBe(call.isLeft ? 0 : 1)
        expect([kit.turns.waiting, kit.timers.size]).toEqual([0, 0])
        expectOrder(kit)
      }),
      { numRuns: 1_500 },
    )
  })

  it('no minute has more calls than allowed', () => {
    const gaps = fc.array(fc.tuple(user, fc.integer({ min: 0, max: 2_000 })), {
      minLength: 50,
      maxLength: 300,
    })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), gaps, (requestsPerMinute, asks) => {
        const kit = new TurnsKit({ requestsPerMinute })
        for (const [name, ms] of asks) {
          kit.ask(name)
          kit.pass(ms)
        }
        const starts = kit.went.map(({ wentAt }) => wentAt)
        starts.forEach((at, index) => {
          const later = starts[index + requestsPerMinute]
          if (later !== undefined) expect(later - at).toBeGreaterThan(59_999)
        })
      }),
      { numRuns: 300 },
    )
  })
})

describe('the share', () => {
  it('of users who all wait is the same within one call, whoever came in whatever order', () => {
    const arrivals = fc.array(user, { minLength: 1, maxLength: 200 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), arrivals, fc.nat(200), (concurrency, asks, ends) => {
        const kit = new TurnsKit({ concurrency, queueTimeMs: 100_000 })
        for (let count = 0; count < concurrency; count++) kit.ask('first')
        for (const name of asks) kit.ask(name)
        const from = kit.went.length
        for (let count = 0; count < ends; count++) {
          kit.underWay()[0]?.end()
          const shares = kit
            .waiting()
            .map(({ user: name }) => name)
            .filter((name, index, all) => all.indexOf(name) === index)
            .map((name) => kit.went.slice(from).filter((call) => call.user === name).length)
          const most = Math.max(
            ...USERS.map((name) => kit.went.slice(from).filter((call) => call.user === name).length),
          )
          for (const share of shares) expect(most - share).toBeLessThanOrEqual(1)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('of a quiet user is not touched by a flood', () => {
    const kit = new TurnsKit({ requestsPerMinute: 600 })
    const quiet = []
    for (let ms = 0; ms < 120_000; ms += 50) {
      // 20 calls a second by one, where 10 are allowed for all; the other asks for one a second.
      kit.ask('flood')
      if (ms % 1_000 === 0) quiet.push(kit.ask('quiet'))
      kit.pass(50)
      for (const call of kit.underWay()) call.end()
    }
    kit.pass(1_000)
    const waits = quiet.map(({ wentAt }, second) => wentAt - (1_000 + second * 1_000))
    expect(quiet.every(({ heard }) => heard[0] === null)).toBe(true)
    expect(Math.max(...waits)).toBeLessThan(300)
    expect(kit.refusals).toContain('own_queue')
    const refused = kit.asked.filter(({ error }) => error !== null)
    expect(refused.every(({ user: name }) => name === 'flood')).toBe(true)
  })
})
