import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CreditCode, CreditEntry, Store } from '../../src/store/store.ts'

function anEntry(fields: Partial<CreditEntry> = {}): CreditEntry {
  return { id: 'entry1', userId: 'ada', amount: 5n, kind: 'grant', reason: 'a gift', at: 1000, ...fields }
}

/** A code with everything that a test does not care about. */
export function aCode(fields: Partial<CreditCode> = {}): CreditCode {
  return {
    id: 'code1',
    hash: `hash of ${fields.id ?? 'code1'}`,
    amount: 7n,
    reason: 'a campaign',
    uses: 1,
    used: 0,
    createdAt: 1000,
    expiresAt: null,
    revokedAt: null,
    ...fields,
  }
}

const LARGEST = 2n ** 63n - 1n

/** What any store of credit must do. */
export function describeCredits(name: string, open: () => Promise<Store>): void {
  describe(`credit in ${name}`, () => {
    let store: Store
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())

    const credits = () => store.credits

    it('is the sum of the entries of one user', async () => {
      expect(await credits().total('ada')).toBe(0n)
      await credits().add(anEntry())
      await credits().add(anEntry({ id: 'entry2', amount: -8n, kind: 'correction' }))
      await credits().add(anEntry({ id: 'entry3', userId: 'grace' }))
      expect(await credits().total('ada')).toBe(-3n)
    })

    it.each([LARGEST, -LARGEST, 2n ** 53n + 1n])('of %s is exact', async (amount) => {
      await credits().add(anEntry({ amount }))
      expect(await credits().total('ada')).toBe(amount)
      expect((await credits().list('ada', { limit: 1 })).items).toEqual([anEntry({ amount })])
    })

    it('that no integer of 64 bits can tell is an error, not another number', async () => {
      await credits().add(anEntry({ amount: LARGEST }))
      await credits().add(anEntry({ id: 'entry2' }))
      await expect(credits().total('ada')).rejects.toThrow()
      await expect(credits().add(anEntry({ id: 'entry3', amount: LARGEST + 1n }))).rejects.toThrow()
    })

    it('that is added twice under one id counts once', async () => {
      expect(await credits().add(anEntry())).toBe(true)
      expect(await credits().add(anEntry({ amount: 100n }))).toBe(false)
      expect(await credits().total('ada')).toBe(5n)
    })

    it('is listed the newest first, page by page, each entry once, also where times are equal', async () => {
      for (const [id, at] of Object.entries({ a: 1, b: 3, c: 3, d: 2 })) {
        await credits().add(anEntry({ id, at }))
      }
      await credits().add(anEntry({ id: 'e', userId: 'grace' }))
      const pages: string[][] = []
      let cursor: string | undefined
      do {
        const page = await credits().list('ada', { limit: 2, cursor })
        pages.push(page.items.map(({ id }) => id))
        cursor = page.next ?? undefined
      } while (cursor !== undefined)
      expect(pages).toEqual([
        ['c', 'b'],
        ['d', 'a'],
      ])
    })

    describe('codes', () => {
      const redeem = (userId: string, entryId: string, at = 2000) =>
        credits().redeem('hash of code1', userId, entryId, at)

      it('come back as they were added, the newest first', async () => {
        expect(await credits().addCode(aCode())).toBe(true)
        const second = aCode({ id: 'code2', createdAt: 2000, expiresAt: 3000, amount: LARGEST })
        expect(await credits().addCode(second)).toBe(true)
        const first = await credits().listCodes({ limit: 1 })
        expect(first.items).toEqual([second])
        const rest = await credits().listCodes({ limit: 1, cursor: first.next ?? undefined })
        expect(rest).toEqual({ items: [aCode()], next: null })
      })

      it.each([
        ['id', aCode({ hash: 'another' })],
        ['hash', aCode({ id: 'code2', hash: 'hash of code1' })],
      ])('with a taken %s are not added', async (_, second) => {
        await credits().addCode(aCode())
        expect(await credits().addCode(second)).toBe(false)
        expect((await credits().listCodes({ limit: 10 })).items).toEqual([aCode()])
      })

      it('give their amount to who redeems them', async () => {
        await credits().addCode(aCode({ uses: 2 }))
        const entry = anEntry({ amount: 7n, kind: 'code', reason: 'a campaign', at: 2000 })
        expect(await redeem('ada', 'entry1')).toEqual({ result: 'redeemed', entry })
        expect((await credits().list('ada', { limit: 10 })).items).toEqual([entry])
        expect((await credits().listCodes({ limit: 1 })).items).toEqual([aCode({ uses: 2, used: 1 })])
      })

      it.each<[string, Partial<CreditCode>, string]>([
        ['unknown', { hash: 'another' }, 'unknown'],
        ['revoked', { revokedAt: 1500 }, 'revoked'],
        ['revoked and expired', { revokedAt: 1500, expiresAt: 1500 }, 'revoked'],
        ['expired', { expiresAt: 2000 }, 'expired'],
        ['expired and used up', { expiresAt: 2000, used: 1 }, 'expired'],
        ['used up', { used: 1 }, 'used_up'],
      ])('that are %s give nothing', async (_, state, result) => {
        await credits().addCode(aCode(state))
        expect(await redeem('ada', 'entry1')).toEqual({ result })
        expect(await credits().total('ada')).toBe(0n)
        expect((await credits().listCodes({ limit: 1 })).items).toEqual([aCode(state)])
      })

      it('give to each user once, also when they are used up, expired or revoked since', async () => {
        await credits().addCode(aCode({ expiresAt: 3000 }))
        await redeem('ada', 'entry1', 2999)
        expect(await redeem('ada', 'entry2')).toEqual({ result: 'already' })
        await credits().revokeCode('code1', 4000)
        expect(await redeem('ada', 'entry2', 5000)).toEqual({ result: 'already' })
        expect(await redeem('grace', 'entry3', 5000)).toEqual({ result: 'revoked' })
        expect(await credits().total('ada')).toBe(7n)
      })

      it('are not used when the entry cannot be added', async () => {
        await credits().addCode(aCode())
        await credits().add(anEntry())
        await expect(redeem('grace', 'entry1')).rejects.toThrow()
        expect((await credits().listCodes({ limit: 1 })).items).toEqual([aCode()])
        expect(await redeem('grace', 'entry2')).toMatchObject({ result: 'redeemed' })
      })

      it('are revoked once: the first time stays', async () => {
        await credits().addCode(aCode())
        expect(await credits().revokeCode('code1', 5)).toEqual(aCode({ revokedAt: 5 }))
        expect(await credits().revokeCode('code1', 9)).toEqual(aCode({ revokedAt: 5 }))
        expect(await credits().revokeCode('nothing', 9)).toBeUndefined()
      })

      it('give no more than their uses, however many redeem them at once', async () => {
        await credits().addCode(aCode({ uses: 10 }))
        const all = Array.from({ length: 100 }, (_, index) => redeem(`user ${index % 50}`, `entry ${index}`))
        const results = (await Promise.all(all)).map(({ result }) => result)
        expect(results.filter((result) => result === 'redeemed')).toHaveLength(10)
        const users = Array.from({ length: 50 }, (_, index) => credits().total(`user ${index}`))
        const totals = await Promise.all(users)
        expect(totals.filter((total) => total === 7n)).toHaveLength(10)
        expect(totals.reduce((sum, total) => sum + total)).toBe(70n)
        expect((await credits().listCodes({ limit: 1 })).items).toMatchObject([{ used: 10 }])
      })
    })
  })
}
