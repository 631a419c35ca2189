import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Task } from '../../src/store/store.ts'
import { aTask, follow, keep, memoryBooks, RUNNING, SUCCESS } from './task-kit.ts'

const HOUR = 3600

describe('the tracker', () => {
  beforeEach(
    () => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] }),
  )
  afterEach(() => void vi.useRealTimers())

  it('looks every second from its start to its stop', async () => {
    const books = memoryBooks()
    await keep(books, aTask('1'))
    const { tracker, told } = follow(books, () => RUNNING)
    tracker.start()
    tracker.start()
    expect(vi.getTimerCount()).toBe(1)
    for (let second = 0; second < 40; second++) {
      told.now += 1000
      await vi.advanceTimersByTimeAsync(1000)
    }
    expect(told.asked.map(({ at }) => at)).toEqual([15_000, 38_000])
    await tracker.stop()
    expect(vi.getTimerCount()).toBe(0)
    told.now += HOUR * 1000
    await tracker.sweep()
    expect(told.asked).toHaveLength(2)
  })

  it('lets go of a question that is never answered when it stops', async () => {
    const books = memoryBooks()
    await keep(books, aTask('1'))
    let given: AbortSignal | undefined
    const ask = (_task: Task, _query: unknown, signal: AbortSignal): Promise<never> => {
      given = signal
      return new Promise(() => undefined)
    }
    const { tracker, told } = follow(books, () => RUNNING, { ask })
    told.now += 15_000
    tracker.start()
    await vi.advanceTimersByTimeAsync(1000)
    let hasStopped = false
    const stopping = tracker.stop().then(() => (hasStopped = true))
    await vi.advanceTimersByTimeAsync(4999)
    expect([hasStopped, given?.aborted]).toEqual([false, false])
    await vi.advanceTimersByTimeAsync(1)
    await stopping
    expect(given?.aborted).toBe(true)
    expect((await books.task('1', 'main'))?.state).toBe('running')
  })

  it('is not kept from others by eight questions that are slow, but for their places', async () => {
    const books = memoryBooks()
    for (let id = 1; id <= 20; id++) await keep(books, aTask(String(id)))
    const { tracker, told } = follow(books, ({ taskId }) =>
      Number(taskId) <= 7 ? new Promise<object>(() => undefined) : SUCCESS,
    )
    told.now += 15_000
    tracker.start()
    await vi.advanceTimersByTimeAsync(1000)
    expect(told.most).toBe(8)
    expect(told.ended).toHaveLength(13)
  })
})
