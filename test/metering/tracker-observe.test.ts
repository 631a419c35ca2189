import { describe, expect, it } from 'vitest'
import { aTask, follow, keep, memoryBooks, NOTHING, OWN, RUNNING, SUCCESS } from './task-kit.ts'

const body = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

describe('an answer to a user', () => {
  it.each<[string, string, string, unknown]>([
    ['shows no end', 'video.query', 'main', { task_id: '1', ...RUNNING }],
    ['denies the task', 'video.query', 'main', { task_id: '1', base_resp: { status_code: 2013 } }],
    ['names no task', 'video.query', 'main', SUCCESS],
    ['is about a task of another account', 'video.query', 'other', { task_id: '1', ...SUCCESS }],
    ['is about a task that nobody made', 'video.query', 'main', { task_id: '2', ...SUCCESS }],
    ['is about a task of another kind', 'speech.async.query', 'main', { task_id: '1', ...SUCCESS }],
    ['is about something else', 'chat.native', 'main', { task_id: '1', ...SUCCESS }],
    ['is no answer', 'video.query', 'main', 'Success'],
  ])('ends nothing when it %s', async (_what, operation, upstreamKey, answer) => {
    const books = memoryBooks()
    await keep(books, aTask('1'))
    const { tracker, told } = follow(books, () => RUNNING)
    await tracker.observe(operation, upstreamKey, body(answer))
    expect(told.ended).toEqual([])
    expect((await books.task('1', 'main'))?.state).toBe('running')
  })

  it('ends a task that its owner deletes, by what it was', async () => {
    const books = memoryBooks()
    await keep(books, aTask('1', 'video.v2.create'))
    await keep(books, aTask('2', 'video.v2.create'))
    const { tracker, told } = follow(books, () => RUNNING)
    const gone = (task_id: string, action: string, status: string) => body({ task_id, action, status })
    await tracker.observe('video.v2.delete', 'main', gone('1', 'deleted', 'succeeded'))
    await tracker.observe('video.v2.delete', 'main', gone('2', 'cancelled', 'cancelled'))
    expect(told.ended.map(({ end }) => [end.outcome, end.bill])).toEqual([
      ['ok', { ...OWN, estimated: true }],
      ['caller_gone', NOTHING],
    ])
  })
})
