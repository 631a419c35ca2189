import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newRequestId } from '../../src/lib/ids.ts'
import type { LedgerFilter, LedgerRow, LedgerStore, Store, UsageGroup } from '../../src/store/store.ts'
import {
  aBill,
  anEnd,
  anOpening,
  aSettlement,
  aTask,
  HOUR,
  START,
  totalsOf,
  USAGE_GROUPS,
} from './ledger-kit.ts'
import { changesFrom, sequences } from './ledger-sequences.ts'

/** Every row, page by page. */
export async function everyRow(
  ledger: LedgerStore,
  filter: LedgerFilter = {},
  limit = 1000,
): Promise<readonly LedgerRow[]> {
  const rows: LedgerRow[] = []
  let cursor: string | undefined
  do {
    const page = await ledger.list({ limit, cursor }, filter)
    expect(page.items.length).toBeLessThanOrEqual(limit)
    rows.push(...page.items)
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return rows
}

/** The totals that the rows add up to must be the totals that the books tell. */
export async function expectTotalsLikeRows(ledger: LedgerStore): Promise<void> {
  const rows = await everyRow(ledger)
  const everything = { from: START - 1000 * HOUR, to: START + 1000 * HOUR }
  for (const groupBy of USAGE_GROUPS) {
    expect(await ledger.usage({ groupBy, ...everything })).toEqual(totalsOf(rows, groupBy))
  }
}

/** What any store of the books must do. */
export function describeLedger(name: string, open: () => Promise<Store>): void {
  describe(`the books in ${name}`, () => {
    let store: Store
    let ledger: LedgerStore
    beforeEach(async () => {
      store = await open()
      ledger = store.ledger
    })
    afterEach(() => store.close())

    /** Calls that ended, one a second. */
    async function settled(count: number, fields: (index: number) => Parameters<typeof aSettlement>[0]) {
      const openings = Array.from({ length: count }, (_, index) => {
        const { userId, tokenId, operation } = aSettlement(fields(index))
        const at = START + index * 1000
        return anOpening({ requestId: newRequestId(at), at, userId, tokenId, operation })
      })
      await ledger.write(
        openings.flatMap((opening, index) => [
          { kind: 'open', opening },
          { kind: 'settle', settlement: aSettlement({ ...fields(index), requestId: opening.requestId }) },
        ]),
      )
      return openings.map(({ requestId }) => requestId)
    }

    describe('a call', () => {
      it('is open with nothing on its bill', async () => {
        const opening = anOpening()
        expect(await ledger.write([{ kind: 'open', opening }])).toEqual([true])
        expect(await ledger.get(opening.requestId)).toEqual({
          ...opening,
          ...aBill({ usage: {}, list: 0n, charged: 0n, priceVersion: '' }),
          state: 'open',
          outcome: null,
          upstreamKey: '',
          httpStatus: 0,
          providerCode: 0,
          durationMs: null,
          firstByteMs: null,
          bytesIn: 0,
          bytesOut: 0,
          settledAt: null,
        })
      })

      it('is settled with all that is known of its end', async () => {
        const opening = anOpening({ sessionId: 'session1', endUser: 'someone' })
        const settlement = aSettlement({
          model: 'the one that answered',
          firstByteMs: 12.5,
          providerCode: 1027,
        })
        const changes = [{ kind: 'open', opening } as const, { kind: 'settle', settlement } as const]
        expect(await ledger.write(changes)).toEqual([true, true])
        expect(await ledger.get(opening.requestId)).toEqual({
          ...settlement,
          at: opening.at,
          sessionId: 'session1',
          endUser: 'someone',
          state: 'settled',
        })
      })

      it('is opened once and settled once, whatever is written again', async () => {
        const changes = [
          { kind: 'open', opening: anOpening() } as const,
          { kind: 'settle', settlement: aSettlement() } as const,
        ]
        expect(await ledger.write([...changes, ...changes])).toEqual([true, true, false, false])
        expect(await ledger.write(changes)).toEqual([false, false])
        await expectTotalsLikeRows(ledger)
      })

      it('that was never opened is not settled', async () => {
        expect(await ledger.write([{ kind: 'settle', settlement: aSettlement() }])).toEqual([false])
        expect(await everyRow(ledger)).toEqual([])
        await expectTotalsLikeRows(ledger)
      })

      it('keeps what it has used so far, until it is settled', async () => {
        const { requestId } = anOpening()
        const bill = aBill({ usage: { output_tokens: 7 }, estimated: true })
        const progress = { kind: 'progress', requestId, bill } as const
        await ledger.write([{ kind: 'open', opening: anOpening() }])
        expect(await ledger.write([progress])).toEqual([true])
        expect(await ledger.get(requestId)).toMatchObject({ ...bill, state: 'open' })
        await ledger.write([{ kind: 'settle', settlement: aSettlement() }])
        expect(await ledger.write([progress])).toEqual([false])
        expect(await ledger.get(requestId)).toMatchObject(aBill())
      })

      it('that is not there is undefined', async () => {
        expect(await ledger.get(newRequestId(START))).toBeUndefined()
        expect(await ledger.task('nothing')).toBeUndefined()
      })
    })

    it('writes all of a batch or none of it', async () => {
      const bad = aSettlement({ usage: { images: 1e300 } })
      const batch = [
        { kind: 'open', opening: anOpening() } as const,
        { kind: 'settle', settlement: bad } as const,
      ]
      await expect(ledger.write(batch)).rejects.toThrow(RangeError.prototype.constructor)
      expect(await everyRow(ledger)).toEqual([])
      expect(await ledger.write([])).toEqual([])
    })

    it.each([
      [9_007_199_254_740_993n, 1n],
      [4_611_686_018_427_387_904n, -9_007_199_254_740_993n],
      [2n ** 63n - 1n, 0n],
    ])('keeps money of %s and %s exactly', async (list, charged) => {
      const [id = ''] = await settled(1, () => ({ list, charged }))
      expect(await ledger.get(id)).toMatchObject({ list, charged })
      await expectTotalsLikeRows(ledger)
    })

    it('adds up fractions without an error', async () => {
      await settled(10, () => ({ usage: { audio_seconds: 0.1, video_seconds: 1.333 } }))
      const [total] = await ledger.usage({ groupBy: 'user', from: START, to: START + HOUR })
      expect(total?.usage).toEqual({ audio_seconds: 1, video_seconds: 13.33 })
    })

    describe('a task', () => {
      beforeEach(async () => {
        await ledger.write([
          { kind: 'open', opening: anOpening() },
          { kind: 'pend', settlement: aSettlement(), task: aTask() },
        ])
      })

      it('leaves its call pending with nothing on its bill', async () => {
        expect(await ledger.get(anOpening().requestId)).toMatchObject({
          state: 'pending',
          usage: {},
          list: 0n,
          charged: 0n,
          settledAt: null,
        })
        expect(await ledger.task('task1', 'main')).toEqual({
          ...aTask(),
          sessionId: '',
          endUser: '',
          state: 'running',
          polls: 0,
          settledAt: null,
        })
        expect(await ledger.usage({ groupBy: 'user', from: 0, to: START + HOUR })).toEqual([])
      })

      it('settles its call when it ends, once', async () => {
        const bill = aBill({ usage: { videos: 1 }, charged: 5n })
        expect(await ledger.write([anEnd({ bill }), anEnd({ state: 'failed' })])).toEqual([true, false])
        expect(await ledger.write([anEnd()])).toEqual([false])
        expect(await ledger.get(anOpening().requestId)).toMatchObject({
          ...bill,
          state: 'settled',
          outcome: 'ok',
        })
        expect(await ledger.task('task1')).toMatchObject({ state: 'succeeded', bill })
        await expectTotalsLikeRows(ledger)
      })

      it('is asked about when it is due, the longest overdue first, until it ends', async () => {
        await ledger.write([{ kind: 'open', opening: anOpening({ requestId: newRequestId(START) }) }])
        const due = async (now: number) => (await ledger.tasksDue(now, 10)).map(({ taskId }) => taskId)
        const { nextPollAt } = aTask()
        expect(await due(nextPollAt - 1)).toEqual([])
        expect(await due(nextPollAt)).toEqual(['task1'])
        const poll = { taskId: 'task1', upstreamKey: 'main', polls: 1, nextPollAt: nextPollAt + 10 } as const
        expect(await ledger.write([{ kind: 'poll', ...poll }])).toEqual([true])
        expect(await due(nextPollAt)).toEqual([])
        await ledger.write([anEnd()])
        expect(await due(nextPollAt + 10)).toEqual([])
        expect(await ledger.write([{ kind: 'poll', ...poll }])).toEqual([false])
      })

      it('belongs to its account: another may have one of the same name', async () => {
        const other = newRequestId(START)
        await ledger.write([
          { kind: 'open', opening: anOpening({ requestId: other }) },
          {
            kind: 'pend',
            settlement: aSettlement({ requestId: other }),
            task: aTask({ upstreamKey: 'second', requestId: other }),
          },
          anEnd({ upstreamKey: 'second' }),
        ])
        expect(await ledger.task('task1', 'main')).toMatchObject({ state: 'running' })
        expect(await ledger.task('task1', 'second')).toMatchObject({ state: 'succeeded', requestId: other })
        expect(await ledger.taskCounts()).toEqual([
          { operation: 'video.create', state: 'running', count: 1 },
          { operation: 'video.create', state: 'succeeded', count: 1 },
        ])
      })

      it('that runs already costs a second call nothing', async () => {
        const other = newRequestId(START)
        await ledger.write([
          { kind: 'open', opening: anOpening({ requestId: other }) },
          { kind: 'pend', settlement: aSettlement({ requestId: other }), task: aTask({ requestId: other }) },
        ])
        expect(await ledger.get(other)).toMatchObject({ state: 'settled', usage: {}, charged: 0n })
        await expectTotalsLikeRows(ledger)
      })

      it('that has ended gives way to a new one of the same name', async () => {
        const other = newRequestId(START)
        await ledger.write([
          anEnd(),
          { kind: 'open', opening: anOpening({ requestId: other }) },
          { kind: 'pend', settlement: aSettlement({ requestId: other }), task: aTask({ requestId: other }) },
        ])
        expect(await ledger.task('task1')).toMatchObject({
          state: 'running',
          requestId: other,
          settledAt: null,
        })
        await ledger.write([anEnd()])
        expect(await ledger.get(other)).toMatchObject({ state: 'settled' })
        await expectTotalsLikeRows(ledger)
      })
    })

    it('settles what was left open by what it had used', async () => {
      const bill = aBill({ usage: { input_tokens: 5 }, charged: 3n, estimated: true })
      const { requestId } = anOpening()
      const later = anOpening({ requestId: newRequestId(START + 10), at: START + 10 })
      await ledger.write([
        { kind: 'open', opening: anOpening() },
        { kind: 'progress', requestId, bill },
        { kind: 'open', opening: later },
      ])
      expect(await ledger.interrupt(START + 5)).toBe(1)
      expect(await ledger.get(requestId)).toMatchObject({
        ...bill,
        state: 'settled',
        outcome: 'gateway_interrupted',
        durationMs: 0,
        settledAt: START + 5,
      })
      expect(await ledger.get(later.requestId)).toMatchObject({ state: 'open' })
      expect(await ledger.interrupt(START + 5)).toBe(0)
      await expectTotalsLikeRows(ledger)
    })

    describe('pages', () => {
      const USERS = ['ada', 'grace', 'linus']
      const OUTCOMES = ['ok', 'provider_error', 'caller_gone'] as const
      const fieldsOf = (index: number) => ({
        userId: USERS[index % 3] ?? '',
        tokenId: `token ${index % 6}`,
        operation: index % 5 === 0 ? 'image.create' : 'chat.native',
        outcome: OUTCOMES[index % 4] ?? 'ok',
      })
      const filters: readonly LedgerFilter[] = [
        {},
        ...['ada', 'nobody'].flatMap((userId) => [{}, { userId }]),
      ].flatMap((one) =>
        [{}, { tokenId: 'token 3' }].flatMap((two) =>
          [{}, { operation: 'image.create' }].flatMap((three) =>
            [{}, { outcome: 'ok' as const }, { outcome: 'caller_gone' as const }].flatMap((four) =>
              [{}, { from: START + 5000, to: START + 50_000 }].map((five) => ({
                ...one,
                ...two,
                ...three,
                ...four,
                ...five,
              })),
            ),
          ),
        ),
      )

      it('hold every row once, the newest first, for every filter', async () => {
        await settled(60, fieldsOf)
        await ledger.write([{ kind: 'open', opening: anOpening({ requestId: newRequestId(START) }) }])
        const all = await everyRow(ledger)
        expect(all).toHaveLength(61)
        expect(
          all
            .map(({ requestId }) => requestId)
            .toSorted()
            .toReversed(),
        ).toEqual(all.map(({ requestId }) => requestId))
        for (const filter of filters) {
          const expected = all.filter(
            (row) =>
              (['userId', 'tokenId', 'operation', 'outcome'] as const).every(
                (field) => filter[field] === undefined || row[field] === filter[field],
              ) &&
              row.at >= (filter.from ?? 0) &&
              row.at < (filter.to ?? Infinity),
          )
          expect(await everyRow(ledger, filter, 7)).toEqual(expected)
        }
      })

      it('begin at no cursor but ours', async () => {
        const asked = ledger.list({ limit: 10, cursor: 'nonsense' }, {})
        await expect(asked).rejects.toMatchObject({ code: 'invalid_query' })
      })
    })

    describe('pruning', () => {
      it('takes out what was settled before, and no total', async () => {
        const ids = await settled(1200, () => ({ settledAt: START + 5 }))
        const before = await ledger.usage({ groupBy: 'model', from: START, to: START + HOUR })
        await ledger.write([{ kind: 'open', opening: anOpening() }])
        expect(await ledger.prune(START + 1_100_000, 0)).toBe(1100)
        expect(await everyRow(ledger)).toHaveLength(101)
        expect(await ledger.get(ids[1100] ?? '')).toBeDefined()
        expect(await ledger.prune(START + 1_100_000, 0)).toBe(0)
        expect(await ledger.usage({ groupBy: 'model', from: START, to: START + HOUR })).toEqual(before)
      })

      it('leaves what is not settled, and takes ended tasks along', async () => {
        const other = newRequestId(START)
        await ledger.write([
          { kind: 'open', opening: anOpening() },
          { kind: 'pend', settlement: aSettlement(), task: aTask() },
          { kind: 'open', opening: anOpening({ requestId: other }) },
          { kind: 'pend', settlement: aSettlement({ requestId: other }), task: aTask({ taskId: 'other' }) },
          anEnd(),
        ])
        expect(await ledger.prune(START + 1000 * HOUR, 0)).toBe(1)
        expect(await ledger.task('task1')).toBeUndefined()
        expect(await ledger.task('other')).toMatchObject({ state: 'running' })
        expect(await ledger.get(other)).toMatchObject({ state: 'pending' })
      })
    })

    describe('totals', () => {
      it('are of the hours that are asked for', async () => {
        const hours = [0, 1, 20, 30, 47, 48, 49, 80]
        for (const hour of hours)
          await settled(1, () => ({ settledAt: START + hour * HOUR, charged: 10n ** BigInt(hour % 10) }))
        for (let from = 0; from < 82; from += 3) {
          for (let to = from; to < 84; to += 4) {
            for (const userId of [undefined, 'ada']) {
              const query = {
                groupBy: 'token',
                from: START + from * HOUR,
                to: START + to * HOUR,
                userId,
              } as const
              const [total] = await ledger.usage(query)
              expect(total?.requests ?? 0).toBe(hours.filter((hour) => hour >= from && hour < to).length)
            }
          }
        }
      })

      it('count a call that is settled late in the hour that is not over', async () => {
        await settled(1, () => ({ settledAt: START + 5 * HOUR }))
        await settled(1, () => ({ settledAt: START + 3 * HOUR }))
        await expectTotalsLikeRows(ledger)
        const query = { groupBy: 'user', from: START + 5 * HOUR, to: START + 6 * HOUR } as const
        expect(await ledger.usage(query)).toMatchObject([{ requests: 2 }])
      })

      it('stand with the largest charge first, each currency apart', async () => {
        await settled(4, (index) => ({
          userId: `user ${index % 2}`,
          currency: index < 3 ? 'USD' : 'CNY',
          charged: BigInt(index + 1),
          outcome: index === 1 ? 'caller_gone' : 'ok',
          estimated: index === 1,
        }))
        const totals = await ledger.usage({ groupBy: 'user', from: START, to: START + HOUR })
        expect(
          totals.map(({ key, currency, charged, requests, failures, estimated }) => ({
            key,
            currency,
            charged,
            counts: [requests, failures, estimated],
          })),
        ).toEqual([
          { key: 'user 0', currency: 'USD', charged: 4n, counts: [2, 0, 0] },
          { key: 'user 1', currency: 'CNY', charged: 4n, counts: [1, 0, 0] },
          { key: 'user 1', currency: 'USD', charged: 2n, counts: [1, 1, 1] },
        ])
      })

      it('are what the rows add up to, whatever is written in whatever order', async () => {
        await fc.assert(
          fc.asyncProperty(sequences(), async (steps) => {
            const fresh = await open()
            try {
              for (const batch of changesFrom(steps)) await fresh.ledger.write(batch)
              await expectTotalsLikeRows(fresh.ledger)
              await fresh.ledger.interrupt(START + 100 * HOUR)
              await expectTotalsLikeRows(fresh.ledger)
            } finally {
              await fresh.close()
            }
          }),
          { numRuns: 60 },
        )
      }, 120_000)

      it('are what the rows add up to, however many users a batch has', async () => {
        await settled(700, (index) => ({ userId: `user ${index}`, tokenId: `token ${index % 9}` }))
        await settled(3, (index) => ({ userId: `user ${index}`, settledAt: START + 2 * HOUR }))
        await expectTotalsLikeRows(ledger)
      })

      it.each<UsageGroup>(['user', 'model'])('of one user by %s are of no other', async (groupBy) => {
        await settled(6, (index) => ({ userId: `user ${index % 2}`, settledAt: START + index * 9 * HOUR }))
        const query = { groupBy, from: START, to: START + 100 * HOUR, userId: 'user 1' }
        const rows = await everyRow(ledger, { userId: 'user 1' })
        expect(await ledger.usage(query)).toEqual(totalsOf(rows, groupBy))
      })
    })
  })
}
