import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { UserTotals } from '../../src/metrics/users.ts'

function totals(cap: number, limit = 2_000) {
  let folded = 0
  const users = new UserTotals({ cap, limit, onFold: () => folded++, onLost: () => undefined })
  return { users, folded: () => folded }
}

const bill = (charged: bigint, output_tokens = 1) => ({ usage: { output_tokens }, list: charged, charged })

/** Every series by its labels. */
function series(users: UserTotals): Map<string, number> {
  const all = new Map(users.usage.map((one) => [`${one.user} ${one.model} ${one.unit}`, one.quantity.value]))
  for (const { user, charged } of users.money()) all.set(`charged ${user}`, Number(charged))
  return all
}

const calls = fc.array(
  fc.record({
    user: fc.integer({ min: 0, max: 30 }).map((at) => `user-${at}`),
    model: fc.constantFrom('', 'MiniMax-M3', 'speech-2.8-hd', 'other'),
    charged: fc.bigInt({ min: 0n, max: 10n ** 15n }),
    input_tokens: fc.integer({ min: 0, max: 1_000_000 }),
    audio_seconds: fc.integer({ min: 0, max: 100_000 }).map((thousandths) => thousandths / 1000),
  }),
  { maxLength: 200 },
)

describe('what users use and pay', () => {
  it('is all there in the sum over all series, none of which ever decreases', () => {
    fc.assert(
      fc.property(
        calls,
        fc.integer({ min: 0, max: 6 }),
        fc.integer({ min: 20, max: 60 }),
        (given, cap, limit) => {
          const { users } = totals(cap, limit)
          let before = series(users)
          let [charged, tokens, thousandths] = [0n, 0, 0]
          for (const { user, model, charged: paid, ...usage } of given) {
            users.count(user, model, { usage, list: paid * 2n, charged: paid })
            charged += paid
            tokens += usage.input_tokens
            thousandths += Math.round(usage.audio_seconds * 1000)
            const now = series(users)
            for (const [name, value] of before) expect(now.get(name)).toBeGreaterThanOrEqual(value)
            before = now
          }
          const sum = (unit: string) =>
            users.usage.reduce((all, one) => (one.unit === unit ? all + one.quantity.value : all), 0)
          const money = [...users.money()]
          expect(money.reduce((all, one) => all + one.charged, 0n)).toBe(charged)
          expect(money.reduce((all, one) => all + one.list, 0n)).toBe(charged * 2n)
          expect(sum('input_tokens')).toBe(tokens)
          expect(Math.round(sum('audio_seconds') * 1000)).toBe(thousandths)
          expect(users.usage.length).toBeLessThanOrEqual(limit)
          expect(money.length).toBeLessThanOrEqual(2 * cap + 1)
        },
      ),
      { numRuns: 50 },
    )
  })

  it('gives a name to whoever becomes far busier than the busiest, from 0 on', () => {
    const { users } = totals(2)
    for (const user of ['a', 'b']) users.count(user, '', bill(10n))
    for (let times = 0; times < 10; times++) users.count('late', '', bill(5n))
    const money = new Map([...users.money()].map((one) => [one.user, one.charged]))
    expect(money).toEqual(
      new Map([
        ['a', 10n],
        ['b', 10n],
        ['late', 30n],
        ['_other', 20n],
      ]),
    )
  })

  it('counts in series of other models, then of other users, when there is no room', () => {
    const { users, folded } = totals(3, 18)
    for (const user of ['a', 'b', 'c'])
      for (let at = 0; at < 20; at++) users.count(user, `model-${at}`, bill(1n))
    expect(users.usage.length).toBeLessThanOrEqual(18)
    expect(users.usage.reduce((all, one) => all + one.quantity.value, 0)).toBe(60)
    expect(folded()).toBeGreaterThan(0)
  })

  it('counts no amount that is none, and says so', () => {
    let lost = 0
    const users = new UserTotals({ cap: 1, limit: 100, onFold: () => undefined, onLost: (n) => (lost += n) })
    users.count('a', '', { usage: { output_tokens: NaN, images: -1, wishes: 3 }, list: 1n, charged: 1n })
    users.count('a', '', { usage: {}, list: -1n, charged: 1n })
    expect(lost).toBe(4)
    expect(users.usage).toEqual([])
  })
})
