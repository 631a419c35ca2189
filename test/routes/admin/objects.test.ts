import { describe, expect, it, vi } from 'vitest'
import type { RemoveObject } from '../../../src/routes/admin/removal.ts'
import type { OwnedObject } from '../../../src/store/store.ts'
import { anObject, own } from '../../contract/objects.ts'
import { START } from '../../auth/helper.ts'
import { anAdminServer, textOf } from './helper.ts'

const OBJECTS: readonly Partial<OwnedObject>[] = [
  { id: '0123', createdAt: START },
  { id: 'u1_narrator', name: 'narrator', kind: 'voice', createdAt: START + 1, expiresAt: START + 1000 },
  { id: '123', userId: 'eve', createdAt: START + 2 },
  { id: 'gone', createdAt: START + 3, expiresAt: START },
  { id: '77', kind: 'video_task', createdAt: START + 4 },
]

async function withObjects(options: Parameters<typeof anAdminServer>[0] = {}, objects = OBJECTS) {
  const server = await anAdminServer(options)
  const { store, users } = server.house
  await users.add({ id: 'eve' })
  await store.ledger.write(objects.map(own))
  /** Every object that is still somebody's, of all users. */
  const left = async () =>
    (await store.objects.list({ limit: 1000 }, {}, 0)).items.map(({ userId, id }) => `${userId} ${id}`).sort()
  return { ...server, left }
}

const ids = (body: unknown): string[] => (body as { items: { id: string }[] }).items.map(({ id }) => id)

describe('the admin API of objects', () => {
  it('shows every field of an object, and nothing of what it holds', async () => {
    const { call } = await withObjects({}, [{ ...OBJECTS[1], detail: '{"secret":1}' }])
    expect((await call('GET', '/admin/v1/objects')).body).toEqual({
      items: [
        {
          kind: 'voice',
          id: 'u1_narrator',
          name: 'narrator',
          user: 'ada',
          token: 'token1',
          account: 'main',
          operation: 'files.upload',
          request_id: anObject().requestId,
          created_at: '2026-01-01T00:00:00.001Z',
          expires_at: '2026-01-01T00:00:01.000Z',
        },
      ],
      next: null,
    })
  })

  it.each([
    ['', ['77', '123', 'u1_narrator', '0123']],
    ['user=ada', ['77', 'u1_narrator', '0123']],
    ['kind=file', ['123', '0123']],
    ['user=ada&kind=file', ['0123']],
    ['user=nobody', []],
    ['kind=cover_feature', []],
  ])('lists newest first what %j asks for, and nothing that has expired', async (query, expected) => {
    const { call } = await withObjects()
    const { status, body } = await call('GET', `/admin/v1/objects?${query}`)
    expect([status, ids(body)]).toEqual([200, expected])
  })

  it('lists page by page', async () => {
    const { call } = await withObjects()
    const page = await call('GET', '/admin/v1/objects?limit=3')
    const rest = await call('GET', `/admin/v1/objects?limit=3&cursor=${textOf(page.body, 'next')}`)
    expect([ids(page.body), ids(rest.body)]).toEqual([['77', '123', 'u1_narrator'], ['0123']])
    expect(rest.body).toMatchObject({ next: null })
  })

  it.each([
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['cursor=', 'cursor'],
    ['cursor=x', 'cursor'],
    [`cursor=${'x'.repeat(2049)}`, 'cursor'],
    ['user=a%2Fb', 'user'],
    ['user=ada&user=eve', 'user'],
    ['kind=song', 'kind'],
    ['kind=', 'kind'],
    ['id=123', 'id'],
    ['user_id=ada', 'user_id'],
  ])('refuses the query %s, and says where', async (query, path) => {
    const { call } = await withObjects()
    const { status, body } = await call('GET', `/admin/v1/objects?${query}`)
    expect([status, body]).toMatchObject([400, { error: { code: 'invalid_query', path } }])
  })
})

describe('the deletion of all objects of a user', () => {
  it('asks MiniMax for those that it deletes, forgets the others, and leaves those of others', async () => {
    const asked: OwnedObject[] = []
    const remove: RemoveObject = async (object) => {
      asked.push(object)
      return object.id === 'gone' ? 'gone' : 'removed'
    }
    const { call, left } = await withObjects({ remove }, [
      ...OBJECTS,
      { id: 'v2', kind: 'video_v2_task' },
      { id: 's', kind: 'speech_task' },
      { id: 't', kind: 'video_template_task' },
      { id: 'c', kind: 'cover_feature' },
      { id: 'c', kind: 'cover_feature', userId: 'eve' },
    ])
    const { status, body } = await call('DELETE', '/admin/v1/users/ada/objects')
    expect([status, body]).toEqual([200, { removed: 3, forgotten: 5, failed: [] }])
    expect(asked.map(({ id }) => id).sort()).toEqual(['0123', 'gone', 'u1_narrator', 'v2'])
    expect(await left()).toEqual(['eve 123', 'eve c'])
  })

  it('keeps what failed, and goes on', async () => {
    const fault = new Error('no answer')
    const onError = vi.fn()
    const remove: RemoveObject = async ({ id }) => {
      if (id === '1') throw fault
      return id === '2' ? 'failed' : 'removed'
    }
    const many = Array.from({ length: 100 }, (_, index) => ({ id: `${index}`, createdAt: START + index }))
    const { call, left } = await withObjects({ remove, onError }, many)
    expect((await call('DELETE', '/admin/v1/users/ada/objects')).body).toEqual({
      removed: 98,
      forgotten: 0,
      failed: [
        { kind: 'file', id: '2' },
        { kind: 'file', id: '1' },
      ],
    })
    expect(await left()).toEqual(['ada 1', 'ada 2'])
    expect(onError.mock.calls).toEqual([[fault]])
  })

  it('has at the most four deletions under way at a time, and four where there is enough to do', async () => {
    let [underway, most] = [0, 0]
    const remove: RemoveObject = async () => {
      most = Math.max(most, ++underway)
      await new Promise((done) => setImmediate(done))
      underway--
      return 'removed'
    }
    const { call } = await withObjects(
      { remove },
      Array.from({ length: 90 }, (_, index) => ({ id: `${index}` })),
    )
    expect((await call('DELETE', '/admin/v1/users/ada/objects')).body).toMatchObject({ removed: 90 })
    expect(most).toBe(4)
  })

  it('of nobody is not found; of a user without any it is nothing', async () => {
    const { call } = await withObjects({}, [])
    expect(await call('DELETE', '/admin/v1/users/nobody/objects')).toMatchObject({
      status: 404,
      body: { error: { code: 'not_found' } },
    })
    expect((await call('DELETE', '/admin/v1/users/ada/objects')).body).toEqual({
      removed: 0,
      forgotten: 0,
      failed: [],
    })
  })
})
