import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/errors.ts'
import { openSqliteStore } from '../../src/store/sqlite.ts'
import type { Store } from '../../src/store/store.ts'
import { pauseAfter } from '../../src/tenancy/callback-delivery.ts'
import { aCallback, aDelivery } from '../contract/callbacks.ts'
import { Answers, delivering, secretOf, Time } from './callback-kit.ts'

let store: Store
let time: Time
let answers: Answers
beforeEach(async () => {
  store = await openSqliteStore({ path: ':memory:' })
  time = new Time()
  answers = new Answers()
})
afterEach(() => store.close())

async function add(userId: string, count = 1): Promise<void> {
  const secretHash = `callback of ${userId}`
  await store.callbacks.add(
    aCallback({ secretHash, userId, url: `https://${userId}.example.com/`, createdAt: time.now() }),
  )
  for (let at = 0; at < count; at++) {
    const id = `${userId}${at}`
    await store.callbacks.enqueue(aDelivery({ id, secretHash, userId, createdAt: time.now() }), 100)
  }
}

describe('a delivery', () => {
  it('is signed with the secret of its user, over the time and the very bytes', async () => {
    await add('ada')
    answers.rule = () => 200
    const { delivery, told } = delivering(store.callbacks, time, answers)
    delivery.start()
    await delivery.idle()
    const [sent] = answers.sent
    const timestamp = String(Math.floor(time.now() / 1000))
    const expected = createHmac('sha256', secretOf('ada')).update(`${timestamp}.{"of":"ada0"}`).digest('hex')
    expect(sent).toMatchObject({
      url: 'https://ada.example.com/',
      body: Buffer.from('{"of":"ada0"}'),
      headers: {
        'content-type': 'application/json',
        'x-gateway-delivery': 'ada0',
        'x-gateway-timestamp': timestamp,
        'x-gateway-signature': `v1=${expected}`,
      },
    })
    expect(told.ended).toEqual([['ada0', 'delivered', 1]])
    await delivery.stop()
  })

  it.each([200, 201, 204, 299])('has arrived with %i, and is not sent again', async (status) => {
    await add('ada')
    answers.rule = () => status
    const { delivery, told } = delivering(store.callbacks, time, answers)
    delivery.start()
    await delivery.idle()
    time.pass(24 * 3_600_000)
    await delivery.idle()
    expect([answers.sent.length, told.ended, told.failed]).toEqual([1, [['ada0', 'delivered', 1]], []])
    await delivery.stop()
  })

  it('is given up at once with 410', async () => {
    await add('ada')
    answers.rule = () => 410
    const { delivery, told } = delivering(store.callbacks, time, answers)
    delivery.start()
    await delivery.idle()
    expect(told.failed).toEqual([['ada0', 410, null]])
    expect(told.ended).toEqual([['ada0', 'given_up', 1]])
    expect(await store.callbacks.nextDue()).toBeUndefined()
    await delivery.stop()
  })

  it.each<[string, number | Error]>([
    ['a redirect', 302],
    ['an error of the client', 404],
    ['an error of the server', 500],
    ['no answer', new Error('no address')],
  ])(
    'that meets %s is tried five times within about an hour, under one id, with a new time each',
    async (_, answer) => {
      await add('ada')
      answers.rule = () => answer
      const { delivery, told } = delivering(store.callbacks, time, answers)
      const begun = time.now()
      delivery.start()
      await delivery.idle()
      for (const pause of [40_000, 160_000, 640_000, 2_560_000]) {
        const before = answers.sent.length
        time.pass(pause - 1)
        await delivery.idle()
        expect(answers.sent).toHaveLength(before)
        time.pass(1)
        await delivery.idle()
        expect(answers.sent).toHaveLength(before + 1)
      }
      expect((time.now() - begun) / 60_000).toBeCloseTo(56.7, 0)
      expect(told.failed.at(-1)?.[2]).toBeNull()
      expect(told.ended).toEqual([['ada0', 'given_up', 5]])
      expect(new Set(answers.sent.map(({ headers }) => headers['x-gateway-delivery']))).toEqual(
        new Set(['ada0']),
      )
      expect(new Set(answers.sent.map(({ headers }) => headers['x-gateway-signature'])).size).toBe(5)
      time.pass(24 * 3_600_000)
      await delivery.idle()
      expect(answers.sent).toHaveLength(5)
      await delivery.stop()
    },
  )

  it('pauses for longer each time, a fifth more or less', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.double({ min: 0, max: 0.999999, noNaN: true }),
        (tries, random) => {
          const exact = 40_000 * 4 ** (tries - 1)
          expect(pauseAfter(tries, random)).toBeGreaterThanOrEqual(exact * 0.8 - 1)
          expect(pauseAfter(tries, random)).toBeLessThanOrEqual(exact * 1.2 + 1)
        },
      ),
    )
  })
})

