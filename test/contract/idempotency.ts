import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Earlier, IdempotencyClaim, IdempotencyScope, KeptAnswer, Store } from '../../src/store/store.ts'
import { aUser } from './store.ts'

/** A key with everything that a test does not care about. */
export function aScope(fields: Partial<IdempotencyScope> = {}): IdempotencyScope {
  return { userId: 'ada', userSince: 500, operation: 'image.create', key: 'key-1', ...fields }
}

/** A claim on it, at the time 1000, for 1000 milliseconds. */
export function aClaim(fields: Partial<IdempotencyClaim> = {}): IdempotencyClaim {
  return { bodyHash: 'body-1', requestId: 'r1', ownerId: 'process-1', at: 1000, expiresAt: 2000, ...fields }
}

export function anAnswer(fields: Partial<KeptAnswer> = {}): KeptAnswer {
  return {
    status: 200,
    contentType: 'application/json; charset=utf-8',
    body: Buffer.from('{"a":1}'),
    requestId: 'r1',
    ...fields,
  }
}

/** What every store must do with the keys of requests, whatever it keeps things in. */
export function describeIdempotency(name: string, open: () => Promise<Store>): void {
  describe(`keys of requests in ${name}`, () => {
    let store: Store
    beforeEach(async () => {
      store = await open()
    })
    afterEach(() => store.close())

    const claim = (fields: Partial<IdempotencyClaim> = {}, scope: Partial<IdempotencyScope> = {}) =>
      store.idempotency.claim(aScope(scope), aClaim(fields))
    const complete = (
      ending: Parameters<Store['idempotency']['complete']>[2],
      requestId = 'r1',
      expiresAt = 5000,
    ) => store.idempotency.complete(aScope(), requestId, ending, expiresAt)

    it('are their first claimant’s; the next one hears whose', async () => {
      expect(await claim()).toBeNull()
      expect(await claim({ requestId: 'r2', bodyHash: 'body-2', ownerId: 'process-2' })).toEqual({
        state: 'running',
        bodyHash: 'body-1',
        requestId: 'r1',
        ownerId: 'process-1',
      } satisfies Earlier)
    })

    it('have one claimant of a hundred that come at the same time', async () => {
      const found = await Promise.all(Array.from({ length: 100 }, (_, at) => claim({ requestId: `r${at}` })))
      expect(found.filter((earlier) => earlier === null)).toHaveLength(1)
      const others = found.filter((earlier) => earlier !== null)
      expect(new Set(others.map((earlier) => JSON.stringify(earlier)))).toHaveLength(1)
    })

    it.each([
      ['user', { userId: 'bob' }],
      ['user with the same id', { userSince: 501 }],
      ['operation', { operation: 'video.create' }],
      ['key', { key: 'KEY-1' }],
    ])('of another %s are another', async (_, other) => {
      expect(await claim()).toBeNull()
      expect(await claim({ requestId: 'r2' }, other)).toBeNull()
      expect(await store.idempotency.release(aScope(other), 'r2')).toBe(true)
      expect(await claim({ requestId: 'r3' })).not.toBeNull()
    })

    it.each([
      ['quotes', `'; drop table idempotency_keys; --`],
      ['255 characters', '~'.repeat(255)],
    ])('may hold %s', async (_, key) => {
      expect(await claim({}, { key })).toBeNull()
      expect(await claim({ requestId: 'r2' }, { key })).not.toBeNull()
    })

    it.each([
      ['text', Buffer.from('{"größe":"😀"}')],
      ['bytes', Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))],
      ['nothing', Buffer.alloc(0)],
      ['4 MiB', Buffer.alloc(4 * 1024 * 1024, 'ab')],
    ])('give the answer back as it was: %s', async (_, body) => {
      await claim()
      const answer = anAnswer({ body, status: 422, contentType: 'audio/mpeg' })
      expect(await complete(answer)).toBe(true)
      const found = await claim({ requestId: 'r2', bodyHash: 'body-2' })
      expect(found?.state).toBe('done')
      if (found?.state !== 'done') return
      expect(found.bodyHash).toBe('body-1')
      expect({ ...found.answer, body: '' }).toEqual({ ...answer, body: '' })
      expect(found.answer.body.equals(body)).toBe(true)
    })

    it.each(['unrepeatable', 'unknown'] as const)('remember an end without an answer: %s', async (state) => {
      await claim()
      expect(await complete(state)).toBe(true)
      expect(await claim({ requestId: 'r2' })).toEqual({ state, bodyHash: 'body-1', requestId: 'r1' })
    })

    it('are free again when they are given back', async () => {
      await claim()
      expect(await store.idempotency.release(aScope(), 'r1')).toBe(true)
      expect(await claim({ requestId: 'r2', bodyHash: 'body-2' })).toBeNull()
    })

    it('are changed by nobody but their claimant', async () => {
      await claim()
      expect(await store.idempotency.release(aScope(), 'r2')).toBe(false)
      expect(await complete(anAnswer(), 'r2')).toBe(false)
      expect(await claim({ requestId: 'r3' })).toMatchObject({ state: 'running', requestId: 'r1' })
    })

    it('end once', async () => {
      await claim()
      await complete(anAnswer())
      expect(await complete('unknown')).toBe(false)
      expect(await store.idempotency.release(aScope(), 'r1')).toBe(false)
      expect(await claim({ requestId: 'r2' })).toMatchObject({ state: 'done' })
    })

    it.each([
      [1999, false],
      [2000, true],
    ])('run out at their time: at %i', async (at, isFree) => {
      await claim()
      expect((await claim({ requestId: 'r2', at, expiresAt: at + 1000 })) === null).toBe(isFree)
    })

    it('count from the end of the call on, once it has ended', async () => {
      await claim()
      await complete(anAnswer())
      expect(await claim({ requestId: 'r2', at: 4999 })).toMatchObject({ state: 'done' })
      expect(await claim({ requestId: 'r3', at: 5000, expiresAt: 6000 })).toBeNull()
      expect(await claim({ requestId: 'r4', at: 5000 })).toMatchObject({ state: 'running', requestId: 'r3' })
    })

    it('that ran out and were taken anew are not their first claimant’s any more', async () => {
      await claim()
      await claim({ requestId: 'r2', at: 2000, expiresAt: 3000 })
      expect(await complete(anAnswer())).toBe(false)
      expect(await store.idempotency.release(aScope(), 'r1')).toBe(false)
    })

    it('that ran out are taken out, and no others', async () => {
      for (let at = 0; at < 20; at++)
        await claim({ requestId: `r${at}`, expiresAt: 2000 + at }, { key: `${at}` })
      let pruned = 0
      for (let step = -1; step !== 0; pruned += step) step = await store.idempotency.prune(2009)
      expect(pruned).toBe(10)
      expect(await claim({ requestId: 'x', at: 0, expiresAt: 9000 }, { key: '9' })).toBeNull()
      expect(await claim({ requestId: 'x', at: 0 }, { key: '10' })).not.toBeNull()
      expect(await store.idempotency.prune(2009)).toBe(0)
    })

    it('with large answers are taken out a few at a time', async () => {
      const body = Buffer.alloc(6 * 1024 * 1024)
      for (let at = 0; at < 5; at++) {
        const scope = aScope({ key: `${at}` })
        await store.idempotency.claim(scope, aClaim({ requestId: `r${at}` }))
        await store.idempotency.complete(scope, `r${at}`, anAnswer({ body }), 3000 + at)
      }
      expect(await store.idempotency.prune(9000)).toBe(3)
      expect(await store.idempotency.prune(9000)).toBe(2)
      expect(await store.idempotency.prune(9000)).toBe(0)
    })

    it('go with their user, and with nobody else', async () => {
      for (const id of ['ada', 'bob']) await store.users.add(aUser({ id, status: 'suspended' }))
      await claim()
      await complete(anAnswer())
      await claim({ requestId: 'r2' }, { userId: 'bob' })
      expect(await store.users.remove('ada')).toBe(true)
      expect(await claim({ requestId: 'r3' })).toBeNull()
      expect(await claim({ requestId: 'r4' }, { userId: 'bob' })).toMatchObject({ requestId: 'r2' })
    })

    it('stay with a user who cannot be removed', async () => {
      await store.users.add(aUser())
      await claim()
      expect(await store.users.remove('ada')).toBe(false)
      expect(await claim({ requestId: 'r2' })).toMatchObject({ requestId: 'r1' })
    })
  })
}
