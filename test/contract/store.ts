import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/errors.ts'
import type { Page, PageRequest, Store, Token, User } from '../../src/store/store.ts'

/** A user with everything that a test does not care about. */
export function aUser(fields: Partial<User> = {}): User {
  return {
    id: 'ada',
    name: 'Ada',
    email: 'ada@example.com',
    plan: null,
    multiplier: null,
    limits: null,
    prepaid: null,
    endUserLimits: null,
    status: 'active',
    createdAt: 1000,
    updatedAt: 1000,
    ...fields,
  }
}

/** A token with everything that a test does not care about. */
export function aToken(fields: Partial<Token> = {}): Token {
  return {
    id: 'token1',
    userId: 'ada',
    kind: 'server',
    name: null,
    hash: `hash of ${fields.id ?? 'token1'}`,
    operations: null,
    models: null,
    origins: null,
    networks: null,
    limits: null,
    createdAt: 1000,
    expiresAt: null,
    revokedAt: null,
    replacedBy: null,
    suspendedAt: null,
    suspendedBy: null,
    lastUsedAt: null,
    lastUsedAddress: null,
    expiryNoticedAt: null,
    ...fields,
  }
}

async function everyId(list: (page: PageRequest) => Promise<Page<{ id: string }>>, limit: number) {
  const pages: string[][] = []
  let cursor: string | undefined
  do {
    const page = await list({ limit, cursor })
    pages.push(page.items.map(({ id }) => id))
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return pages
}

/** What every store must do, whatever it keeps things in. */
export function describeStore(name: string, open: () => Promise<Store>): void {
  describe(`the store in ${name}`, () => {
    let store: Store
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())

    describe('users', () => {
      it('come back as they were added', async () => {
        const user = aUser({ id: 'grace', plan: 'pro', multiplier: '0.4', status: 'suspended' })
        expect(await store.users.add(user)).toBe('added')
        expect(await store.users.get('grace')).toEqual(user)
        expect(await store.users.get('nobody')).toBeUndefined()
      })

      it('keep hostile text as text', async () => {
        const name = `'; drop table users; -- "%_\\ \u{1F600}`
        await store.users.add(aUser({ name }))
        expect((await store.users.get('ada'))?.name).toBe(name)
        expect(await store.users.get(`' or '1'='1`)).toBeUndefined()
      })

      it('are not overwritten by a second one with the same id', async () => {
        await store.users.add(aUser())
        expect(await store.users.add(aUser({ name: 'Eve' }))).toBe('taken')
        expect((await store.users.get('ada'))?.name).toBe('Ada')
      })

      it('change in what is named and in nothing else', async () => {
        await store.users.add(aUser())
        const changed = await store.users.update('ada', { status: 'suspended', email: null }, 2000)
        expect(changed).toEqual(aUser({ status: 'suspended', email: null, updatedAt: 2000 }))
        expect(await store.users.get('ada')).toEqual(changed)
        expect(await store.users.update('nobody', { name: 'x' }, 1)).toBeUndefined()
      })

      it('are listed oldest first, page by page, each once, also where times are equal', async () => {
        for (const [id, createdAt] of Object.entries({ d: 3, b: 2, a: 2, c: 2, e: 1 })) {
          await store.users.add(aUser({ id, createdAt }))
        }
        const pages = await everyId((page) => store.users.list(page), 2)
        expect(pages).toEqual([['e', 'a'], ['b', 'c'], ['d']])
      })

      it('are listed by status', async () => {
        await store.users.add(aUser({ id: 'a' }))
        await store.users.add(aUser({ id: 'b', status: 'suspended' }))
        const { items, next } = await store.users.list({ limit: 1, status: 'suspended' })
        expect([items.map(({ id }) => id), next]).toEqual([['b'], null])
      })

      it('that are added between two pages are neither lost nor repeated', async () => {
        for (const id of ['a', 'c']) await store.users.add(aUser({ id }))
        const first = await store.users.list({ limit: 1 })
        await store.users.add(aUser({ id: 'b' }))
        const second = await store.users.list({ limit: 5, cursor: first.next ?? undefined })
        expect(second.items.map(({ id }) => id)).toEqual(['b', 'c'])
      })

      it.each(['', 'x', '{}', '[]', '["a",1]', '[1]', '[1,"a",2]', '[-1,"a"]', '[1e400,"a"]'])(
        'refuse the cursor %j, which is not theirs',
        async (content) => {
          const cursor = Buffer.from(content).toString('base64url')
          const listing = store.users.list({ limit: 1, cursor })
          await expect(listing).rejects.toMatchObject({ code: 'invalid_query', path: 'cursor' })
        },
      )

      it('refuse a cursor of any length with the same error', async () => {
        const listing = store.users.list({ limit: 1, cursor: 'A'.repeat(100_000) })
        await expect(listing).rejects.toBeInstanceOf(GatewayError)
      })
    })

    describe('tokens', () => {
      beforeEach(async () => {
        await store.users.add(aUser())
        await store.users.add(aUser({ id: 'grace' }))
      })

      it('come back as they were added', async () => {
        const token = aToken({
          name: 'ci',
          operations: ['chat.*'],
          models: [],
          expiresAt: 9_007_199_254_740_991,
        })
        expect(await store.tokens.add(token)).toBe(true)
        expect(await store.tokens.get('token1')).toEqual(token)
        expect(await store.tokens.get('nothing')).toBeUndefined()
      })

      it('are found by their hash, and by their id, together with their user', async () => {
        await store.tokens.add(aToken())
        await store.tokens.add(aToken({ id: 'token2', userId: 'grace' }))
        const found = await store.tokens.findByHash('hash of token2')
        expect(found).toEqual({
          token: aToken({ id: 'token2', userId: 'grace' }),
          user: aUser({ id: 'grace' }),
          plan: null,
        })
        expect(await store.tokens.findByHash('hash of')).toBeUndefined()
        expect(await store.tokens.findById('token2')).toEqual(found)
        for (const id of ['hash of token2', 'token', 'TOKEN2', '']) {
          expect(await store.tokens.findById(id)).toBeUndefined()
        }
      })

      it.each([
        ['id', aToken({ hash: 'another' })],
        ['hash', aToken({ id: 'token2', hash: 'hash of token1' })],
      ])('with a taken %s are not added', async (_, second) => {
        await store.tokens.add(aToken())
        expect(await store.tokens.add(second)).toBe(false)
        expect((await store.tokens.list({ limit: 10 })).items).toEqual([aToken()])
      })

      it('need a user', async () => {
        await expect(store.tokens.add(aToken({ userId: 'nobody' }))).rejects.toThrow()
      })

      it('are listed oldest first, all or those of one user', async () => {
        await store.tokens.add(aToken({ id: 'c', createdAt: 1 }))
        await store.tokens.add(aToken({ id: 'a', createdAt: 2, userId: 'grace' }))
        await store.tokens.add(aToken({ id: 'b', createdAt: 2 }))
        expect(await everyId((page) => store.tokens.list(page), 2)).toEqual([['c', 'a'], ['b']])
        const ofAda = await everyId((page) => store.tokens.list({ ...page, userId: 'ada' }), 1)
        expect(ofAda).toEqual([['c'], ['b']])
      })

      it.each<[string, Parameters<Store['tokens']['update']>[1]]>([
        ['name', { name: 'ci' }],
        ['operations', { operations: ['chat.*'] }],
        ['models', { models: null }],
        ['limits', { limits: { concurrency: 2 } }],
        ['limits, which go', { limits: null }],
        ['nothing but both', { name: null, operations: null }],
      ])('change in what is named and in nothing else: %s', async (_, change) => {
        const token = aToken({ name: 'old', operations: ['*'], models: ['M1'], limits: { concurrency: 1 } })
        await store.tokens.add(token)
        expect(await store.tokens.update('token1', change)).toEqual({ ...token, ...change })
        expect(await store.tokens.get('token1')).toEqual({ ...token, ...change })
        expect(await store.tokens.update('nobody', change)).toBeUndefined()
      })

      it('are revoked once: the first time stays', async () => {
        await store.tokens.add(aToken())
        expect(await store.tokens.revoke('token1', 5)).toEqual(aToken({ revokedAt: 5 }))
        expect(await store.tokens.revoke('token1', 9)).toEqual(aToken({ revokedAt: 5 }))
        expect(await store.tokens.revoke('nothing', 9)).toBeUndefined()
      })

      it('are suspended once: the first time and incident stay', async () => {
        await store.tokens.add(aToken())
        const suspended = aToken({ suspendedAt: 5, suspendedBy: 'inc_1' })
        expect(await store.tokens.suspend('token1', 'inc_1', 5)).toEqual(suspended)
        expect(await store.tokens.suspend('token1', 'inc_2', 9)).toEqual(suspended)
        expect(await store.tokens.get('token1')).toEqual(suspended)
        expect(await store.tokens.suspend('nothing', 'inc_1', 9)).toBeUndefined()
      })

      it('are reinstated, and may be suspended again', async () => {
        await store.tokens.add(aToken({ suspendedAt: 5, suspendedBy: 'inc_1' }))
        expect(await store.tokens.reinstate('token1')).toEqual(aToken())
        expect(await store.tokens.reinstate('token1')).toEqual(aToken())
        expect(await store.tokens.reinstate('nothing')).toBeUndefined()
        expect(await store.tokens.suspend('token1', 'inc_2', 9)).toEqual(
          aToken({ suspendedAt: 9, suspendedBy: 'inc_2' }),
        )
      })

      it('stay revoked when they are reinstated', async () => {
        await store.tokens.add(aToken())
        await store.tokens.suspend('token1', 'inc_1', 4)
        await store.tokens.revoke('token1', 5)
        expect(await store.tokens.reinstate('token1')).toEqual(aToken({ revokedAt: 5 }))
      })

      const successor = aToken({ id: 'token2', createdAt: 2000 })

      it('that are suspended are rotated: the successor is not suspended, they stay so', async () => {
        await store.tokens.add(aToken({ suspendedAt: 5, suspendedBy: 'inc_1' }))
        const ended = await store.tokens.rotate('token1', successor, 2500, 2000)
        expect(ended).toMatchObject({ suspendedAt: 5, suspendedBy: 'inc_1', expiresAt: 2500 })
        expect(await store.tokens.get('token2')).toEqual(successor)
      })

      it.each([
        ['at once', null, 2000, { revokedAt: 2000 }],
        ['after a grace', null, 2500, { expiresAt: 2500 }],
        ['no later than they would have', 2100, 2500, { expiresAt: 2100 }],
        ['sooner than they would have', 9000, 2500, { expiresAt: 2500 }],
      ])('end %s when they are rotated', async (_, expiresAt, endsAt, change) => {
        await store.tokens.add(aToken({ expiresAt }))
        const ended = await store.tokens.rotate('token1', successor, endsAt, 2000)
        expect(ended).toEqual(aToken({ expiresAt, replacedBy: 'token2', ...change }))
        expect(await store.tokens.get('token1')).toEqual(ended)
        expect(await store.tokens.get('token2')).toEqual(successor)
      })

      it.each([
        ['revoked', { revokedAt: 1500 }],
        ['expired', { expiresAt: 2000 }],
        ['replaced', { replacedBy: 'other' }],
      ])('that are %s are not rotated, and no successor is added', async (_, state) => {
        await store.tokens.add(aToken(state))
        expect(await store.tokens.rotate('token1', successor, 2500, 2000)).toBeUndefined()
        expect(await store.tokens.get('token1')).toEqual(aToken(state))
        expect(await store.tokens.get('token2')).toBeUndefined()
      })

      it('stay as they are when the successor cannot be added', async () => {
        await store.tokens.add(aToken())
        await store.tokens.add(aToken({ id: 'token2', userId: 'grace' }))
        await expect(store.tokens.rotate('token1', successor, 2000, 2000)).rejects.toThrow()
        expect(await store.tokens.get('token1')).toEqual(aToken())
      })

      it('have one successor, however many rotations run at once', async () => {
        await store.tokens.add(aToken())
        const rotations = ['a', 'b', 'c', 'd'].map((id) =>
          store.tokens.rotate('token1', aToken({ id, createdAt: 2000 }), 2500, 2000),
        )
        const ended = (await Promise.all(rotations)).filter((one) => one !== undefined)
        expect(ended).toHaveLength(1)
        const { items } = await store.tokens.list({ limit: 10 })
        expect(items.map(({ id }) => id).sort()).toEqual([ended[0]?.replacedBy, 'token1'].sort())
      })
    })

    it('says that it takes writes, again and again, and that it does not once closed', async () => {
      await store.check()
      await store.check()
      await store.close()
      await expect(store.check()).rejects.toThrow()
      store = await open()
    })

    it('takes changes that run at once', async () => {
      const ids = Array.from({ length: 50 }, (_, index) => `user${index}`)
      await Promise.all([...ids, ...ids].map((id) => store.users.add(aUser({ id }))))
      expect((await store.users.list({ limit: 1000 })).items).toHaveLength(50)
    })
  })
}
