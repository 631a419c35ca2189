import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newRequestId } from '../../src/lib/ids.ts'
import type { LedgerStore, SpentQuery, Store } from '../../src/store/store.ts'
import { anEnd, anOpening, aSettlement, aTask, HOUR, spentOf, START, totalsOf } from './ledger-kit.ts'
import { changesFrom, sequences } from './ledger-sequences.ts'
import { everyRow } from './ledger.ts'

const MINUTE = 60_000

function query(fields: Partial<SpentQuery> = {}): SpentQuery {
  return {
    dimension: 'user',
    id: 'ada',
    from: 0,
    to: Number.MAX_SAFE_INTEGER,
    currency: 'USD',
    ...fields,
  }
}

/** Calls of one token unit each, that began and were settled at these times. */
async function settle(
  ledger: LedgerStore,
  calls: readonly { readonly at: number; readonly settledAt: number; readonly charged?: bigint }[],
  fields: Parameters<typeof aSettlement>[0] = {},
  caller: Pick<Parameters<typeof anOpening>[0] & object, 'sessionId' | 'endUser'> = {},
): Promise<void> {
  for (const { at, settledAt, charged = 1n } of calls) {
    const settlement = aSettlement({
      usage: { output_tokens: 1 },
      ...fields,
      requestId: newRequestId(at),
      settledAt,
      charged,
    })
    const { requestId, userId, tokenId, currency } = settlement
    const { sessionId = '', endUser = '' } = caller
    await ledger.write([
      { kind: 'open', opening: anOpening({ requestId, at, userId, tokenId, sessionId, endUser, currency }) },
      { kind: 'settle', settlement },
    ])
  }
}

/**
 * What any store of the books must tell about what was spent.
 * @param numRuns of the property: opening a store may take long
 */
