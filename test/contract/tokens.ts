import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store, Token, User } from '../../src/store/store.ts'
import { aToken, aUser } from './store.ts'

const DAY = 86_400_000
/** A week of notice, at day 100. */
const QUERY = { after: 100 * DAY, until: 107 * DAY, lifetime: 14 * DAY }

/** What every store must do about the uses and the ends of tokens, whatever it keeps them in. */
export function describeTokens(name: string, open: () => Promise<Store>): void {
  describe(`tokens in ${name}`, () => {
    let store: Store
    beforeEach(async () => {
      store = await open()
      await store.users.add(aUser())
    })
    afterEach(() => store.close())

    const add = async (...tokens: Partial<Token>[]) => {
      for (const token of tokens) expect(await store.tokens.add(aToken(token))).toBe(true)
    }
    const useOf = async (id: string) => {
      const token = await store.tokens.get(id)
      return [token?.lastUsedAt, token?.lastUsedAddress]
    }

    describe('that are used', () => {
      it('show when and from where', async () => {
        await add({ id: 'a' }, { id: 'b' }, { id: 'c' })
        await store.tokens.used([
          { id: 'a', at: 5000, address: '203.0.113.7' },
          { id: 'b', at: 6000, address: '2001:db8::1' },
        ])
        expect([await useOf('a'), await useOf('b'), await useOf('c')]).toEqual([
          [5000, '203.0.113.7'],
          [6000, '2001:db8::1'],
          [null, null],
        ])
      })

      it('keep the latest use, whichever was told last', async () => {
        await add({ id: 'a' })
        await store.tokens.used([{ id: 'a', at: 6000, address: '203.0.113.7' }])
        await store.tokens.used([{ id: 'a', at: 5000, address: '203.0.113.8' }])
        expect(await useOf('a')).toEqual([6000, '203.0.113.7'])
      })

      it('may be gone', async () => {
        await add({ id: 'a' })
        const uses = ['gone', 'a'].map((id) => ({ id, at: 5000, address: '203.0.113.7' }))
        await store.tokens.used(uses)
        expect([await useOf('a'), await store.tokens.get('gone')]).toEqual([[5000, '203.0.113.7'], undefined])
        await store.tokens.used([])
      })

      it('may be many at a time', async () => {
        const ids = Array.from({ length: 450 }, (_, index) => `token ${index}`)
        await add(...ids.map((id) => ({ id })))
        await store.tokens.used(ids.map((id, index) => ({ id, at: index + 1, address: '::1' })))
        expect(
          (await store.tokens.list({ limit: 1000 })).items.map(({ lastUsedAt }) => lastUsedAt).sort(),
        ).toEqual(ids.map((_, index) => index + 1).sort())
      })
    })

    describe('that are about to end', () => {
      const expiring = async (limit = 10) =>
        (await store.tokens.expiring({ ...QUERY, limit })).map(({ id }) => id)

      it('are found, the first to end first', async () => {
        await add({ id: 'b', expiresAt: 106 * DAY }, { id: 'a', expiresAt: 101 * DAY })
        expect([await expiring(), await expiring(1)]).toEqual([['a', 'b'], ['a']])
        expect(await store.tokens.countExpiring(QUERY)).toBe(2)
      })

      it.each<[string, Partial<Token>, Partial<User>]>([
        ['that has no end', { expiresAt: null }, {}],
        ['that has ended', { expiresAt: 100 * DAY }, {}],
        ['that ends later', { expiresAt: 107 * DAY + 1 }, {}],
        ['that was made for a short time', { createdAt: 95 * DAY, expiresAt: 105 * DAY }, {}],
        ['that is revoked', { expiresAt: 105 * DAY, revokedAt: 1 }, {}],
        ['that is suspended', { expiresAt: 105 * DAY, suspendedAt: 1 }, {}],
        ['that was replaced', { expiresAt: 105 * DAY, replacedBy: 'x' }, {}],
        ['of a suspended user', { expiresAt: 105 * DAY }, { status: 'suspended' }],
      ])('are none %s', async (_, token, user) => {
        await store.users.update('ada', user, 2000)
        await add(token)
        expect([await expiring(), await store.tokens.countExpiring(QUERY)]).toEqual([[], 0])
      })

      it('are marked once, and counted still', async () => {
        await add({ id: 'a', expiresAt: 101 * DAY }, { id: 'b', expiresAt: 102 * DAY })
        expect(await store.tokens.markExpiryNoticed(['a', 'gone'], 7000)).toEqual(['a'])
        expect(await store.tokens.markExpiryNoticed(['a', 'b'], 8000)).toEqual(['b'])
        expect(await store.tokens.markExpiryNoticed([], 9000)).toEqual([])
        expect((await store.tokens.get('a'))?.expiryNoticedAt).toBe(7000)
        expect([await expiring(), await store.tokens.countExpiring(QUERY)]).toEqual([[], 2])
      })

      it('are told of again when they are given another end, and of no other change', async () => {
        await add({ id: 'a', expiresAt: 101 * DAY })
        await store.tokens.markExpiryNoticed(['a'], 7000)
        await store.tokens.update('a', { name: 'ci' })
        expect(await expiring()).toEqual([])
        expect(await store.tokens.update('a', { expiresAt: 106 * DAY })).toMatchObject({
          expiryNoticedAt: null,
        })
        expect(await expiring()).toEqual(['a'])
        expect(await store.tokens.update('a', { expiresAt: null })).toMatchObject({ expiresAt: null })
      })
    })

    it('keep from where they may be used, when they are found and when they are changed', async () => {
      const place = { origins: ['https://app.example.com'], networks: ['203.0.113.0/24', '2001:db8::/32'] }
      await add({ id: 'a', hash: 'h', ...place })
      expect((await store.tokens.findByHash('h'))?.token).toMatchObject(place)
      expect(await store.tokens.update('a', { origins: null })).toMatchObject({ ...place, origins: null })
    })
  })
}
