import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UNITS } from '../../src/minimax/units.ts'
import { BUDGET_PERIODS, type Budget, type Limits, type Plan, type Store } from '../../src/store/store.ts'
import { aToken, aUser } from './store.ts'

/** A plan with everything that a test does not care about. */
export function aPlan(fields: Partial<Plan> = {}): Plan {
  return {
    id: 'pro',
    name: 'Pro',
    limits: {},
    endUserLimits: null,
    multiplier: null,
    operations: null,
    models: null,
    prepaid: false,
    freeCredit: 0n,
    createdAt: 1000,
    updatedAt: 1000,
    ...fields,
  }
}

/** Limits with every field of every kind. */
export const EVERY_LIMIT: Limits = {
  requestsPerMinute: 60,
  tokensPerMinute: Number.MAX_SAFE_INTEGER,
  concurrency: null,
  budgets: [
    { amount: 2n ** 63n - 1n, period: 'day', hard: true },
    { unit: 'video_seconds', quantity: 0.125, period: 'total', hard: false },
  ],
  models: { 'MiniMax-M3': { requestsPerMinute: 1 }, __proto__x: {} },
  maxOutputTokens: 4096,
}

function someLimits(): fc.Arbitrary<Limits> {
  const ceiling = fc.option(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }))
  const rates = { requestsPerMinute: ceiling, tokensPerMinute: ceiling, concurrency: ceiling }
  const rule = { period: fc.constantFrom(...BUDGET_PERIODS), hard: fc.boolean() }
  const budget: fc.Arbitrary<Budget> = fc.oneof(
    fc.record({ ...rule, amount: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }) }),
    fc.record({
      ...rule,
      unit: fc.constantFrom(...UNITS),
      quantity: fc.double({ min: 0, max: 1e15, noNaN: true }).map((quantity) => quantity + 0),
    }),
  )
  return fc.record(
    {
      ...rates,
      budgets: fc.option(fc.array(budget, { maxLength: 4 })),
      models: fc.option(fc.dictionary(fc.string(), fc.record(rates, { requiredKeys: [] }))),
      maxOutputTokens: ceiling,
    },
    { requiredKeys: [] },
  )
}

