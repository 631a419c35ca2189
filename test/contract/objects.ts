import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OBJECT_KINDS } from '../../src/minimax/objects.ts'
import type { ObjectFilter, ObjectKey, OwnedObject, Store } from '../../src/store/store.ts'
import { anOpening, aSettlement, HOUR, REQUEST_ID, START } from './ledger-kit.ts'

const DAY = 24 * HOUR

/** An object with everything that a test does not care about. */
export function anObject(fields: Partial<OwnedObject> = {}): OwnedObject {
  const id = fields.id ?? 'file1'
  return {
    kind: 'file',
    id,
    account: 'main',
    userId: 'ada',
    name: id,
    tokenId: 'token1',
    requestId: REQUEST_ID,
    operation: 'files.upload',
    detail: '',
    createdAt: START,
    expiresAt: null,
    ...fields,
  }
}

/** The change by which an object becomes a user's. */
export const own = (fields: Partial<OwnedObject> = {}) => ({ kind: 'own', object: anObject(fields) }) as const

/** The change by which an object is gone. */
export function disown(fields: Partial<OwnedObject> = {}) {
  const { kind, id, account, userId } = anObject(fields)
  return { kind: 'disown', object: { kind, id, account, userId } } as const
}

const nameOf = ({ kind, id, account, userId }: ObjectKey): string => [kind, id, account, userId].join(' ')

