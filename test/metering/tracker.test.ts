import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import {
  aTask,
  follow,
  keep,
  looksAt,
  memoryBooks,
  NOTHING,
  OWN,
  REPORTED,
  RUNNING,
  START,
  SUCCESS,
  type TaskBooks,
} from './task-kit.ts'

const body = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

const KINDS: readonly (readonly [string, () => Promise<{ books: TaskBooks; close: () => Promise<void> }>])[] =
  [
    ['in memory', async () => ({ books: memoryBooks(), close: async () => undefined })],
    [
      'in SQLite',
      async () => {
        const store = await openSqliteStore({ path: ':memory:' })
        return { books: store.ledger, close: () => store.close() }
      },
    ],
  ]

describe.each(KINDS)('a task with books %s', (_name, open) => {
  let books: TaskBooks
  let close: () => Promise<void>
  beforeEach(async () => ({ books, close } = await open()))
  afterEach(() => close())

  it('is first looked at after a time that suits it, then ever more rarely, once a minute at the least', async () => {
    await keep(books, aTask('1'))
    await keep(books, aTask('2', 'speech.async.create'))
    const { told, pass } = follow(books, () => RUNNING)
    await pass(400)
    const at = (id: string): number[] => told.asked.filter(({ taskId }) => taskId === id).map(({ at }) => at)
    expect(at('1').slice(0, 5)).toEqual([15_000, 38_000, 72_000, 123_000, 183_000])
    expect(at('1')).toEqual(looksAt('video.create', 15_000, at('1').length))
    expect(at('2').slice(0, 7)).toEqual([5000, 13_000, 25_000, 42_000, 68_000, 106_000, 163_000])
    expect(at('2')).toEqual(looksAt('speech.async.create', 5000, at('2').length))
    expect(await books.task('1', 'main')).toMatchObject({ state: 'running', polls: at('1').length })
    expect(told.troubles).toEqual([])
  })

  it('costs what its creation says when it succeeds', async () => {
    await keep(books, aTask('1'))
    const { told, pass } = follow(books, () => SUCCESS)
    await pass(60)
    expect(told.asked).toHaveLength(1)
    const at = START + 15_000
    expect(told.ended.map(({ end }) => end)).toEqual([
      { kind: 'end', taskId: '1', upstreamKey: 'main', state: 'succeeded', outcome: 'ok', bill: OWN, at },
    ])
    expect(await books.task('1', 'main')).toMatchObject({ state: 'succeeded', settledAt: at, bill: OWN })
  })

  it('costs what its end reports, where it reports that', async () => {
    await keep(books, aTask('1', 'video.v2.create'))
    const { told, pass } = follow(books, () => ({
      task: {
        id: '1',
        status: 'succeeded',
        model: 'MiniMax-H3',
        resolution: '2K',
        usage: { output_seconds: 5 },
      },
    }))
    await pass(15)
    expect(told.ended[0]?.end.bill).toEqual({ ...REPORTED, usage: { video_seconds: 5 } })
  })

  it.each<[string, string, object, string]>([
    ['content', 'video.create', { status: 'Fail', base_resp: { status_code: 1027 } }, 'provider_rejected'],
    ['anything else', 'video.create', { status: 'Fail', base_resp: { status_code: 1013 } }, 'provider_error'],
    [
      'no reason',
      'speech.async.create',
      { status: 'Failed', base_resp: { status_code: 0 } },
      'provider_error',
    ],
    [
      'content, as the second API says it',
      'video.v2.create',
      { task: { id: '1', status: 'failed', error: { code: '1026', message: 'x' } } },
      'provider_rejected',
    ],
    ['its owner', 'video.v2.create', { task: { id: '1', status: 'cancelled' } }, 'caller_gone'],
  ])('costs nothing when it fails because of %s', async (_why, operation, answer, outcome) => {
    await keep(books, aTask('1', operation))
    const { told, pass } = follow(books, () => answer)
    await pass(15)
    expect(told.ended[0]?.end).toMatchObject({ state: 'failed', outcome, bill: NOTHING })
    expect(await books.task('1', 'main')).toMatchObject({ state: 'failed' })
  })

  it('goes on after a restart where it stood', async () => {
    await keep(books, aTask('1'))
    const before = follow(books, () => RUNNING)
    await before.pass(50)
    await before.tracker.stop()
    const after = follow(books, () => SUCCESS)
    after.told.now = before.told.now
    await after.pass(21)
    expect(after.told.asked).toEqual([])
    await after.pass(1)
    expect(after.told.ended).toHaveLength(1)
    expect(after.told.asked[0]?.at).toBe(72_000)
  })

  it('ends once, though a user and the gateway see its end at the same time', async () => {
    await keep(books, aTask('1'))
    const seen = body({ task_id: '1', ...SUCCESS })
    const { tracker, told, pass } = follow(books, async () => {
      await Promise.all([1, 2, 3].map(() => tracker.observe('video.query', 'main', seen)))
      return SUCCESS
    })
    await pass(15)
    await tracker.observe('video.query', 'main', seen)
    await tracker.observe('video.query', 'main', body({ task_id: '1', status: 'Fail' }))
    expect(told.ended).toHaveLength(1)
    expect(told.asked).toHaveLength(1)
    expect(await books.task('1', 'main')).toMatchObject({ state: 'succeeded' })
  })

  it('is not asked about again once a user has seen its end', async () => {
    await keep(books, aTask('1'))
    const { tracker, told, pass } = follow(books, () => RUNNING)
    told.now += 3000
    await tracker.observe('video.query', 'main', body({ task_id: '1', ...SUCCESS }))
    expect(told.ended[0]?.end).toMatchObject({
      state: 'succeeded',
      outcome: 'ok',
      bill: OWN,
      at: START + 3000,
    })
    await pass(200)
    expect(told.asked).toEqual([])
    expect(told.ended).toHaveLength(1)
  })

  it('has an id that no number holds', async () => {
    const ids = ['9223372036854770001', '9223372036854770003']
    for (const id of ids) await keep(books, aTask(id, 'speech.async.create'))
    const { tracker, told, pass } = follow(books, ({ taskId }) =>
      JSON.stringify(RUNNING).replace('{', `{"task_id":${taskId},`),
    )
    const seen = `{"task_id":${ids[0]},"status":"Success","base_resp":{"status_code":0}}`
    await tracker.observe('speech.async.query', 'main', Buffer.from(seen))
    expect(told.ended.map(({ taskId }) => taskId)).toEqual([ids[0]])
    await pass(5)
    expect(told.asked.map(({ path }) => path)).toEqual([`/v1/query/t2a_async_query_v2?task_id=${ids[1]}`])
    expect(told.troubles).toEqual([])
  })

  it('is one of 200 that are all asked about, a few at a time', async () => {
    for (let id = 1; id <= 200; id++) await keep(books, aTask(String(id)))
    const { tracker, told } = follow(books, async ({ taskId }) => {
      for (let turns = Number(taskId) % 5; turns >= 0; turns--) await new Promise(setImmediate)
      return SUCCESS
    })
    told.now += 15_000
    await tracker.sweep()
    expect(told.most).toBe(8)
    expect(new Set(told.asked.map(({ taskId }) => taskId)).size).toBe(200)
    expect(told.asked).toHaveLength(200)
    expect(told.ended).toHaveLength(200)
    expect(await tracker.counts()).toEqual([{ kind: 'video', state: 'succeeded', count: 200 }])
  })

  it('is counted by what it makes', async () => {
    const operations = ['video.create', 'video.v2.create', 'video.v2.regenerate', 'speech.async.create']
    for (const [at, operation] of operations.entries()) await keep(books, aTask(String(at + 1), operation))
    const { tracker, pass } = follow(books, () => SUCCESS)
    await pass(15)
    const counts = [...(await tracker.counts())].sort((one, other) => (one.kind < other.kind ? -1 : 1))
    expect(counts).toEqual([
      { kind: 'speech', state: 'succeeded', count: 1 },
      { kind: 'video', state: 'succeeded', count: 1 },
      { kind: 'video_v2', state: 'running', count: 2 },
    ])
  })
})
