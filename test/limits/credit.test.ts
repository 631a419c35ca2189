import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCreditService } from '../../src/limits/credit.ts'
import type { Plan, Spent, User } from '../../src/store/store.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import { movableClock } from '../auth/helper.ts'

/** The service over a store in memory, with what was charged to anybody said by the test. */
async function aService() {
  const clock = movableClock()
  const store = await openSqliteStore({ path: ':memory:', clock })
  const told: [string, bigint][] = []
  const books = { charged: 0n }
  const credit = createCreditService({
    store,
    ledger: { spent: (): Promise<Spent> => Promise.resolve({ charged: books.charged, usage: {} }) },
    limiter: { credited: (userId, amount) => void told.push([userId, amount]) },
    clock,
    currency: 'USD',
    hash: (text) => `hash of ${text}`,
  })

  async function aUser(fields: Partial<User> = {}): Promise<User> {
    const now = clock.now()
    const user: User = {
      id: 'ada',
      name: null,
      email: null,
      plan: null,
      multiplier: null,
      limits: null,
      prepaid: null,
      endUserLimits: null,
      status: 'active',
      createdAt: now,
      updatedAt: now,
      ...fields,
    }
    await store.users.add(user)
    return user
  }

  /** What the limiter takes it to be: given less charged, since ever. */
  const balance = async () => (await store.credits.total('ada')) - books.charged
  return { clock, store, credit, told, books, aUser, balance }
}

function aPlan(fields: Partial<Plan> = {}): Plan {
  return {
    id: 'trial',
    name: null,
    limits: {},
    multiplier: null,
    operations: null,
    models: null,
    prepaid: true,
    endUserLimits: null,
    freeCredit: 3n,
    createdAt: 0,
    updatedAt: 0,
    ...fields,
  }
}

describe('who pays ahead', () => {
  it('starts from nothing, whatever they were charged before', async () => {
    const { credit, books, aUser, balance } = await aService()
    books.charged = 70n
    await credit.joined(await aUser({ prepaid: true }), null)
    expect(await balance()).toBe(0n)
  })

  it('keeps what they were given before they paid ahead', async () => {
    const { credit, books, aUser, balance } = await aService()
    const user = await aUser()
    await credit.add('ada', { amount: 10n, reason: 'x' })
    books.charged = 70n
    await credit.joined({ ...user, prepaid: true }, null)
    expect(await balance()).toBe(10n)
  })

  it('starts once: what is charged after it is owed', async () => {
    const { credit, books, aUser, balance } = await aService()
    const user = await aUser({ prepaid: true })
    await credit.joined(user, null)
    books.charged = 70n
    await credit.joined(user, null)
    expect(await balance()).toBe(-70n)
  })

  it('gets the free credit of each plan once, even when asked for at the same time', async () => {
    const { credit, aUser, balance, told } = await aService()
    const user = await aUser({ plan: 'trial' })
    await Promise.all([1, 2, 3].map(() => credit.joined(user, aPlan())))
    await credit.joined(user, aPlan({ id: 'pro', freeCredit: 5n }))
    expect(await balance()).toBe(8n)
    expect(told).toEqual([
      ['ada', 0n],
      ['ada', 3n],
      ['ada', 5n],
    ])
  })

  it.each<[string, Partial<User>, Plan | null]>([
    ['nobody who says no to a prepaid plan', { plan: 'trial', prepaid: false }, aPlan()],
    ['nobody of a plan that is not prepaid', { plan: 'trial' }, aPlan({ prepaid: false })],
    ['nobody without a plan', {}, null],
  ])('is %s', async (_, fields, plan) => {
    const { credit, store, aUser } = await aService()
    await credit.joined(await aUser(fields), plan)
    expect((await store.credits.list('ada', { limit: 9 })).items).toEqual([])
  })

  it('under the id of an earlier user inherits neither debt nor credit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(100),
        fc.nat(100),
        fc.nat(100),
        fc.nat(9),
        async (given, before, after, free) => {
          const { clock, store, credit, books, aUser, balance } = await aService()
          const plan = aPlan({ freeCredit: BigInt(free) })
          await credit.joined(await aUser({ prepaid: true }), plan)
          await credit.add('ada', { amount: BigInt(given + 1), reason: 'x' })
          books.charged = BigInt(before)
          await store.users.update('ada', { status: 'suspended' }, clock.now())
          await store.users.remove('ada')
          clock.move(1)
          await credit.joined(await aUser({ prepaid: true }), plan)
          expect(await balance()).toBe(plan.freeCredit)
          books.charged += BigInt(after)
          expect(await balance()).toBe(plan.freeCredit - BigInt(after))
        },
      ),
      { numRuns: 20 },
    )
  })

  it('by a code counts for the user who redeemed it, also where the clock was put back', async () => {
    const { clock, store, credit, aUser, balance } = await aService()
    const [code] = await credit.createCodes({ amount: 7n, uses: 1, expiresAt: null, reason: 'x', count: 1 })
    const { createdAt } = await aUser({})
    clock.move(-60_000)
    const entry = await credit.redeem('ada', code?.text ?? '')
    expect(entry.at).toBe(createdAt)
    const user = await store.users.update('ada', { prepaid: true }, clock.now())
    if (user === undefined) throw new Error('there is no such user')
    await credit.joined(user, null)
    expect(await balance()).toBe(7n)
  })

  it('is given by a code to nobody who is not there', async () => {
    const { credit } = await aService()
    const [code] = await credit.createCodes({ amount: 7n, uses: 1, expiresAt: null, reason: 'x', count: 1 })
    await expect(credit.redeem('nobody', code?.text ?? '')).rejects.toMatchObject({ code: 'not_found' })
    expect((await credit.listCodes({ limit: 1 })).items[0]?.used).toBe(0)
  })

  it('is every user of a plan, and nobody else, when it becomes prepaid', async () => {
    const { credit, store, aUser } = await aService()
    for (const [id, plan] of [
      ['ada', 'trial'],
      ['bob', 'other'],
      ['eve', null],
    ] as const)
      await aUser({ id, plan })
    await credit.joinedAll(aPlan())
    const totals = ['ada', 'bob', 'eve'].map((id) => store.credits.total(id))
    expect(await Promise.all(totals)).toEqual([3n, 0n, 0n])
  })
})

describe('a change by the operator', () => {
  it('is in the store before the limiter hears of it', async () => {
    const { credit, store, told, aUser } = await aService()
    await aUser()
    const entry = await credit.add('ada', { amount: -4n, reason: 'x' })
    expect(entry).toMatchObject({ kind: 'correction', amount: -4n })
    expect([await store.credits.total('ada'), told]).toEqual([-4n, [['ada', -4n]]])
  })

  it('of nobody is refused', async () => {
    const { credit, told } = await aService()
    await expect(credit.add('ada', { amount: 1n, reason: 'x' })).rejects.toMatchObject({ code: 'not_found' })
    expect(told).toEqual([])
  })
})
