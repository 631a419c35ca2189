import { describe, expect, it } from 'vitest'
import type { GatewayError } from '../../src/errors.ts'
import type { Demand, Hold, Limiter } from '../../src/limits/limiter.ts'
import { MemoryLimiter } from '../../src/limits/memory.ts'
import { SessionCalls, type SessionCallsOptions } from '../../src/limits/session-calls.ts'
import { movableClock, START } from '../auth/helper.ts'

const events = { refused: () => undefined, notice: () => undefined, failed: () => undefined }

function aLimiter(): Limiter {
  const source = { spent: async () => ({ charged: 0n, usage: {} }), credit: async () => 0n }
  return new MemoryLimiter({ clock: movableClock(), timeZone: 'UTC', source, events })
}

/** A counter of sessions over books that know so many calls, with a count of how often they were asked. */
function aCounter(inBooks = 0, options: Partial<SessionCallsOptions> = {}) {
  const asked: string[] = []
  const callsOf = async (id: string): Promise<number> => (asked.push(id), Promise.resolve(inBooks))
  return { asked, calls: new SessionCalls({ limiter: aLimiter(), callsOf, events, ...options }) }
}

let requests = 0

function aDemand(calls: number | undefined, fields: Partial<Demand> = {}): Demand {
  const sessionId = fields.sessionId ?? 's1'
  const limits = { concurrency: 100 }
  return {
    requestId: `request ${++requests}`,
    userId: 'ada',
    tokenId: 'token1',
    sessionId,
    endUser: '',
    subjects: [
      { kind: 'session', id: sessionId, since: START, limits, ...(calls !== undefined && { calls }) },
    ],
    prepaid: false,
    model: '',
    charged: 0n,
    usage: {},
    ...fields,
  }
}

interface Answer {
  readonly error: GatewayError | null
  readonly hold: Hold | null
}

const reserve = (limiter: Limiter, demand: Demand): Promise<Answer> =>
  new Promise((resolve) => limiter.reserve(demand, (error, hold) => resolve({ error, hold })))

type End = (hold: Hold) => void

const inTurn =
  (...ends: readonly End[]): End =>
  (hold) => {
    for (const end of ends) end(hold)
  }

const SETTLED = { charged: 0n, usage: {}, at: START }

describe('the calls of a session', () => {
  it.each([0, 4])('are let in up to their number, %d of which are in the books', async (inBooks) => {
    const { calls, asked } = aCounter(inBooks)
    const answers = await Promise.all(Array.from({ length: 50 }, () => reserve(calls, aDemand(10))))
    expect(answers.filter(({ error }) => error === null)).toHaveLength(10 - inBooks)
    expect(answers.at(-1)?.error).toMatchObject({ code: 'budget_exceeded', status: 402 })
    expect(asked).toEqual(['s1'])
  })

  it.each<[string, End, boolean]>([
    ['settled', (hold) => hold.settle(SETTLED), true],
    ['kept for its task', (hold) => hold.keep({ charged: 0n, usage: {} }), true],
    ['never made', (hold) => hold.release(false), false],
    ['refunded', (hold) => hold.release(true), false],
    [
      'settled, and released after that',
      inTurn(
        (hold) => hold.settle(SETTLED),
        (hold) => hold.release(true),
      ),
      true,
    ],
    [
      'released, and settled after that',
      inTurn(
        (hold) => hold.release(true),
        (hold) => hold.settle(SETTLED),
      ),
      false,
    ],
  ])('count one that is %s as it is', async (_, end, counts) => {
    const { calls } = aCounter()
    const { hold } = await reserve(calls, aDemand(1))
    expect((await reserve(calls, aDemand(1))).error).not.toBeNull()
    if (hold !== null) end(hold)
    expect((await reserve(calls, aDemand(1))).error === null).toBe(!counts)
  })

  it('count none that another limit has refused', async () => {
    const { calls } = aCounter()
    const demand = aDemand(2)
    const [subject] = demand.subjects
    if (subject === undefined) throw new Error('nobody')
    const narrow = { ...demand, subjects: [{ ...subject, limits: { concurrency: 1 } }] }
    const first = await reserve(calls, narrow)
    for (let turn = 0; turn < 5; turn++) {
      expect((await reserve(calls, { ...narrow, requestId: `${turn}` })).error).toMatchObject({
        code: 'concurrency_limited',
      })
    }
    first.hold?.settle(SETTLED)
    expect((await reserve(calls, narrow)).error).toBeNull()
  })

  it('count no answer of the gateway itself, and nobody else', async () => {
    const { calls, asked } = aCounter(1)
    expect((await reserve(calls, aDemand(1, { isAnsweredHere: true }))).error).toBeNull()
    expect((await reserve(calls, aDemand(undefined))).error).toBeNull()
    expect((await reserve(calls, aDemand(1, { sessionId: '' }))).error).toBeNull()
    expect(asked).toEqual([])
  })

  it('are shown, those under way too', async () => {
    const { calls } = aCounter(3)
    await reserve(calls, aDemand(10))
    expect((await calls.standing(aDemand(10))).calls).toEqual({
      subject: { kind: 'session', id: 's1' },
      limit: 10,
      made: 3,
      underWay: 1,
    })
    expect((await calls.standing(aDemand(undefined))).calls).toBeUndefined()
  })

  it('are refused while the books cannot be read, and not after', async () => {
    let isBroken = true
    const callsOf = async (): Promise<number> => {
      await Promise.resolve()
      if (isBroken) throw new Error('disk I/O error')
      return 0
    }
    const { calls } = aCounter(0, { callsOf })
    expect((await reserve(calls, aDemand(1))).error).toMatchObject({ code: 'store_unavailable' })
    await expect(calls.standing(aDemand(1))).rejects.toMatchObject({ code: 'store_unavailable' })
    isBroken = false
    expect((await reserve(calls, aDemand(1))).error).toBeNull()
  })

  it('are forgotten when there are too many sessions, but not while one is under way', async () => {
    const { calls, asked } = aCounter(0, { maxSessions: 2 })
    const { hold } = await reserve(calls, aDemand(1, { sessionId: 'busy' }))
    for (const sessionId of ['a', 'b', 'c', 'a']) {
      const one = await reserve(calls, aDemand(5, { sessionId }))
      one.hold?.release(false)
    }
    expect((await reserve(calls, aDemand(1, { sessionId: 'busy' }))).error).not.toBeNull()
    hold?.settle(SETTLED)
    expect(asked).toEqual(['busy', 'a', 'b', 'c', 'a'])
  })
})