export function describeSpent(name: string, open: () => Promise<Store>, numRuns = 60): void {
  describe(`what was spent, in ${name}`, () => {
    let store: Store
    let ledger: LedgerStore
    beforeEach(async () => {
      store = await open()
      ledger = store.ledger
    })
    afterEach(() => store.close())

    const charged = async (fields: Partial<SpentQuery> = {}) => (await ledger.spent(query(fields))).charged

    it('is nothing where nothing was', async () => {
      expect(await ledger.spent(query())).toEqual({ charged: 0n, usage: {} })
    })

    it('counts as soon as it is written, long before it is in the totals', async () => {
      await settle(ledger, [{ at: START, settledAt: START + 1 }])
      expect(await ledger.spent(query())).toEqual({ charged: 1n, usage: { output_tokens: 1 } })
      await settle(ledger, [{ at: START, settledAt: START + 2 }])
      expect(await charged({ to: Infinity })).toBe(2n)
    })

    it('counts from the first millisecond on and up to the last, exclusive', async () => {
      const times = [0, 1, 30 * MINUTE, HOUR - 1, HOUR, HOUR + 1, 2 * HOUR, 5 * HOUR + 7].map(
        (after) => START + after,
      )
      await settle(
        ledger,
        times.map((settledAt) => ({ at: settledAt - 5, settledAt })),
      )
      const bounds = times.flatMap((time) => [time - 1, time, time + 1])
      for (const from of bounds) {
        for (const to of bounds) {
          const expected = times.filter((time) => time >= from && time < to).length
          expect([from, to, await charged({ from, to })]).toEqual([from, to, BigInt(expected)])
        }
      }
    })

    it('is of one user or token, and in one currency', async () => {
      const call = { at: START, settledAt: START + 10 * MINUTE }
      await settle(ledger, [call], { tokenId: 'token2' })
      await settle(ledger, [call, call], { userId: 'grace', tokenId: 'token3' })
      await settle(ledger, [call], { currency: 'CNY' })
      for (const part of [{}, { from: START + MINUTE, to: START + 20 * MINUTE }]) {
        expect(await charged(part)).toBe(1n)
        expect(await charged({ ...part, currency: 'CNY' })).toBe(1n)
        expect(await charged({ ...part, id: 'grace' })).toBe(2n)
        expect(await charged({ ...part, dimension: 'token', id: 'token2' })).toBe(1n)
        expect(await charged({ ...part, dimension: 'token', id: 'token1' })).toBe(0n)
      }
    })

    it('is of one session or end user, of whom no totals are kept', async () => {
      const call = { at: START, settledAt: START + 10 * MINUTE }
      await settle(ledger, [call], {}, { sessionId: 's1', endUser: 'eve' })
      await settle(ledger, [call, call], {}, { sessionId: 's2', endUser: 'eve' })
      await settle(ledger, [call], { userId: 'grace' }, { endUser: 'eve' })
      await settle(ledger, [call, call, call], {}, { endUser: 'a/b' })
      await settle(ledger, [call], { currency: 'CNY' }, { sessionId: 's1', endUser: 'eve' })
      await settle(ledger, [call])
      for (const [dimension, id, expected] of [
        ['session', 's1', 1n],
        ['session', 's2', 2n],
        ['session', '', 0n],
        ['end_user', 'ada/eve', 3n],
        ['end_user', 'grace/eve', 1n],
        ['end_user', 'ada/a/b', 3n],
        ['end_user', 'ada/', 0n],
        ['end_user', 'ada', 0n],
      ] as const) {
        for (const part of [{}, { to: Infinity }, { from: call.settledAt, to: call.settledAt + 1 }]) {
          expect([id, await charged({ ...part, dimension, id })]).toEqual([id, expected])
        }
        expect(await charged({ dimension, id, to: call.settledAt })).toBe(0n)
        expect(await charged({ dimension, id, from: call.settledAt + 1 })).toBe(0n)
      }
    })

    it('tells how many calls a session has made, in any currency, whatever became of them', async () => {
      const call = { at: START, settledAt: START + 10 * MINUTE }
      await settle(ledger, [call, call], {}, { sessionId: 's1', endUser: 'eve' })
      await settle(ledger, [call], { currency: 'CNY', outcome: 'provider_error' }, { sessionId: 's1' })
      await settle(ledger, [call], {}, { sessionId: 's2', endUser: 'eve' })
      await settle(ledger, [call])
      await ledger.write([
        { kind: 'open', opening: anOpening({ requestId: newRequestId(START), sessionId: 's1' }) },
      ])
      const counts = await Promise.all(['s1', 's2', 's', ''].map((id) => ledger.sessionCalls(id)))
      expect(counts).toEqual([4, 1, 0, 0])
    })

    it('counts a task for its session and its end user when it ends, and tells of whom it runs', async () => {
      const requestId = newRequestId(START)
      const opening = anOpening({ requestId, sessionId: 's1', endUser: 'eve' })
      await ledger.write([
        { kind: 'open', opening },
        { kind: 'pend', settlement: aSettlement({ requestId }), task: aTask({ requestId }) },
      ])
      expect(await ledger.runningTasks(null, 10)).toMatchObject([{ sessionId: 's1', endUser: 'eve' }])
      expect(await charged({ dimension: 'end_user', id: 'ada/eve' })).toBe(0n)
      await ledger.write([anEnd({ at: START + 30 * HOUR })])
      expect(await ledger.task('task1')).toMatchObject({ sessionId: 's1', endUser: 'eve' })
      for (const [dimension, id] of [
        ['end_user', 'ada/eve'],
        ['session', 's1'],
      ] as const) {
        expect(await charged({ dimension, id, from: START + 30 * HOUR })).toBe(400n)
        expect(await charged({ dimension, id, to: START + 30 * HOUR })).toBe(0n)
      }
    })

    it.each([
      ['a minute', MINUTE],
      ['an hour', HOUR],
      ['a day', 24 * HOUR],
      ['seven days', 7 * 24 * HOUR],
    ])('finds the part of an hour of a call that took %s', async (_, took) => {
      const settledAt = START + 10 * MINUTE
      await settle(ledger, [
        { at: settledAt - took, settledAt },
        { at: settledAt, settledAt: settledAt + 20 * MINUTE },
      ])
      expect(await charged({ from: START + 5 * MINUTE, to: START + 15 * MINUTE })).toBe(1n)
      expect(await charged({ from: START + 15 * MINUTE })).toBe(1n)
    })

    it('counts a task when it ends, not when it was made', async () => {
      const requestId = newRequestId(START)
      await ledger.write([
        { kind: 'open', opening: anOpening({ requestId }) },
        { kind: 'pend', settlement: aSettlement({ requestId }), task: aTask({ requestId }) },
      ])
      expect(await charged()).toBe(0n)
      const at = START + 30 * HOUR + MINUTE
      await ledger.write([anEnd({ at })])
      expect(await charged({ to: at })).toBe(0n)
      expect(await ledger.spent(query({ from: at, to: at + 1 }))).toEqual({
        charged: 400n,
        usage: { videos: 1 },
      })
    })

    it('counts what comes after its hour was closed when the next one began', async () => {
      await settle(ledger, [
        { at: START, settledAt: START + 2 * HOUR + MINUTE },
        { at: START, settledAt: START + HOUR - 1 },
      ])
      expect(await charged({ to: START + 2 * HOUR })).toBe(0n)
      expect(await charged({ to: START + 2 * HOUR + 1 })).toBe(1n)
      expect((await everyRow(ledger)).map(({ settledAt }) => settledAt).sort()).toEqual([
        START + 2 * HOUR,
        START + 2 * HOUR + MINUTE,
      ])
    })

    it('takes all of an hour whose rows are kept no longer: too much rather than too little', async () => {
      await settle(ledger, [
        { at: START, settledAt: START + MINUTE },
        { at: START, settledAt: START + 30 * MINUTE },
        { at: START, settledAt: START + 3 * HOUR },
      ])
      expect(await charged({ from: START + 10 * MINUTE })).toBe(2n)
      expect(await ledger.prune(START + 2 * HOUR, 0)).toBe(2)
      expect(await charged({ from: START + 10 * MINUTE })).toBe(3n)
      expect(await charged({ from: START + HOUR })).toBe(1n)
      expect(await charged()).toBe(3n)
    })

    it('is exact up to the largest amount', async () => {
      const settledAt = START + MINUTE
      const large = 2n ** 62n
      await settle(ledger, [
        { at: START, settledAt, charged: large },
        { at: START, settledAt: settledAt + HOUR, charged: large - 1n },
        { at: START, settledAt: settledAt + 3 * HOUR, charged: -1n },
      ])
      expect(await charged()).toBe(2n ** 63n - 2n)
      expect(await charged({ to: START + 2 * HOUR })).toBe(2n ** 63n - 1n)
      expect(await charged({ from: START + 1, to: START + 2 * MINUTE })).toBe(large)
    })

    it('adds up to the totals, however time is split', async () => {
      await fc.assert(
        fc.asyncProperty(
          sequences(),
          fc.array(fc.integer({ min: -2 * HOUR, max: 60 * HOUR }), { maxLength: 8 }),
          async (steps, splits) => {
            const fresh = await open()
            try {
              for (const batch of changesFrom(steps)) await fresh.ledger.write(batch)
              const rows = await everyRow(fresh.ledger)
              const bounds = [0, ...splits.map((split) => START + split).sort((a, b) => a - b), Infinity]
              for (const [dimension, id] of [
                ['user', 'user 0'],
                ['user', 'user 1'],
                ['token', 'token 2'],
                ['session', 'session 1'],
                ['end_user', 'user 0/end/user 0'],
                ['end_user', 'user 1/end/user 1'],
              ] as const) {
                const asked = { dimension, id, currency: 'USD' }
                let sum = 0n
                for (const [index, to] of bounds.slice(1).entries()) {
                  const part = { ...asked, from: bounds[index] ?? 0, to }
                  const spent = await fresh.ledger.spent(part)
                  expect(spent).toEqual(spentOf(rows, part))
                  sum += spent.charged
                }
                if (dimension === 'session' || dimension === 'end_user') continue
                const everything = { groupBy: dimension, from: 0, to: START + 1000 * HOUR }
                const totals = await fresh.ledger.usage(everything)
                const total = totals.find(({ key, currency }) => key === id && currency === 'USD')
                expect(sum).toBe(total?.charged ?? 0n)
              }
              const own = rows.filter(({ userId, endUser }) => userId === 'user 0' && endUser !== '')
              const range = { from: 0, to: Number.MAX_SAFE_INTEGER, userId: 'user 0' }
              for (const groupBy of ['end_user', 'model', 'token'] as const) {
                expect(await fresh.ledger.usageOfEndUsers({ groupBy, ...range })).toEqual(
                  totalsOf(own, groupBy, ({ endUser }) => endUser),
                )
              }
            } finally {
              await fresh.close()
            }
          },
        ),
        { numRuns },
      )
    }, 120_000)
  })

  describe(`running tasks in ${name}`, () => {
    it('are told in steps, each once, those that have ended never', async () => {
      const store = await open()
      const { ledger } = store
      for (const [index, upstreamKey] of ['b', 'a', 'a', 'b', 'a', 'a'].entries()) {
        const requestId = newRequestId(START)
        const task = aTask({ taskId: `task ${index >> 1}`, upstreamKey, requestId })
        await ledger.write([
          { kind: 'open', opening: anOpening({ requestId }) },
          { kind: 'pend', settlement: aSettlement({ requestId }), task },
        ])
      }
      await ledger.write([anEnd({ taskId: 'task 0', upstreamKey: 'b' })])
      const found: string[] = []
      let after: Parameters<LedgerStore['runningTasks']>[0] = null
      for (;;) {
        const tasks: Awaited<ReturnType<LedgerStore['runningTasks']>> = await ledger.runningTasks(after, 2)
        const last = tasks.at(-1)
        if (last === undefined) break
        found.push(...tasks.map(({ taskId, upstreamKey }) => `${taskId} ${upstreamKey}`))
        after = last
      }
      expect(found).toEqual(['task 0 a', 'task 1 a', 'task 1 b', 'task 2 a'])
      await store.close()
    })
  })
}
