import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Callback, NewDelivery, Store } from '../../src/store/store.ts'

/** A callback with everything that a test does not care about. */
export function aCallback(fields: Partial<Callback> = {}): Callback {
  return {
    secretHash: 'c1',
    requestId: 'request1',
    userId: 'ada',
    tokenId: 'token1',
    url: 'https://hooks.example.com/x',
    operation: 'video.create',
    account: 'default',
    createdAt: 1000,
    taskId: null,
    ...fields,
  }
}

/** A body of that callback. */
export function aDelivery(fields: Partial<NewDelivery> = {}): NewDelivery {
  const id = fields.id ?? 'd1'
  return {
    id,
    secretHash: 'c1',
    userId: 'ada',
    bodyHash: `hash of ${id}`,
    body: Buffer.from(`{"of":"${id}"}`),
    createdAt: 1000,
    ...fields,
  }
}

/** What every store must do with callbacks, whatever it keeps things in. */
export function describeCallbacks(name: string, open: () => Promise<Store>): void {
  describe(`callbacks in ${name}`, () => {
    let store: Store
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())

    const dueIds = async (now: number, perUser = 2, limit = 16) =>
      (await store.callbacks.due(now, perUser, limit)).map(({ id }) => id)

    it('come back as they were added, and by their own name alone', async () => {
      const callback = aCallback({
        url: `https://hooks.example.com/'; drop table callbacks; --`,
        taskId: '0123',
      })
      await store.callbacks.add(callback)
      expect(await store.callbacks.get('c1')).toEqual(callback)
      expect(await store.callbacks.get('C1')).toBeUndefined()
    })

    it('are tied to one task, once and for all', async () => {
      await store.callbacks.add(aCallback())
      expect(await store.callbacks.bind('c1', '0123')).toBe(true)
      expect(await store.callbacks.bind('c1', '0123')).toBe(true)
      expect(await store.callbacks.bind('c1', '123')).toBe(false)
      expect(await store.callbacks.bind('c2', '0123')).toBe(false)
      expect((await store.callbacks.get('c1'))?.taskId).toBe('0123')
    })

    it('are tied to one task when two are named at the same time', async () => {
      await store.callbacks.add(aCallback())
      const bound = await Promise.all(['1', '2', '3'].map((id) => store.callbacks.bind('c1', id)))
      expect(bound.filter(Boolean)).toHaveLength(1)
    })

    it('keep the bytes of a body', async () => {
      await store.callbacks.add(aCallback())
      const body = Buffer.from([0, 255, 128, 10, 13, 34])
      expect(await store.callbacks.enqueue(aDelivery({ body }), 9)).toBe('queued')
      expect(await store.callbacks.due(1000, 2, 16)).toEqual([
        {
          id: 'd1',
          secretHash: 'c1',
          userId: 'ada',
          url: 'https://hooks.example.com/x',
          body,
          tries: 0,
          createdAt: 1000,
          nextAt: 1000,
        },
      ])
    })

    it('take the same body once, also when it has been delivered', async () => {
      await store.callbacks.add(aCallback())
      await store.callbacks.add(aCallback({ secretHash: 'c2' }))
      expect(await store.callbacks.enqueue(aDelivery({ bodyHash: 'same' }), 9)).toBe('queued')
      expect(await store.callbacks.enqueue(aDelivery({ id: 'd2', bodyHash: 'same' }), 9)).toBe('repeated')
      await store.callbacks.end('d1', 'delivered', 1)
      expect(await store.callbacks.enqueue(aDelivery({ id: 'd3', bodyHash: 'same' }), 9)).toBe('repeated')
      const other = aDelivery({ id: 'd4', secretHash: 'c2', bodyHash: 'same' })
      expect(await store.callbacks.enqueue(other, 9)).toBe('queued')
    })

    it('hold so many bodies of a user and no more, whoever comes at the same time', async () => {
      await store.callbacks.add(aCallback())
      await store.callbacks.add(aCallback({ secretHash: 'c2', userId: 'bob' }))
      const results = await Promise.all(
        Array.from({ length: 8 }, (_, at) => store.callbacks.enqueue(aDelivery({ id: `d${at}` }), 3)),
      )
      expect(results.filter((result) => result === 'queued')).toHaveLength(3)
      expect(results.filter((result) => result === 'full')).toHaveLength(5)
      const bobs = aDelivery({ id: 'b1', secretHash: 'c2', userId: 'bob' })
      expect(await store.callbacks.enqueue(bobs, 3)).toBe('queued')
      await store.callbacks.end('d0', 'given_up', 5)
      expect(await store.callbacks.enqueue(aDelivery({ id: 'd9' }), 3)).toBe('queued')
    })

    it('take nothing for a callback that is not there', async () => {
      expect(await store.callbacks.enqueue(aDelivery(), 9)).toBe('gone')
    })

    it('are due by their time, a few of each user', async () => {
      await store.callbacks.add(aCallback())
      await store.callbacks.add(aCallback({ secretHash: 'c2', userId: 'bob' }))
      for (let at = 0; at < 5; at++)
        await store.callbacks.enqueue(aDelivery({ id: `a${at}`, createdAt: 1000 + at }), 9)
      await store.callbacks.enqueue(
        aDelivery({ id: 'b1', secretHash: 'c2', userId: 'bob', createdAt: 1100 }),
        9,
      )
      expect(await dueIds(999)).toEqual([])
      expect(await dueIds(1000)).toEqual(['a0'])
      expect(await dueIds(2000)).toEqual(['a0', 'a1', 'b1'])
      expect(await dueIds(2000, 4)).toEqual(['a0', 'a1', 'a2', 'a3', 'b1'])
      expect(await dueIds(2000, 2, 1)).toEqual(['a0'])
    })

    it('wait for their next try, and are gone when they have ended', async () => {
      await store.callbacks.add(aCallback())
      await store.callbacks.enqueue(aDelivery(), 9)
      expect(await store.callbacks.nextDue()).toBe(1000)
      await store.callbacks.postpone('d1', 3, 5000)
      expect(await store.callbacks.nextDue()).toBe(5000)
      expect(await dueIds(4999)).toEqual([])
      expect(await store.callbacks.due(5000, 2, 16)).toMatchObject([{ id: 'd1', tries: 3, nextAt: 5000 }])
      await store.callbacks.end('d1', 'given_up', 5)
      await store.callbacks.postpone('d1', 1, 0)
      expect(await dueIds(9000)).toEqual([])
      expect(await store.callbacks.nextDue()).toBeUndefined()
    })

    it('take their deliveries with them when they are taken out', async () => {
      await store.callbacks.add(aCallback())
      await store.callbacks.add(aCallback({ secretHash: 'c2' }))
      await store.callbacks.enqueue(aDelivery(), 9)
      await store.callbacks.enqueue(aDelivery({ id: 'd2', secretHash: 'c2' }), 9)
      await store.callbacks.remove('c1')
      await store.callbacks.remove('c1')
      expect(await store.callbacks.get('c1')).toBeUndefined()
      expect(await dueIds(9000)).toEqual(['d2'])
    })

    it("of one user are taken out, and nobody else's", async () => {
      await store.callbacks.add(aCallback())
      await store.callbacks.add(aCallback({ secretHash: 'c2', userId: 'bob' }))
      await store.callbacks.enqueue(aDelivery(), 9)
      await store.callbacks.removeOf('ada')
      expect(await store.callbacks.get('c1')).toBeUndefined()
      expect(await store.callbacks.get('c2')).toBeDefined()
      expect(await store.callbacks.nextDue()).toBeUndefined()
    })

    it('are taken out when they are old', async () => {
      await store.callbacks.add(aCallback())
      await store.callbacks.add(aCallback({ secretHash: 'c2', createdAt: 2000 }))
      await store.callbacks.enqueue(aDelivery(), 9)
      expect(await store.callbacks.prune(2000)).toBe(1)
      expect(await store.callbacks.prune(2000)).toBe(0)
      expect(await store.callbacks.nextDue()).toBeUndefined()
      expect(await store.callbacks.get('c2')).toBeDefined()
    })
  })
}
