import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TurnsKit, type Asked } from './turns-kit.ts'

const MODELS = {
  slow: { requestsPerMinute: 60, tokensPerMinute: 0 },
  wordy: { requestsPerMinute: 0, tokensPerMinute: 10_000 },
  both: { requestsPerMinute: 120, tokensPerMinute: 60_000 },
}

function times<T>(count: number, make: (index: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

/** How many of a user's calls of a model went. */
function share(kit: TurnsKit, user: string, model: string): number {
  return kit.went.filter((call) => call.user === user && call.model === model).length
}

describe('a model with limits of its own', () => {
  it.each([
    ['of requests', 'slow', 0, 3],
    ['of tokens', 'wordy', 100, 5],
    ['of both, whichever is tighter', 'both', 900, 3],
  ])('lets calls wait that are beyond them: %s', (_name, model, tokens, atOnce) => {
    const kit = new TurnsKit({ models: MODELS })
    times(30, () => kit.ask('a', { model, tokens }))
    expect(kit.went).toHaveLength(atOnce)
    expect(kit.turns.waiting).toBe(30 - atOnce)
  })

  it('holds up no call of another model, be it limited or not, nor at another account', () => {
    const kit = new TurnsKit({ models: MODELS })
    times(20, () => kit.ask('a', { model: 'slow' }))
    const others = [
      kit.ask('a', { model: 'free' }),
      kit.ask('a', { model: 'both' }),
      kit.ask('a', { model: '' }),
      kit.ask('a', { model: 'slow', account: 'second' }),
    ]
    for (const call of others) expect(call.heard).toEqual([null])
  })

  it("holds up no call of another model that waits for the account's own limit", () => {
    const kit = new TurnsKit({ concurrency: 4, models: MODELS })
    const first = times(4, () => kit.ask('x'))
    times(10, () => kit.ask('a', { model: 'slow' }))
    const behind = kit.ask('a', { model: 'free' })
    for (const call of first) call.end()
    expect([share(kit, 'a', 'slow'), behind.heard.length]).toEqual([3, 1])
  })

  it("has its own queue of 64 calls beside the user's others", () => {
    const kit = new TurnsKit({ concurrency: 3, models: MODELS })
    times(3, () => kit.ask('a', { model: 'slow' }))
    times(64, () => kit.ask('a', { model: 'slow' }))
    const refused = kit.ask('a', { model: 'slow' })
    const other = kit.ask('a', { model: 'free' })
    expect([refused.heard, other.heard]).toEqual([['upstream_busy'], []])
  })

  it('sends away who waits for longer than the queue time', () => {
    const kit = new TurnsKit({ models: { slow: { requestsPerMinute: 1, tokensPerMinute: 0 } } })
    kit.ask('x', { model: 'slow' })
    const waits = kit.ask('a', { model: 'slow' })
    kit.pass(5_000)
    expect(waits.heard).toEqual(['overloaded'])
    expect([kit.turns.waiting, kit.timers.size]).toEqual([0, 0])
  })

  it('lets a call go that is larger than a minute, as if it were all of one', () => {
    const kit = new TurnsKit({ models: MODELS, queueTimeMs: 600_000 })
    const large = kit.ask('a', { model: 'wordy', tokens: 1_000_000 })
    const next = kit.ask('b', { model: 'wordy', tokens: 100 })
    expect([large.heard, next.heard]).toEqual([[null], []])
    kit.pass(59_000)
    expect(next.heard).toEqual([])
    kit.pass(2_000)
    expect(next.heard).toEqual([null])
  })
})

describe('users of a model with limits', () => {
  it('are served in turn', () => {
    const kit = new TurnsKit({ models: MODELS, queueTimeMs: 60_000 })
    times(40, () => kit.ask('a', { model: 'slow' }))
    times(5, () => kit.ask('b', { model: 'slow' }))
    kit.pass(10_000)
    expect(kit.users(3)).toBe('ababababa')
  })

  it('have not saved up turns at the other models when its time has come', () => {
    const kit = new TurnsKit({ concurrency: 1, models: MODELS, queueTimeMs: 600_000 })
    times(3, () => kit.ask('a', { model: 'slow' }).end())
    times(30, () => kit.ask('a', { model: 'slow' }))
    times(60, () => kit.ask('b'))
    times(60, () => kit.ask('c'))
    for (let count = 0; count < 40; count++) kit.went.at(-1)?.end()
    times(60, () => kit.ask('a'))
    const from = kit.went.length
    for (let count = 0; count < 30; count++) kit.went.at(-1)?.end()
    const mine = kit.went.slice(from).filter(({ user }) => user === 'a').length
    expect(mine).toBeGreaterThanOrEqual(9)
    expect(mine).toBeLessThanOrEqual(11)
  })

  it('get no more of the account by spreading over many models', () => {
    const models = Object.fromEntries(
      times(6, (index) => [`m${index}`, { requestsPerMinute: 100_000, tokensPerMinute: 0 }]),
    )
    const kit = new TurnsKit({ concurrency: 1, models, queueTimeMs: 600_000 })
    kit.ask('x')
    times(60, (index) => kit.ask('a', { model: `m${index % 6}` }))
    times(30, () => kit.ask('b', { model: 'm0' }))
    for (let count = 0; count < 20; count++) kit.went.at(-1)?.end()
    expect([share(kit, 'b', 'm0'), kit.users(1).replaceAll('b', '').length]).toEqual([10, 10])
  })

  it('keep their share while one floods', () => {
    const kit = new TurnsKit({ models: MODELS })
    const quiet: Asked[] = []
    for (let ms = 0; ms < 120_000; ms += 50) {
      // 20 calls a second by one, where one is allowed for all; two others ask for one every four seconds.
      kit.ask('flood', { model: 'slow' })
      if (ms % 4_000 === 0) quiet.push(kit.ask('b', { model: 'slow' }), kit.ask('c', { model: 'slow' }))
      kit.pass(50)
    }
    kit.pass(5_000)
    for (const call of quiet) expect(call.heard).toEqual([null])
  })
})

describe('a refusal by MiniMax', () => {
  const rate = (kit: TurnsKit, model: string, tokens: number): number => {
    const from = kit.went.length
    for (let step = 0; step < 40; step++) {
      while (kit.turns.waiting < 30) kit.ask('a', { model, tokens })
      kit.pass(250)
    }
    return kit.went.length - from
  }

  it.each([
    ['slow', 1002, 0, 0.5],
    ['slow', 2045, 0, 0.5],
    ['slow', 1039, 0, 0.5],
    ['wordy', 1039, 100, 0.5],
    ['wordy', 1002, 100, 0.5],
    // Its requests are limited too, but it is the tokens that are used up.
    ['both', 1002, 1_000, 0.97],
    ['both', 1039, 1_000, 0.5],
  ])('slackens the pace of its model: %s by code %i with calls of %i tokens', (model, code, tokens, left) => {
    const kit = new TurnsKit({ models: MODELS, queueTimeMs: 600_000 })
    rate(kit, model, tokens)
    const before = rate(kit, model, tokens)
    kit.turns.noticed('main', model, code)
    const after = rate(kit, model, tokens)
    expect(after / before).toBeGreaterThan(left - 0.15)
    expect(after / before).toBeLessThan(left + 0.15)
    for (let count = 0; count < 12; count++) rate(kit, model, tokens)
    expect(rate(kit, model, tokens)).toBeGreaterThanOrEqual(Math.floor(before * 0.95))
  })

  it('of one model slackens neither the account nor another model', () => {
    const kit = new TurnsKit({ concurrency: 8, models: MODELS })
    for (let count = 0; count < 60; count++) kit.turns.noticed('main', 'slow', 1002)
    times(8, () => kit.ask('a'))
    expect(kit.went).toHaveLength(8)
  })

  it('for connections is one of the account, whatever the model', () => {
    const kit = new TurnsKit({ concurrency: 8, models: MODELS })
    kit.turns.noticed('main', 'slow', 1041)
    times(8, () => kit.ask('a'))
    expect(kit.went).toHaveLength(4)
  })
})

describe('whatever is asked for in whatever order', () => {
  const limited = fc.record({
    requestsPerMinute: fc.integer({ min: 1, max: 200 }),
    tokensPerMinute: fc.integer({ min: 1_000, max: 100_000 }),
  })
  const ask = fc.record({
    user: fc.constantFrom('a', 'b', 'c'),
    model: fc.constantFrom('one', 'two', 'free'),
    tokens: fc.integer({ min: 0, max: 1_000 }),
    ms: fc.integer({ min: 0, max: 2_000 }),
  })

  it('no minute has more calls or tokens of a model than allowed, and those without a limit never wait', () => {
    fc.assert(
      fc.property(limited, limited, fc.array(ask, { maxLength: 300 }), (one, two, asks) => {
        const kit = new TurnsKit({ models: { one, two }, queueTimeMs: 20_000 })
        for (const { user, model, tokens, ms } of asks) {
          const call = kit.ask(user, { model, tokens })
          if (model === 'free') expect(call.heard).toEqual([null])
          kit.pass(ms)
        }
        for (const [model, limit] of Object.entries({ one, two })) {
          const went = kit.went.filter((call) => call.model === model)
          went.forEach(({ wentAt }, index) => {
            const minute = went.slice(index).filter((call) => call.wentAt - wentAt < 60_000)
            expect(minute.length).toBeLessThanOrEqual(limit.requestsPerMinute)
            const used = minute.reduce((sum, { tokens }) => sum + tokens, 0)
            expect(used).toBeLessThanOrEqual(limit.tokensPerMinute)
          })
        }
        kit.pass(20_000)
        for (const call of kit.asked) expect(call.heard).toHaveLength(1)
        expect([kit.turns.waiting, kit.timers.size]).toEqual([0, 0])
      }),
      { numRuns: 300 },
    )
  })
})