describe('of many deliveries', () => {
  it('two of a user are under way at a time, and nobody else waits for them', async () => {
    await add('ada', 10)
    await add('bob', 1)
    const { delivery } = delivering(store.callbacks, time, answers)
    delivery.start()
    await answers.count(3)
    expect(answers.sent.map(({ headers }) => headers['x-gateway-delivery'])).toEqual(['ada0', 'ada1', 'bob0'])
    answers.sent[0]?.answer(200)
    await answers.count(4)
    answers.rule = () => 200
    for (const { answer } of answers.sent) answer(200)
    await delivery.idle()
    expect(new Set(answers.sent.map(({ headers }) => headers['x-gateway-delivery'])).size).toBe(11)
    expect(answers.sent).toHaveLength(11)
    await delivery.stop()
  })

  it('sixteen are under way at a time', async () => {
    for (let user = 0; user < 12; user++) await add(`user${user}`, 2)
    let most = 0
    let underway = 0
    const { delivery, told } = delivering(store.callbacks, time, answers)
    delivery.start()
    await answers.count(16)
    expect(answers.sent).toHaveLength(16)
    answers.rule = () => {
      underway += 1
      most = Math.max(most, underway)
      queueMicrotask(() => (underway -= 1))
      return 200
    }
    for (const { answer } of answers.sent) answer(200)
    await delivery.idle()
    expect(told.ended).toHaveLength(24)
    expect(most).toBeLessThanOrEqual(16)
    await delivery.stop()
  })

  it('one that comes while another is looked for is not left lying', async () => {
    await add('ada')
    answers.rule = () => 200
    const { delivery, told } = delivering(store.callbacks, time, answers)
    delivery.start()
    await add('bob')
    delivery.wake()
    await delivery.idle()
    expect(told.ended.map(([id]) => id).sort()).toEqual(['ada0', 'bob0'])
    await delivery.stop()
  })
})

describe('the store', () => {
  it('is left alone for a while when it fails, and asked again then', async () => {
    await add('ada')
    answers.rule = () => 200
    let isFailing = true
    const due: Store['callbacks']['due'] = async (...asked) => {
      if (isFailing) throw new GatewayError('store_unavailable')
      return await store.callbacks.due(...asked)
    }
    const { delivery, told } = delivering({ ...store.callbacks, due }, time, answers)
    delivery.start()
    await delivery.idle()
    expect(told.storeFailures).toHaveLength(1)
    delivery.wake()
    await delivery.idle()
    expect([told.storeFailures.length, time.next]).toEqual([1, 5000])
    isFailing = false
    time.pass(5000)
    await delivery.idle()
    expect(told.ended).toEqual([['ada0', 'delivered', 1]])
    await delivery.stop()
  })

  it('is asked each minute when nothing waits, and loses what is old', async () => {
    await add('ada')
    answers.rule = () => 200
    const { delivery } = delivering(store.callbacks, time, answers)
    delivery.start()
    await delivery.idle()
    expect(time.next).toBe(60_000)
    time.pass(8 * 24 * 3_600_000 + 1)
    await delivery.idle()
    expect(await store.callbacks.get('callback of ada')).toBeUndefined()
    await delivery.stop()
  })
})

describe('the end of the process', () => {
  let folder: string
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gateway-delivery-'))))
  afterEach(() => rmSync(folder, { recursive: true }))

  it('loses nothing: the next one goes on where it stood', async () => {
    await store.close()
    store = await openSqliteStore({ path: join(folder, 'a.db') })
    await add('ada', 2)
    await add('bob', 1)
    answers.rule = ({ url }) => (url.includes('bob') ? 500 : 200)
    const first = delivering(store.callbacks, time, answers)
    first.delivery.start()
    await first.delivery.idle()
    await first.delivery.stop()
    await store.close()

    store = await openSqliteStore({ path: join(folder, 'a.db') })
    answers.rule = () => 200
    const second = delivering(store.callbacks, time, answers)
    second.delivery.start()
    await second.delivery.idle()
    expect([answers.sent.length, time.next]).toEqual([3, 40_000])
    time.pass(40_000)
    await second.delivery.idle()
    expect(second.told.ended).toEqual([['bob0', 'delivered', 2]])
    await second.delivery.stop()
  })

  it('waits a few seconds for what is under way, and does not count what it then gives up', async () => {
    await add('ada')
    const { delivery, told } = delivering(store.callbacks, time, answers)
    delivery.start()
    await answers.count(1)
    const stopped = delivery.stop()
    time.pass(5000)
    await stopped
    expect([told.failed, told.ended]).toEqual([[], []])
    expect(await store.callbacks.due(time.now(), 2, 16)).toMatchObject([{ id: 'ada0', tries: 0 }])
  })
})
