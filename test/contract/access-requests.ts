import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AccessLink, NewAccessRequest, Store } from '../../src/store/store.ts'
import { aUser } from './store.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** A request with everything that a test does not care about. */
export function anAccessRequest(fields: Partial<NewAccessRequest> = {}): NewAccessRequest {
  return {
    id: 'acr_1',
    email: 'eve@example.com',
    note: 'please',
    mail: 'due',
    at: 1000,
    expiresAt: 1000 + 72 * HOUR,
    ...fields,
  }
}

function aLink(fields: Partial<AccessLink> = {}): AccessLink {
  return { secretHash: 'claim 1', mail: 'none', at: 2000, expiresAt: 2000 + 72 * HOUR, ...fields }
}

/** What any store of requests for access must do. */
export function describeAccessRequests(name: string, open: () => Promise<Store>): void {
  describe(`requests for access in ${name}`, () => {
    let store: Store
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())
    const requests = () => store.accessRequests

    async function anApproved(id = 'acr_1', link: Partial<AccessLink> = {}) {
      await requests().submit(anAccessRequest({ id }))
      await requests().reserve(id, 'eve', null, 1500)
      return await requests().approve(id, 'eve', 5000, aLink(link))
    }

    it('come back as they were added', async () => {
      const expected = {
        id: 'acr_1',
        email: 'eve@example.com',
        note: 'please',
        state: 'pending',
        mail: 'due',
        createdAt: 1000,
        expiresAt: 1000 + 72 * HOUR,
        verifiedAt: null,
        approvedAt: null,
        closedAt: null,
        userId: null,
        tokenId: null,
        tokenLifetime: null,
        reason: null,
      }
      expect(await requests().submit(anAccessRequest())).toEqual({ request: expected, isNew: true })
      expect(await requests().get('acr_1')).toEqual(expected)
      expect(await requests().get('acr_2')).toBeUndefined()
    })

    it('of one address are one while it is open, whose words stay', async () => {
      await requests().submit(anAccessRequest({ mail: 'none' }))
      const second = anAccessRequest({ id: 'acr_2', note: 'other words', at: 2000 })
      expect(await requests().submit(second)).toMatchObject({
        request: { id: 'acr_1', note: 'please', mail: 'due', createdAt: 1000 },
        isNew: false,
      })
      await requests().reject('acr_1', null, 3000)
      expect(await requests().submit({ ...second, at: 4000 })).toMatchObject({
        request: { id: 'acr_2' },
        isNew: true,
      })
    })

    it('that have expired are in nobody’s way, looked after or not', async () => {
      await requests().submit(anAccessRequest())
      const at = 1000 + 72 * HOUR
      expect((await requests().submit(anAccessRequest({ id: 'acr_2', at, expiresAt: at + 1 }))).isNew).toBe(
        true,
      )
      expect(await requests().get('acr_1')).toMatchObject({ state: 'expired', closedAt: at, mail: 'none' })
    })

    it('are listed by state, newest first, page by page', async () => {
      for (const n of [1, 2, 3])
        await requests().submit(anAccessRequest({ id: `acr_${n}`, email: `${n}@example.com`, at: n }))
      await requests().reject('acr_2', null, 4)
      const first = await requests().list({ limit: 1, state: 'pending' })
      expect(first.items.map(({ id }) => id)).toEqual(['acr_3'])
      const second = await requests().list({ limit: 1, state: 'pending', cursor: first.next ?? '' })
      expect([second.items.map(({ id }) => id), second.next]).toEqual([['acr_1'], null])
      expect((await requests().list({ limit: 9 })).items.map(({ id }) => id)).toEqual([
        'acr_3',
        'acr_2',
        'acr_1',
      ])
      await expect(requests().list({ limit: 1, cursor: 'x' })).rejects.toMatchObject({
        code: 'invalid_query',
      })
    })

    it.each([
      ['an hour to an address', { perHour: 1, perDay: 9, allPerHour: 9 }, 'eve', HOUR, 1],
      ['a day to an address', { perHour: 9, perDay: 3, allPerHour: 9 }, 'eve', DAY, 3],
      ['an hour to all', { perHour: 9, perDay: 9, allPerHour: 2 }, 'adam', HOUR, 2],
    ])('allow so many mails %s and not one more', async (_, most, next, window, count) => {
      for (let index = 0; index < count; index++)
        expect(await requests().allowMail({ addressKey: 'eve', at: 1000, ...most })).toBe(true)
      const again = (at: number) => requests().allowMail({ addressKey: next, at, ...most })
      expect([await again(1000), await again(1000 + window - 1), await again(1000 + window)]).toEqual([
        false,
        false,
        true,
      ])
    })

    it('prove their address by the link of their mail, in time', async () => {
      await requests().submit(anAccessRequest())
      expect(await requests().mailsDue(999, 9)).toEqual([])
      expect(await requests().mailsDue(1000, 9)).toMatchObject([{ request: { id: 'acr_1' }, tries: 0 }])
      expect(await requests().arm('acr_1', 'approved', 'wrong state')).toBe(false)
      expect(await requests().arm('acr_1', 'pending', 'first')).toBe(true)
      expect(await requests().arm('acr_1', 'pending', 'second')).toBe(true)
      await requests().mailed('acr_1', 'first')
      expect((await requests().get('acr_1'))?.mail).toBe('due')
      await requests().mailed('acr_1', 'second')
      expect((await requests().get('acr_1'))?.mail).toBe('sent')
      expect(await requests().verify('first', 2000)).toBe('unknown')
      expect(await requests().verify('second', 1000 + 72 * HOUR)).toBe('unknown')
      expect(await requests().verify('second', 2000)).toBe('verified')
      expect(await requests().verify('second', 3000)).toBe('again')
      expect(await requests().get('acr_1')).toMatchObject({ state: 'verified', verifiedAt: 2000 })
    })

    it('have a mail tried again later, or given up', async () => {
      await requests().submit(anAccessRequest())
      await requests().arm('acr_1', 'pending', 'first')
      await requests().mailFailed('acr_1', 'first', 5000)
      expect(await requests().mailsDue(4999, 9)).toEqual([])
      expect(await requests().mailsDue(5000, 9)).toMatchObject([{ tries: 1 }])
      await requests().mailFailed('acr_1', 'first', null)
      expect((await requests().get('acr_1'))?.mail).toBe('failed')
      expect(await requests().remind('acr_1', 6000)).toMatchObject({ mail: 'due' })
      expect(await requests().mailsDue(6000, 9)).toMatchObject([{ tries: 0 }])
    })

    it('are given to one user', async () => {
      await requests().submit(anAccessRequest())
      expect(await requests().reserve('acr_1', 'eve', null, 2000)).toBe(true)
      expect(await requests().reserve('acr_1', 'eva', null, 2000)).toBe(false)
      expect(await requests().reserve('acr_1', 'eva', 'eve', 2000)).toBe(true)
      expect(await requests().approve('acr_1', 'eve', null, aLink())).toBeUndefined()
      expect(await requests().approve('acr_1', 'eva', 7, aLink())).toMatchObject({
        state: 'approved',
        userId: 'eva',
        tokenLifetime: 7,
        approvedAt: 2000,
        expiresAt: 2000 + 72 * HOUR,
      })
      expect(await requests().reject('acr_1', null, 3000)).toBeUndefined()
    })

    it('give one token for their link', async () => {
      await anApproved()
      expect(await requests().claim('claim 2', 3000, 0)).toEqual({ result: 'unknown' })
      const claims = await Promise.all(Array.from({ length: 20 }, () => requests().claim('claim 1', 3000, 0)))
      expect(claims.filter(({ result }) => result === 'claimed')).toHaveLength(1)
      expect(claims.filter(({ result }) => result === 'used')).toHaveLength(19)
      await requests().claimed('acr_1', 'token1')
      expect(await requests().claim('claim 1', 9000, 9000)).toEqual({ result: 'used' })
      expect(await requests().get('acr_1')).toMatchObject({
        state: 'claimed',
        tokenId: 'token1',
        closedAt: 3000,
      })
    })

    it('give a token after a claim that gave none', async () => {
      await anApproved()
      await requests().claim('claim 1', 3000, 0)
      await requests().claimed('acr_1', null)
      expect(await requests().claim('claim 1', 4000, 0)).toMatchObject({ result: 'claimed' })
      // A process was killed here.
      expect(await requests().claim('claim 1', 5000, 4000)).toEqual({ result: 'used' })
      expect(await requests().claim('claim 1', 5000, 4001)).toMatchObject({ result: 'claimed' })
    })

    it('give no token when their link is over, and get another', async () => {
      await anApproved()
      const over = 2000 + 72 * HOUR
      expect(await requests().claim('claim 1', over, 0)).toEqual({ result: 'unknown' })
      expect(await requests().expire(over)).toBe(1)
      expect(await requests().expire(over)).toBe(0)
      const link = aLink({ secretHash: 'claim 2', at: over, expiresAt: over + 1000 })
      expect(await requests().relink('acr_1', link)).toMatchObject({ state: 'approved', closedAt: null })
      expect(await requests().claim('claim 1', over, 0)).toEqual({ result: 'unknown' })
      expect(await requests().claim('claim 2', over, 0)).toMatchObject({ result: 'claimed' })
      expect(await requests().relink('acr_1', link)).toBeUndefined()
    })

    it('get no other link while another of the address is open', async () => {
      await anApproved()
      const over = 2000 + 72 * HOUR
      await requests().submit(anAccessRequest({ id: 'acr_2', at: over, expiresAt: over + 1000 }))
      expect(await requests().relink('acr_1', aLink({ at: over, expiresAt: over + 1 }))).toBeUndefined()
    })

    it('lose what is personal after a while', async () => {
      await anApproved()
      await requests().claim('claim 1', 3000, 0)
      await requests().claimed('acr_1', 'token1')
      await requests().submit(anAccessRequest({ id: 'acr_2' }))
      await requests().reject('acr_2', 'no', 3000)
      await requests().submit(anAccessRequest({ id: 'acr_3' }))
      expect(await requests().erase(2999, 9000)).toBe(0)
      expect(await requests().erase(3000, 9000)).toBe(2)
      expect(await requests().erase(3000, 9000)).toBe(0)
      expect(await requests().get('acr_1')).toMatchObject({
        state: 'claimed',
        email: null,
        note: null,
        tokenId: 'token1',
      })
      expect(await requests().get('acr_2')).toBeUndefined()
      expect(await requests().get('acr_3')).toMatchObject({ email: 'eve@example.com' })
    })

    it('go with the user who was made for them or has their address', async () => {
      await store.users.add(aUser({ id: 'eve', email: 'EVE@example.com' }))
      await store.users.add(aUser({ id: 'ada', email: null }))
      expect(await requests().userWithEmail('eve@EXAMPLE.com')).toBe('eve')
      expect(await requests().userWithEmail('other@example.com')).toBeUndefined()
      await anApproved()
      await requests().reject('acr_1', null, 1)
      await requests().submit(anAccessRequest({ id: 'acr_2', email: 'other@example.com' }))
      await store.users.update('eve', { status: 'suspended' }, 1)
      expect(await store.users.remove('ada')).toBe(false)
      expect((await requests().list({ limit: 9 })).items).toHaveLength(2)
      expect(await store.users.remove('eve')).toBe(true)
      expect((await requests().list({ limit: 9 })).items.map(({ id }) => id)).toEqual(['acr_2'])
    })

    it('are counted while they are open, and told of once', async () => {
      await requests().submit(anAccessRequest())
      await requests().submit(anAccessRequest({ id: 'acr_2', email: 'b@example.com' }))
      await requests().arm('acr_2', 'pending', 'second')
      await requests().verify('second', 2000)
      expect(await requests().countOpen()).toBe(2)
      expect([await requests().countUntold(true), await requests().countUntold(false)]).toEqual([1, 2])
      await requests().told(true, 2000)
      expect([await requests().countUntold(true), await requests().countUntold(false)]).toEqual([0, 1])
      await requests().told(false, 2000)
      expect(await requests().countUntold(false)).toBe(0)
      await requests().reject('acr_1', null, 3000)
      expect(await requests().countOpen()).toBe(1)
    })
  })
}
