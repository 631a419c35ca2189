import { describe, expect, it, vi } from 'vitest'
import { outcomeOf } from '../../auth/helper.ts'
import { own } from '../../contract/objects.ts'
import { anOpening, REQUEST_ID } from '../../contract/ledger-kit.ts'
import { anAdminServer } from './helper.ts'

/** An API with a user `ada` who has a token, two objects and a call on the books. */
async function withAda(options: Parameters<typeof anAdminServer>[0] = {}) {
  const server = await anAdminServer(options)
  const { house, call } = server
  const { token, id } = await house.tokens.create('ada')
  const authenticate = () => outcomeOf(() => house.authenticator.authenticate(token))
  // It is in the authenticator's memory from now on.
  expect(await authenticate()).toBe('ada')
  await house.store.ledger.write([
    { kind: 'open', opening: anOpening() },
    own(),
    own({ id: 'task1', kind: 'video_task' }),
  ])
  const remove = (objects: string) => call('DELETE', `/admin/v1/users/ada?objects=${objects}`)
  const left = async () => (await house.store.objects.list({ limit: 10 }, {}, 0)).items.map(({ id }) => id)
  return { ...server, token, tokenId: id, authenticate, remove, left }
}

describe('the deletion of a user', () => {
  it.each([
    ['delete', 1, { removed: 1, forgotten: 1 }],
    ['keep', 0, { removed: 0, forgotten: 2 }],
  ])('with objects=%s takes out tokens, objects and user; calls stay', async (objects, asked, counts) => {
    const deletion = vi.fn(async () => 'removed' as const)
    const { remove, house, left, authenticate } = await withAda({ remove: deletion })
    const { status, body } = await remove(objects)
    expect([status, body]).toEqual([200, { id: 'ada', deleted: true, ...counts, failed: [] }])
    expect(deletion).toHaveBeenCalledTimes(asked)
    expect(await house.store.users.get('ada')).toBeUndefined()
    expect((await house.store.tokens.list({ limit: 10 })).items).toEqual([])
    expect(await left()).toEqual([])
    expect(await authenticate()).toBe('token_invalid')
    expect(await house.store.ledger.get(REQUEST_ID)).toMatchObject({ userId: 'ada' })
    expect((await remove(objects)).status).toBe(404)
  })

  it('ends what is under way and refuses the token before the first object is deleted', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<'removed'>()
    const asked = Promise.withResolvers<undefined>()
    const { remove, house, authenticate, call } = await withAda({
      remove: () => {
        asked.resolve(undefined)
        return held
      },
    })
    const endings: unknown[] = []
    house.authenticator.onEnding((ending) => endings.push(ending))
    const deletion = remove('delete')
    await asked.promise
    expect(endings).toMatchObject([{ userId: 'ada' }])
    expect(await authenticate()).toBe('token_revoked')
    const issued = await house.tokens.create('ada')
    const late = () => outcomeOf(() => house.authenticator.authenticate(issued.token))
    expect(await late()).toBe('user_suspended')
    release('removed')
    expect((await deletion).body).toMatchObject({ deleted: true })
    expect([await authenticate(), await late()]).toEqual(['token_invalid', 'token_invalid'])
    expect((await call('GET', '/admin/v1/tokens')).body).toMatchObject({ items: [] })
  })

  it('that MiniMax fails leaves the user suspended, without a valid token, with what failed', async () => {
    let answer: 'removed' | 'failed' = 'failed'
    const { remove, house, left, authenticate } = await withAda({ remove: async () => answer })
    const { status, body } = await remove('delete')
    expect([status, body]).toEqual([
      200,
      { id: 'ada', deleted: false, removed: 0, forgotten: 1, failed: [{ kind: 'file', id: 'file1' }] },
    ])
    expect(await house.users.get('ada')).toMatchObject({ status: 'suspended' })
    expect(await authenticate()).toBe('token_revoked')
    expect(await left()).toEqual(['file1'])
    answer = 'removed'
    expect((await remove('delete')).body).toMatchObject({ deleted: true, removed: 1, forgotten: 0 })
  })

  it('who is activated meanwhile is refused', async () => {
    const { remove, house } = await withAda({
      remove: async () => {
        await house.users.update('ada', { status: 'active' })
        return 'removed'
      },
    })
    expect(await remove('delete')).toMatchObject({ status: 409, body: { error: { code: 'conflict' } } })
    expect(await house.users.get('ada')).toMatchObject({ status: 'active' })
  })

  it.each(['delete', 'keep'])('leaves nothing to a new user with the same id (%s)', async (objects) => {
    const { remove, call, house, left, authenticate, tokenId } = await withAda()
    await house.users.update('ada', { plan: 'pro', multiplier: '0.1' })
    await remove(objects)
    // A call that was under way registers what it made when its user is gone already.
    await house.store.ledger.write([own({ id: 'late' })])
    expect((await call('POST', '/admin/v1/users', { id: 'ada' })).body).toMatchObject({
      status: 'active',
      plan: null,
      multiplier: null,
    })
    expect(await left()).toEqual([])
    expect(await authenticate()).toBe('token_invalid')
    expect(await house.store.tokens.get(tokenId)).toBeUndefined()
    const issued = await house.tokens.create('ada')
    expect(await outcomeOf(() => house.authenticator.authenticate(issued.token))).toBe('ada')
  })

  it('leaves the objects of a user whose id is asked for again', async () => {
    const { call, left } = await withAda()
    expect((await call('POST', '/admin/v1/users', { id: 'ada' })).status).toBe(409)
    expect(await left()).toHaveLength(2)
  })

  it.each([
    ['', 400, 'invalid_query'],
    ['?objects=', 400, 'invalid_query'],
    ['?objects=all', 400, 'invalid_query'],
    ['?objects=keep&objects=keep', 400, 'invalid_query'],
    ['?objects=keep&force=1', 400, 'invalid_query'],
  ])('asked for with %j is refused, and changes nothing', async (query, status, code) => {
    const { call, authenticate, left } = await withAda()
    const answer = await call('DELETE', `/admin/v1/users/ada${query}`)
    expect([answer.status, answer.body]).toMatchObject([status, { error: { code } }])
    expect([await authenticate(), (await left()).length]).toEqual(['ada', 2])
  })

  it('leaves other users alone', async () => {
    const { remove, house, left } = await withAda()
    await house.users.add({ id: 'eve' })
    const { token } = await house.tokens.create('eve')
    await house.store.ledger.write([own({ id: 'hers', userId: 'eve' })])
    await remove('delete')
    expect(await outcomeOf(() => house.authenticator.authenticate(token))).toBe('eve')
    expect(await left()).toEqual(['hers'])
  })
})
