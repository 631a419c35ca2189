import { beforeEach, describe, expect, it, vi } from 'vitest'
import { GatewayError } from '../../src/errors.ts'
import {
  aTask,
  follow,
  keep,
  looksAt,
  memoryBooks,
  NOTHING,
  OWN,
  RUNNING,
  START,
  SUCCESS,
  type TaskBooks,
} from './task-kit.ts'

const HOUR = 3600
const body = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

describe('a task', () => {
  let books: TaskBooks
  beforeEach(() => (books = memoryBooks()))

  it('is billed by its creation, as an estimate, when its end should say what it used and does not', async () => {
    await keep(books, aTask('1', 'video.v2.create'))
    const { told, pass } = follow(books, () => ({ task: { id: '1', status: 'succeeded' } }))
    await pass(15)
    expect(told.ended[0]?.end.bill).toEqual({ ...OWN, estimated: true })
  })

  it('is billed by its creation when no bill can be made', async () => {
    await keep(books, aTask('1', 'video.v2.create'))
    const answer = { task: { id: '1', status: 'succeeded', usage: { output_seconds: 5 } } }
    const bill = (): never => {
      throw new Error('no price')
    }
    const { told, pass } = follow(books, () => answer, { bill })
    await pass(15)
    expect(told.ended[0]?.end.bill).toEqual({ ...OWN, estimated: true })
    expect(told.failed).toEqual(['bill'])
  })

  it('that is denied three times in a row has expired, and costs nothing', async () => {
    await keep(books, aTask('1'))
    const denied = { base_resp: { status_code: 2013, status_msg: 'invalid params' } }
    const answers = [denied, denied, RUNNING, denied, denied, denied]
    const { told, pass } = follow(books, () => answers[told.asked.length - 1] ?? RUNNING)
    await pass(600)
    expect(told.asked).toHaveLength(6)
    expect(told.ended[0]?.end).toMatchObject({ state: 'expired', bill: NOTHING })
    expect(told.troubles).toEqual([])
  })

  it('that is denied with an HTTP status of its own has expired as well', async () => {
    await keep(books, aTask('1', 'video.v2.create'))
    const error = { type: 'bad_request_error', message: 'invalid task_id (2013)', http_code: '400' }
    const { told, pass } = follow(books, () => ({ type: 'error', error }), { status: 400 })
    await pass(200)
    expect(told.ended[0]?.end).toMatchObject({ state: 'expired', bill: NOTHING })
  })

  it.each([
    ['video.create', 24],
    ['speech.async.create', 9],
  ])('of %s that runs for %d hours has expired', async (operation, hours) => {
    await keep(books, aTask('1', operation))
    const { told, pass } = follow(books, () => RUNNING)
    told.now += hours * HOUR * 1000 - 1000
    await pass(1)
    expect(told.ended).toEqual([])
    await pass(60)
    expect(told.ended[0]?.end).toMatchObject({ state: 'expired', outcome: 'provider_timeout', bill: NOTHING })
  })

  it('that ended well while the gateway was down for days is still paid', async () => {
    await keep(books, aTask('1'))
    const { told, pass } = follow(books, () => SUCCESS)
    told.now += 3 * 24 * HOUR * 1000
    await pass(1)
    expect(told.ended[0]?.end).toMatchObject({ state: 'succeeded', bill: OWN })
  })

  it('waits for an upstream that is down for an hour, however that shows', async () => {
    await keep(books, aTask('1'))
    const troubles = [
      new Error('ECONNREFUSED'),
      { base_resp: { status_code: 1002 } },
      { base_resp: { status_code: 1004 } },
      { type: 'error', error: { type: 'rate_limit_error', message: 'slow down (1002)' } },
      '404 page not found',
      '<html>',
      '',
      '{"status":"Success"',
      { task_id: '2', ...SUCCESS },
    ]
    const { told, pass } = follow(books, () =>
      told.now - START < HOUR * 1000 ? (troubles[told.asked.length % troubles.length] ?? '') : SUCCESS,
    )
    await pass(HOUR + 60)
    expect(told.asked.length).toBe(told.troubles.length + 1)
    expect(told.asked.map(({ at }) => at)).toEqual(looksAt('video.create', 15_000, told.asked.length))
    expect(told.ended.map(({ end }) => end.state)).toEqual(['succeeded'])
  })

  it.each([401, 429, 500, 503])('is not ended by what an answer of HTTP status %d says', async (status) => {
    await keep(books, aTask('1'))
    const { told, pass } = follow(books, () => SUCCESS, { status })
    await pass(15)
    expect(told.ended).toEqual([])
    expect(told.troubles).toMatchObject([{ kind: 'refused', status }])
  })

  it('about which nothing is ever heard is given up after a week', async () => {
    await keep(books, aTask('1'))
    const { told, pass } = follow(books, () => new Error('ECONNREFUSED'))
    told.now += 6 * 24 * HOUR * 1000
    await pass(60)
    expect(told.ended).toEqual([])
    told.now += 24 * HOUR * 1000
    await pass(1)
    expect(told.ended[0]?.end).toMatchObject({ state: 'expired', bill: NOTHING })
  })

  it('is looked at at other times than those made with it', async () => {
    await keep(books, aTask('1'))
    const { pass } = follow(books, () => RUNNING, { random: () => 0.5 })
    await pass(15)
    expect((await books.task('1', 'main'))?.nextPollAt).toBe(START + 15_000 + 22_500 * 0.9)
  })

  it('is not asked about twice at a time', async () => {
    await keep(books, aTask('1'))
    let answer: (value: object) => void = () => undefined
    const { tracker, told } = follow(books, () => new Promise<object>((resolve) => (answer = resolve)))
    told.now += 15_000
    const sweeps = [tracker.sweep(), tracker.sweep(), tracker.look('1', 'main')]
    await vi.waitFor(() => expect(told.asked).toHaveLength(1))
    sweeps.push(tracker.sweep(), tracker.look('1', 'main'))
    answer(SUCCESS)
    await Promise.all(sweeps)
    expect(told.asked).toHaveLength(1)
    expect(told.ended).toHaveLength(1)
  })

  it('is looked at before it is due when its owner is about to delete it', async () => {
    await keep(books, aTask('1', 'video.v2.create'))
    const { tracker, told } = follow(books, () => ({ task: { id: '1', status: 'succeeded' } }))
    await tracker.look('1', 'main')
    await tracker.look('1', 'main')
    await tracker.look('2', 'main')
    expect(told.asked).toHaveLength(1)
    expect(told.ended).toHaveLength(1)
  })

  it('waits while the store fails, and is then settled', async () => {
    await keep(books, aTask('1'))
    let isDown = true
    const down = async (): Promise<never> => {
      throw new GatewayError('store_unavailable')
    }
    const failing: TaskBooks = {
      write: (changes) => (isDown ? down() : books.write(changes)),
      task: (id, key) => (isDown ? down() : books.task(id, key)),
      tasksDue: (now, limit) => books.tasksDue(now, limit),
      taskCounts: () => (isDown ? down() : books.taskCounts()),
    }
    const { tracker, told, pass } = follow(failing, () => SUCCESS)
    await pass(30)
    expect(told.asked.map(({ at }) => at)).toEqual([15_000, 20_000, 25_000, 30_000])
    await tracker.observe('video.query', 'main', body({ task_id: '1', ...SUCCESS }))
    await tracker.look('1', 'main')
    await expect(tracker.counts()).rejects.toThrow()
    expect(new Set(told.failed)).toEqual(new Set(['store']))
    expect(told.ended).toEqual([])
    isDown = false
    await pass(10)
    expect(told.ended).toHaveLength(1)
  })

  it('of async speech shares with at most five others the questions of a second', async () => {
    for (let id = 1; id <= 12; id++) await keep(books, aTask(String(id), 'speech.async.create'))
    await keep(books, aTask('13'))
    const { told, pass } = follow(books, () => SUCCESS)
    told.now += 15_000
    await pass(3)
    const perSecond = [16_000, 17_000, 18_000].map((at) => told.asked.filter((one) => one.at === at).length)
    expect(perSecond).toEqual([6, 5, 2])
  })
})