/** What any store of plans and limits must do. */
export function describePlans(name: string, open: () => Promise<Store>): void {
  describe(`plans in ${name}`, () => {
    let store: Store
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())

    const full = aPlan({
      limits: EVERY_LIMIT,
      multiplier: '0.4',
      operations: ['chat.*'],
      models: [],
      prepaid: true,
      freeCredit: 2n ** 63n - 1n,
    })

    it('come back as they were added', async () => {
      expect(await store.plans.add(full)).toBe(true)
      expect(await store.plans.get('pro')).toEqual(full)
      expect(await store.plans.get('nothing')).toBeUndefined()
    })

    it('are not overwritten by a second one with the same id', async () => {
      await store.plans.add(full)
      expect(await store.plans.add(aPlan())).toBe(false)
      expect(await store.plans.get('pro')).toEqual(full)
    })

    it('are listed by id, page by page', async () => {
      for (const id of ['c', 'a', 'b']) await store.plans.add(aPlan({ id }))
      const first = await store.plans.list({ limit: 2 })
      expect(first.items.map(({ id }) => id)).toEqual(['a', 'b'])
      const second = await store.plans.list({ limit: 2, cursor: first.next ?? undefined })
      expect([second.items.map(({ id }) => id), second.next]).toEqual([['c'], null])
      const asked = store.plans.list({ limit: 2, cursor: 'nonsense' })
      await expect(asked).rejects.toMatchObject({ code: 'invalid_query' })
    })

    it.each<[string, Partial<Plan>]>([
      ['the name', { name: null }],
      ['the limits', { limits: { concurrency: 1 } }],
      ['the multiplier', { multiplier: '2' }],
      ['the operations', { operations: null }],
      ['the models', { models: ['M1'] }],
      ['whether it is prepaid', { prepaid: false }],
      ['the free credit', { freeCredit: 0n }],
    ])('change in %s and in nothing else', async (_, change) => {
      await store.plans.add(full)
      expect(await store.plans.update('pro', change, 2000)).toEqual({ ...full, ...change, updatedAt: 2000 })
      expect(await store.plans.get('pro')).toEqual({ ...full, ...change, updatedAt: 2000 })
      expect(await store.plans.update('nothing', change, 2000)).toBeUndefined()
    })

    it('are taken out when no user has them', async () => {
      await store.plans.add(full)
      await store.users.add(aUser({ plan: 'pro' }))
      expect(await store.plans.remove('pro')).toBe('in_use')
      expect(await store.plans.get('pro')).toEqual(full)
      await store.users.update('ada', { plan: null }, 2000)
      expect(await store.plans.remove('pro')).toBe('removed')
      expect(await store.plans.remove('pro')).toBe('missing')
    })

    it('are found with the token of a user who has them', async () => {
      await store.users.add(aUser({ plan: 'pro', limits: { concurrency: 2 }, prepaid: false }))
      const token = aToken({ limits: { requestsPerMinute: 3 }, name: 'ci', operations: [] })
      await store.tokens.add(token)
      const user = await store.users.get('ada')
      expect(await store.tokens.findByHash(token.hash)).toEqual({ token, user, plan: null })
      await store.plans.add(aPlan({ id: 'other' }))
      await store.plans.add(full)
      expect(await store.tokens.findByHash(token.hash)).toEqual({ token, user, plan: full })
      expect(await store.tokens.findById(token.id)).toEqual({ token, user, plan: full })
    })

    it('keep limits of every kind, and so do users and tokens', async () => {
      const property = fc.asyncProperty(someLimits(), fc.uuid(), async (limits, id) => {
        await store.plans.add(aPlan({ id, limits }))
        await store.users.add(aUser({ id, limits }))
        await store.tokens.add(aToken({ id, userId: id, limits }))
        expect((await store.plans.get(id))?.limits).toEqual(limits)
        expect((await store.users.get(id))?.limits).toEqual(limits)
        expect((await store.tokens.get(id))?.limits).toEqual(limits)
      })
      await fc.assert(property, { numRuns: 200 })
    })

    it.each<[string, Limits]>([
      ['not a number', { requestsPerMinute: Number.NaN }],
      ['without an end', { concurrency: Infinity }],
      ['a fraction', { tokensPerMinute: 0.5 }],
      ['zero', { maxOutputTokens: 0 }],
      ['a negative amount', { budgets: [{ amount: -1n, period: 'day', hard: true }] }],
      [
        'a quantity without an end',
        { budgets: [{ unit: 'images', quantity: Infinity, period: 'day', hard: true }] },
      ],
      ['a rate of a model', { models: { M1: { concurrency: -1 } } }],
    ])('refuse a limit that is %s: it could not be read again', async (_, limits) => {
      await store.users.add(aUser())
      await expect(store.plans.add(aPlan({ limits }))).rejects.toThrow(/cannot be stored/)
      await expect(store.users.update('ada', { limits }, 1)).rejects.toThrow(/cannot be stored/)
      await expect(store.tokens.add(aToken({ limits }))).rejects.toThrow(/cannot be stored/)
      expect(await store.users.get('ada')).toEqual(aUser())
    })
  })

  describe(`limits of users in ${name}`, () => {
    it('change in what is named, null included', async () => {
      const store = await open()
      await store.users.add(aUser({ limits: EVERY_LIMIT, prepaid: true }))
      expect(await store.users.get('ada')).toEqual(aUser({ limits: EVERY_LIMIT, prepaid: true }))
      await store.users.update('ada', { name: 'Ada' }, 1000)
      expect(await store.users.get('ada')).toEqual(aUser({ limits: EVERY_LIMIT, prepaid: true }))
      await store.users.update('ada', { prepaid: false }, 1000)
      expect((await store.users.get('ada'))?.prepaid).toBe(false)
      await store.users.update('ada', { limits: null, prepaid: null }, 1000)
      expect(await store.users.get('ada')).toEqual(aUser())
      await store.close()
    })

    it('of a token stay with the token, and its successor has its own', async () => {
      const store = await open()
      await store.users.add(aUser())
      await store.tokens.add(aToken({ limits: EVERY_LIMIT }))
      await store.tokens.rotate('token1', aToken({ id: 'token2', limits: {} }), 2000, 2000)
      expect((await store.tokens.get('token1'))?.limits).toEqual(EVERY_LIMIT)
      expect((await store.tokens.list({ limit: 10 })).items.map(({ limits }) => limits)).toContainEqual({})
      await store.close()
    })
  })
}
