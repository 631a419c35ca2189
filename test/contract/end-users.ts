import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store, SuspendedEndUser } from '../../src/store/store.ts'
import { aUser } from './store.ts'

function one(fields: Partial<SuspendedEndUser> = {}): SuspendedEndUser {
  return { userId: 'ada', endUser: 'eve', suspendedAt: 2000, suspendedBy: null, ...fields }
}

/** What any store must do with suspended end users. */
export function describeEndUsers(name: string, open: () => Promise<Store>): void {
  describe(`suspended end users in ${name}`, () => {
    let store: Store
    beforeEach(async () => {
      store = await open()
      await store.users.add(aUser())
      await store.users.add(aUser({ id: 'bob' }))
    })
    afterEach(() => store.close())

    it('are kept once, with the first time and the first incident', async () => {
      expect(await store.endUsers.suspend(one({ suspendedBy: 'inc_1' }))).toEqual(
        one({ suspendedBy: 'inc_1' }),
      )
      expect(await store.endUsers.suspend(one({ suspendedAt: 3000 }))).toEqual(one({ suspendedBy: 'inc_1' }))
      expect(await store.endUsers.all(null, 10)).toEqual([one({ suspendedBy: 'inc_1' })])
    })

    it('are of users that are there', async () => {
      expect(await store.endUsers.suspend(one({ userId: 'nobody' }))).toBe(undefined)
      expect(await store.endUsers.all(null, 10)).toEqual([])
    })

    it('are let in again once', async () => {
      await store.endUsers.suspend(one())
      expect(await store.endUsers.reinstate('bob', 'eve')).toBe(false)
      expect(await store.endUsers.reinstate('ada', 'eve')).toBe(true)
      expect(await store.endUsers.reinstate('ada', 'eve')).toBe(false)
    })

    it('are listed by name, page by page, of one user', async () => {
      const names = ['a"\\', 'a/b', '~'.repeat(128), 'eve', 'Zoe']
      for (const endUser of names) await store.endUsers.suspend(one({ endUser }))
      await store.endUsers.suspend(one({ userId: 'bob' }))
      const found: string[] = []
      for (let cursor: string | undefined; ;) {
        const { items, next } = await store.endUsers.list({ userId: 'ada', limit: 2, cursor })
        found.push(...items.map(({ endUser }) => endUser))
        if (next === null) break
        expect(next.length).toBeLessThanOrEqual(256)
        cursor = next
      }
      expect(found).toEqual(names.toSorted())
      await expect(store.endUsers.list({ userId: 'ada', limit: 2, cursor: '%' })).rejects.toMatchObject({
        code: 'invalid_query',
      })
    })

    it('are read in steps, each once', async () => {
      const names = ['a', 'b', 'c']
      for (const userId of ['ada', 'bob'])
        for (const endUser of names) await store.endUsers.suspend(one({ userId, endUser }))
      const found: string[] = []
      for (let after: SuspendedEndUser | null = null; ;) {
        const step: readonly SuspendedEndUser[] = await store.endUsers.all(after, 2)
        const last = step.at(-1)
        if (last === undefined) break
        found.push(...step.map(({ userId, endUser }) => userId + endUser))
        after = last
      }
      expect(found).toEqual(['adaa', 'adab', 'adac', 'boba', 'bobb', 'bobc'])
    })

    it('go with their user', async () => {
      await store.endUsers.suspend(one())
      await store.endUsers.suspend(one({ userId: 'bob' }))
      await store.users.update('ada', { status: 'suspended' }, 3000)
      await store.users.remove('ada')
      expect(await store.endUsers.all(null, 10)).toEqual([one({ userId: 'bob' })])
    })
  })
}
