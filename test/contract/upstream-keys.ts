import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store, StoredKey } from '../../src/store/store.ts'

/** A stored key with everything that a test does not care about. */
export function aStoredKey(fields: Partial<StoredKey> = {}): StoredKey {
  return {
    name: 'main',
    account: 'acme',
    weight: 1,
    sealed: 'v1.0.seal',
    disabledAt: null,
    createdAt: 1000,
    updatedAt: 1000,
    ...fields,
  }
}

/** What every store must do with upstream keys, whatever it keeps things in. */
export function describeUpstreamKeys(name: string, open: () => Promise<Store>): void {
  describe(`upstream keys in ${name}`, () => {
    let store: Store
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())

    it('come back as they were kept, by name', async () => {
      const second = aStoredKey({ name: 'b', weight: 100, sealed: null, disabledAt: 7 })
      expect(await store.upstreamKeys.add(second)).toBe(true)
      expect(await store.upstreamKeys.add(aStoredKey({ name: 'a' }))).toBe(true)
      expect(await store.upstreamKeys.list()).toEqual([aStoredKey({ name: 'a' }), second])
    })

    it('have a name each', async () => {
      await store.upstreamKeys.add(aStoredKey())
      expect(await store.upstreamKeys.add(aStoredKey({ sealed: 'another' }))).toBe(false)
      expect(await store.upstreamKeys.list()).toEqual([aStoredKey()])
    })

    it('change in what is named, and the rest stays', async () => {
      await store.upstreamKeys.add(aStoredKey())
      expect(await store.upstreamKeys.update('main', { weight: 5 }, 2000)).toEqual(
        aStoredKey({ weight: 5, updatedAt: 2000 }),
      )
      await store.upstreamKeys.update('main', { sealed: 'v1.1.other', disabledAt: 3000 }, 3000)
      expect(await store.upstreamKeys.update('main', { disabledAt: null }, 4000)).toEqual(
        aStoredKey({ weight: 5, sealed: 'v1.1.other', updatedAt: 4000 }),
      )
      expect(await store.upstreamKeys.update('nobody', { weight: 2 }, 5000)).toBeUndefined()
    })

    it('are sealed anew together, those that are there', async () => {
      await store.upstreamKeys.add(aStoredKey({ name: 'a' }))
      await store.upstreamKeys.add(aStoredKey({ name: 'b' }))
      await store.upstreamKeys.reseal(
        new Map([
          ['b', 'new'],
          ['gone', 'new'],
        ]),
        2000,
      )
      expect(await store.upstreamKeys.list()).toEqual([
        aStoredKey({ name: 'a' }),
        aStoredKey({ name: 'b', sealed: 'new', updatedAt: 2000 }),
      ])
    })

    it('go when they are removed, once', async () => {
      await store.upstreamKeys.add(aStoredKey())
      expect(await store.upstreamKeys.remove('main')).toBe(true)
      expect(await store.upstreamKeys.remove('main')).toBe(false)
      expect(await store.upstreamKeys.list()).toEqual([])
    })
  })
}