/** What any store of ownership must do. */
export function describeObjects(name: string, open: () => Promise<Store>): void {
  describe(`ownership in ${name}`, () => {
    let store: Store
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())

    const find = (userId: string, id: string, now = START) => store.objects.find(userId, 'file', id, now)
    const listed = async (filter: ObjectFilter = {}, now = START) =>
      (await store.objects.list({ limit: 1000 }, filter, now)).items

    /** Every page of a list. */
    async function pages(filter: ObjectFilter, limit: number): Promise<readonly (readonly OwnedObject[])[]> {
      const found: (readonly OwnedObject[])[] = []
      let cursor: string | undefined
      do {
        const page = await store.objects.list({ limit, cursor }, filter, START)
        found.push(page.items)
        cursor = page.next ?? undefined
      } while (cursor !== undefined)
      return found
    }

    it('is found by its user and name as it was written', async () => {
      const voice = anObject({
        kind: 'voice',
        id: 'u123_narrator',
        name: 'narrator',
        detail: '{"used":true,"n":9007199254740993}',
        expiresAt: START + 168 * HOUR,
      })
      expect(await store.ledger.write([{ kind: 'own', object: voice }])).toEqual([true])
      expect(await store.objects.find('ada', 'voice', 'narrator', START)).toEqual(voice)
      expect(await store.objects.find('ada', 'voice', 'u123_narrator', START)).toBeUndefined()
      expect(await store.objects.find('ada', 'file', 'narrator', START)).toBeUndefined()
      expect(await store.objects.find('eve', 'voice', 'narrator', START)).toBeUndefined()
    })

    it('of an object of another is refused, and the rest of the batch is written', async () => {
      await store.ledger.write([own()])
      const batch = [own({ id: 'file2' }), own({ userId: 'eve' }), own({ userId: 'eve', id: 'file3' })]
      expect(await store.ledger.write(batch)).toEqual([true, false, true])
      expect(await find('eve', 'file1')).toBeUndefined()
      expect(await find('ada', 'file1')).toEqual(anObject())
      expect((await listed({ userId: 'eve' })).map(({ id }) => id)).toEqual(['file3'])
    })

    it('of one object is one user’s within a batch, too', async () => {
      const batch = [own(), own({ userId: 'eve' }), disown(), own({ userId: 'eve' })]
      expect(await store.ledger.write(batch)).toEqual([true, false, true, true])
      expect(await find('eve', 'file1')).toMatchObject({ userId: 'eve' })
    })

    it('of an object of another is refused although it has expired, until it is taken out', async () => {
      await store.ledger.write([own({ expiresAt: START + 1 })])
      const later = own({ userId: 'eve', createdAt: START + DAY })
      expect(await store.ledger.write([later])).toEqual([false])
      expect(await store.ledger.prune(0, START + 2)).toBe(1)
      expect(await store.ledger.write([later])).toEqual([true])
    })

    it('of cover features is shared, and each user’s is their own', async () => {
      const feature = { kind: 'cover_feature', id: 'same audio' } as const
      const batch = [own(feature), own({ ...feature, userId: 'eve' }), disown(feature)]
      expect(await store.ledger.write(batch)).toEqual([true, true, true])
      expect(await store.objects.find('ada', 'cover_feature', 'same audio', START)).toBeUndefined()
      expect(await store.objects.find('eve', 'cover_feature', 'same audio', START)).toMatchObject({
        userId: 'eve',
      })
    })

    it('is separate for each account and kind', async () => {
      const batch = [
        own(),
        own({ account: 'second', userId: 'eve' }),
        own({ kind: 'speech_task', userId: 'eve' }),
      ]
      expect(await store.ledger.write(batch)).toEqual([true, true, true])
      expect(await find('eve', 'file1')).toMatchObject({ account: 'second' })
      expect(await find('ada', 'file1')).toMatchObject({ account: 'main' })
    })

    it('taken again has the new detail and expiry, and is otherwise as it was', async () => {
      const again = {
        tokenId: 'token2',
        requestId: 'other',
        operation: 'files.retrieve',
        createdAt: START + 5,
      }
      await store.ledger.write([own({ detail: '{"a":1}' })])
      expect(await store.ledger.write([own({ ...again, detail: '{"a":2}', expiresAt: START + 9 })])).toEqual([
        true,
      ])
      expect(await find('ada', 'file1')).toEqual(anObject({ detail: '{"a":2}', expiresAt: START + 9 }))
      await store.ledger.write([own({ ...again, detail: '', expiresAt: null })])
      expect(await find('ada', 'file1')).toEqual(anObject({ detail: '{"a":2}', expiresAt: null }))
    })

    it('ends once, and can begin anew for anybody', async () => {
      expect(await store.ledger.write([own(), disown()])).toEqual([true, true])
      expect(await store.ledger.write([disown()])).toEqual([false])
      expect(await find('ada', 'file1')).toBeUndefined()
      expect(await listed()).toEqual([])
      expect(await store.ledger.write([own({ detail: 'new' })])).toEqual([true])
      expect(await find('ada', 'file1')).toEqual(anObject({ detail: 'new' }))
    })

    it('is not ended by another user', async () => {
      await store.ledger.write([own()])
      expect(await store.ledger.write([disown({ userId: 'eve' })])).toEqual([false])
      expect(await find('ada', 'file1')).toEqual(anObject())
    })

    it('is over when it has expired, at that very millisecond', async () => {
      const object = anObject({ expiresAt: START + 10 })
      await store.ledger.write([{ kind: 'own', object }])
      for (const [now, expected] of [
        [START + 9, [object]],
        [START + 10, []],
      ] as const) {
        expect(await find('ada', 'file1', now)).toEqual(expected[0])
        expect(await listed({}, now)).toEqual(expected)
        expect(await listed({ userId: 'ada', kind: 'file' }, now)).toEqual(expected)
        expect(await store.objects.all('ada', 'file', now, 10)).toEqual(expected)
      }
      await store.ledger.write([own({ expiresAt: START + 20 })])
      expect(await find('ada', 'file1', START + 10)).toBeDefined()
    })

    it('of the newest is found where accounts share an id', async () => {
      await store.ledger.write([
        own({ account: 'a', createdAt: START + 1 }),
        own({ account: 'b', createdAt: START + 3 }),
        own({ account: 'c', createdAt: START + 2 }),
      ])
      expect(await find('ada', 'file1')).toMatchObject({ account: 'b' })
      await store.ledger.write([own({ account: 'b', expiresAt: START })])
      expect(await find('ada', 'file1')).toMatchObject({ account: 'c' })
    })

    it.each([
      ['123', '0123'],
      ['1', '1.0'],
      ['9007199254740993', '9007199254740992'],
      ['1e3', '1000'],
      ['-0', '0'],
      ['', ' '],
      ['a', 'A'],
      [`'; drop table objects; --`, '%'],
    ])('keeps %j and %j apart: ids are text', async (one, other) => {
      await store.ledger.write([own({ id: one })])
      expect(await find('ada', other)).toBeUndefined()
      expect(await find('ada', one)).toEqual(anObject({ id: one }))
      expect(await store.ledger.write([own({ id: other, userId: 'eve' })])).toEqual([true])
      expect(await find('eve', other)).toMatchObject({ id: other, name: other })
      expect((await listed()).map(({ id }) => id).sort()).toEqual([one, other].sort())
    })

    it('is written with the books, all or none', async () => {
      const opening = { kind: 'open', opening: anOpening() } as const
      const bad = { kind: 'settle', settlement: aSettlement({ usage: { images: 1e300 } }) } as const
      await store.ledger.write([opening])
      await expect(store.ledger.write([own(), bad])).rejects.toThrow()
      expect(await find('ada', 'file1')).toBeUndefined()
      const good = { kind: 'settle', settlement: aSettlement() } as const
      expect(await store.ledger.write([own(), good, own({ userId: 'eve' })])).toEqual([true, true, false])
      expect(await find('ada', 'file1')).toEqual(anObject())
      expect(await store.ledger.get(REQUEST_ID)).toMatchObject({ state: 'settled' })
    })

    it('is seen by whoever asks after the write was answered, and by nobody in the middle of one', async () => {
      for (let round = 0; round < 30; round++) {
        const batch = Array.from({ length: 20 }, (_, index) => own({ id: `${round} ${index}` }))
        const written = store.ledger.write(batch)
        const during = await store.objects.list({ limit: 1000 }, { kind: 'file' }, START)
        expect(during.items.length % 20).toBe(0)
        await written
        expect(await find('ada', `${round} 19`)).toBeDefined()
      }
    })

    describe('lists', () => {
      const fields = fc.record({
        kind: fc.constantFrom(...OBJECT_KINDS),
        id: fc.constantFrom('1', '01', 'a', 'b'),
        account: fc.constantFrom('main', 'second'),
        userId: fc.constantFrom('ada', 'eve'),
        createdAt: fc.integer({ min: START, max: START + 3 }),
        expiresAt: fc.constantFrom(null, START, START + 1),
      })

      it('hold each object once, the newest first, for every filter and length of a page', async () => {
        await fc.assert(
          fc.asyncProperty(
            fc.array(fields, { maxLength: 60 }),
            fc.integer({ min: 1, max: 9 }),
            async (all, limit) => {
              try {
                await store.ledger.write(all.map(own))
                const everything = await listed()
                for (const userId of [undefined, 'ada', 'nobody']) {
                  for (const kind of [undefined, 'file', 'voice'] as const) {
                    const found = (await pages({ userId, kind }, limit)).flat()
                    const fits = everything.filter(
                      (one) => one.userId === (userId ?? one.userId) && one.kind === (kind ?? one.kind),
                    )
                    expect(found).toEqual(fits)
                    const times = found.map(({ createdAt }) => createdAt)
                    expect(times).toEqual(times.toSorted((one, other) => other - one))
                    expect(new Set(found.map(nameOf)).size).toBe(found.length)
                    expect(found.every(({ expiresAt }) => expiresAt !== START)).toBe(true)
                  }
                }
              } finally {
                await store.ledger.write((await listed({}, 0)).map(disown))
              }
            },
          ),
          { numRuns: 40 },
        )
      }, 60_000)

      it.each<[string, ObjectFilter]>([
        ['all', {}],
        ['a user', { userId: 'ada' }],
        ['a kind', { kind: 'file' }],
        ['a user’s kind', { userId: 'ada', kind: 'file' }],
      ])('of %s lose and repeat nothing while others are added and go', async (_, filter) => {
        await store.ledger.write(
          [2, 4, 4, 6, 8].map((at, index) => own({ id: `${index}`, createdAt: START + at })),
        )
        const ids: string[] = []
        let cursor: string | undefined
        do {
          const page = await store.objects.list({ limit: 2, cursor }, filter, START)
          ids.push(...page.items.map(({ id }) => id))
          cursor = page.next ?? undefined
          const last = page.items.at(-1)
          // What a page ended with may go before the next page is asked for.
          if (last !== undefined)
            await store.ledger.write([own({ id: `new${ids.length}`, createdAt: START + 9 }), disown(last)])
        } while (cursor !== undefined)
        expect(ids).toEqual(['4', '3', '2', '1', '0'])
      })

      it('go on after an object with the longest names', async () => {
        const id = 'v'.repeat(256)
        const long = { kind: 'voice', id, userId: 'u'.repeat(64), account: 'a'.repeat(64) } as const
        await store.ledger.write([own({ ...long, createdAt: START + 1 }), own()])
        expect((await pages({}, 1)).flat().map((one) => one.id)).toEqual([id, 'file1'])
      })

      it.each([
        '',
        'x',
        '{}',
        '[]',
        '[1,"file","a","b"]',
        '[1,"song","a","b","c"]',
        '[-1,"file","a","b","c"]',
      ])('refuse the cursor %j, which is not theirs', async (content) => {
        const cursor = Buffer.from(content).toString('base64url')
        const listing = store.objects.list({ limit: 1, cursor }, {}, START)
        await expect(listing).rejects.toMatchObject({ code: 'invalid_query', path: 'cursor' })
      })

      it('of all of a kind are the newest of them, and no more than asked for', async () => {
        await store.ledger.write([
          ...[1, 2, 3].map((at) => own({ id: `${at}`, createdAt: START + at })),
          own({ kind: 'voice', createdAt: START + 9 }),
          own({ id: 'x', userId: 'eve', createdAt: START + 9 }),
        ])
        const all = await store.objects.all('ada', 'file', START, 2)
        expect(all.map(({ id }) => id)).toEqual(['3', '2'])
      })
    })

    it('ends with pruning what has expired before, and nothing else', async () => {
      const many = Array.from({ length: 1201 }, (_, index) =>
        own({ id: `${index}`, expiresAt: START + index }),
      )
      await store.ledger.write([...many, own({ id: 'kept' })])
      expect(await store.ledger.prune(START, START + 1200)).toBe(1200)
      expect(await store.ledger.prune(START, START + 1200)).toBe(0)
      expect((await listed({}, 0)).map(({ id }) => id).sort()).toEqual(['1200', 'kept'])
    })
  })
}
