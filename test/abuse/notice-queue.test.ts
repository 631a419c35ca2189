import { describe, expect, it } from 'vitest'
import { NoticeQueue } from '../../src/lib/notice-queue.ts'
import { instantTimer, watchedEvents } from './notice-kit.ts'

/** A queue whose receiver refuses so many tries. */
function aQueue(refusals = 0) {
  const sent: number[] = []
  let left = refusals
  const { told, events } = watchedEvents()
  const { pauses, timer } = instantTimer(5_000)
  const queue = new NoticeQueue<number>({
    send: async (item) => {
      if (left-- > 0) throw new Error('refused')
      sent.push(item)
    },
    events,
    // Only the first pause comes to its end by itself.
    timer,
  })
  return { queue, sent, told, pauses }
}

describe('a queue of notices', () => {
  it('hands them on in order', async () => {
    const { queue, sent, told } = aQueue()
    for (const item of [1, 2, 3]) queue.add(item)
    await queue.idle()
    expect([sent, told]).toEqual([[1, 2, 3], []])
  })

  it('tries again after a pause', async () => {
    const { queue, sent, told, pauses } = aQueue(1)
    queue.add(1)
    await queue.idle()
    expect([sent, told, pauses]).toEqual([[1], ['failed: Error: refused'], [2_000]])
  })

  it('gives one up after three tries, and goes on with the next', async () => {
    const told: string[] = []
    const pauses: number[] = []
    const sent: number[] = []
    const queue = new NoticeQueue<number>({
      send: async (item) => {
        if (item === 1) throw new Error('refused')
        sent.push(item)
      },
      events: {
        failed: (_, isLost) => told.push(isLost ? 'lost' : 'failed'),
        dropped: () => told.push('dropped'),
      },
      timer: (callback, milliseconds) => {
        pauses.push(milliseconds)
        setImmediate(callback)
        return () => undefined
      },
    })
    queue.add(1)
    queue.add(2)
    await queue.idle()
    expect([sent, told, pauses]).toEqual([[2], ['failed', 'failed', 'lost'], [2_000, 10_000]])
  })

  it('keeps a hundred waiting, and drops the oldest beyond them', async () => {
    const { queue, sent, told } = aQueue()
    for (let item = 0; item < 105; item++) queue.add(item)
    await queue.idle()
    // The first was under way at once.
    expect(sent).toEqual([0, ...Array.from({ length: 100 }, (_, index) => index + 5)])
    expect(told).toEqual(['dropped', 'dropped', 'dropped', 'dropped'])
  })

  it('takes nothing after its end', async () => {
    const { queue, sent, told } = aQueue()
    await queue.close()
    queue.add(1)
    await queue.idle()
    expect([sent, told]).toEqual([[], ['dropped']])
  })

  it('cuts a pause short at its end, and tries once more', async () => {
    const { queue, sent, told } = aQueue(2)
    queue.add(1)
    queue.add(2)
    // The second pause never comes to its end by itself.
    while (told.length < 2) await new Promise((resolve) => setImmediate(resolve))
    await queue.close()
    expect(sent).toEqual([1, 2])
  })

  it('ends though a receiver never answers', async () => {
    const { told, events } = watchedEvents()
    const { timer } = instantTimer()
    const queue = new NoticeQueue<number>({ send: () => new Promise(() => undefined), events, timer })
    queue.add(1)
    queue.add(2)
    await queue.close()
    expect(told).toEqual(['lost: Error: the process ends', 'dropped'])
  })
})
