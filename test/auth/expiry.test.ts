import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startExpiry, type Expiry } from '../../src/auth/expiry.ts'
import { operatorExpiryNotice, userExpiryNotice } from '../../src/auth/expiry-text.ts'
import type { Token } from '../../src/store/store.ts'
import { aToken } from '../contract/store.ts'
import { aHouse, START, type House } from './helper.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

describe('a notice before the end of a token', () => {
  let house: House
  let told: string[][]
  let errors: unknown[]
  let planned: { readonly callback: () => void; readonly milliseconds: number }[]
  const running: Expiry[] = []

  beforeEach(async () => {
    house = await aHouse()
    told = []
    errors = []
    planned = []
  })
  afterEach(async () => {
    for (const expiry of running.splice(0)) await expiry.stop()
  })

  function start(tell = (tokens: readonly Token[]) => void told.push(tokens.map(({ name }) => name ?? ''))) {
    const expiry = startExpiry({
      store: house.store.tokens,
      clock: house.clock,
      noticeMs: 7 * DAY,
      tell,
      onError: (error) => errors.push(error),
      timer(callback, milliseconds) {
        planned = [{ callback, milliseconds }]
        return () => void (planned = [])
      },
    })
    running.push(expiry)
    return expiry
  }

  /** The next step comes, and those of the same round after it. */
  async function round(): Promise<void> {
    let next = planned.shift()
    do {
      next?.callback()
      while (planned.length === 0) await new Promise(setImmediate)
      next = planned[0]
    } while (next !== undefined && next.milliseconds < HOUR && planned.shift() !== undefined)
  }

  it('is told once, over restarts too, in one digest', async () => {
    await house.tokens.create('ada', { name: 'soon', expiresInMs: 20 * DAY })
    await house.tokens.create('ada', { name: 'sooner', expiresInMs: 15 * DAY })
    await house.tokens.create('ada', { name: 'later', expiresInMs: 60 * DAY })
    await house.tokens.create('ada', { name: 'never' })
    const expiry = start()
    await round()
    expect([told, expiry.count]).toEqual([[], 0])
    house.clock.move(14 * DAY)
    await round()
    await round()
    expect([told, expiry.count]).toEqual([[['sooner', 'soon']], 2])
    await expiry.stop()
    const again = start()
    await round()
    expect([told.length, again.count, errors]).toEqual([1, 2, []])
  })

  it('is not given of those who live too short to be told of', async () => {
    await house.tokens.create('ada', { expiresInMs: 14 * DAY - 1 })
    start()
    house.clock.move(10 * DAY)
    await round()
    expect(told).toEqual([])
  })

  it('leaves nobody out when there are many', async () => {
    for (let count = 0; count < 450; count++) {
      await house.store.tokens.add(aToken({ id: `t${count}`, createdAt: START, expiresAt: START + 14 * DAY }))
    }
    house.clock.move(8 * DAY)
    const expiry = start()
    await round()
    expect([told.map(({ length }) => length), expiry.count]).toEqual([[200, 200, 50], 450])
  })

  it('comes again when the end was moved', async () => {
    const { id } = await house.tokens.create('ada', { name: 'ci', expiresInMs: 14 * DAY })
    start()
    house.clock.move(10 * DAY)
    await round()
    await house.tokens.update(id, { expiresInMs: 20 * DAY })
    await round()
    expect(told).toHaveLength(1)
    house.clock.move(15 * DAY)
    await round()
    expect(told).toEqual([['ci'], ['ci']])
  })

  it('of a store that fails comes an hour later', async () => {
    await house.tokens.create('ada', { name: 'ci', expiresInMs: 14 * DAY })
    house.clock.move(10 * DAY)
    const { tokens } = house.store
    const broken = { ...tokens, expiring: () => Promise.reject(new Error('no')) }
    house = { ...house, store: { ...house.store, tokens: broken } }
    start()
    await round()
    expect([told, errors.length]).toEqual([[], 1])
  })
})

describe('the text of the notice', () => {
  const tokens = Array.from({ length: 52 }, (_, index) =>
    aToken({ id: `t${index}`, name: index === 0 ? 'ci' : null, expiresAt: START }),
  )

  it('tells the operator what to do, and of no more than fifty', () => {
    const { subject, body } = operatorExpiryNotice(tokens)
    expect(subject).toBe('minimax-gateway: 52 tokens end soon')
    expect(body).toContain('- t0 (ci) of user ada: 2026-01-01T00:00:00.000Z')
    expect(body).toContain('- and 2 more')
    expect(body).toContain('token rotate')
    expect(body).not.toContain('t51')
  })

  it('tells a user of their own, without commands of the operator', () => {
    const { subject, body } = userExpiryNotice(tokens.slice(0, 1))
    expect(subject).toBe('Your token t0 ends soon')
    expect(body).not.toMatch(/minimax-gateway|ada/)
  })
})
