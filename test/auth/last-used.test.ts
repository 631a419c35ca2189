import { describe, expect, it } from 'vitest'
import { createLastUsed, type LastUsedOptions } from '../../src/auth/last-used.ts'
import type { TokenUse } from '../../src/store/store.ts'
import { movableClock, START } from './helper.ts'

const MINUTE = 60_000

/** The last uses over a store that can be broken, and a timer that goes off when the test says so. */
function someUses({ isBroken = false } = {}) {
  const clock = movableClock()
  const written: (readonly TokenUse[])[] = []
  const errors: unknown[] = []
  let planned: (() => void) | null = null
  const waits: number[] = []
  const state = { isBroken }
  const store: LastUsedOptions['store'] = {
    async used(uses) {
      if (state.isBroken) throw new Error('the disk is full')
      written.push(uses)
    },
  }
  const lastUsed = createLastUsed({
    store,
    clock,
    onError: (error) => errors.push(error),
    timer(callback, milliseconds) {
      planned = callback
      waits.push(milliseconds)
      return () => (planned = null)
    },
  })
  /** A minute passes, and what it brings is done. */
  async function minute(): Promise<void> {
    clock.move(MINUTE)
    planned?.()
    await new Promise(setImmediate)
  }
  return { lastUsed, clock, written, errors, state, waits, minute, isPlanned: () => planned !== null }
}

const token = (tokenId: string) => ({ kind: 'server', tokenId }) as const

describe('the last use of a token', () => {
  it('is written once a minute, with those of all others', async () => {
    const { lastUsed, clock, written, waits, minute } = someUses()
    for (let count = 0; count < 1000; count++) lastUsed.used(token('a'), '203.0.113.7')
    clock.move(1000)
    lastUsed.used(token('a'), '203.0.113.8')
    lastUsed.used(token('b'), '::1')
    expect(written).toEqual([])
    await minute()
    expect(written).toEqual([
      [
        { id: 'a', at: START + 1000, address: '203.0.113.8' },
        { id: 'b', at: START + 1000, address: '::1' },
      ],
    ])
    expect(waits).toEqual([MINUTE, MINUTE])
  })

  it('is not written again while it is not used', async () => {
    const { lastUsed, written, minute } = someUses()
    lastUsed.used(token('a'), '::1')
    await minute()
    await minute()
    expect(written).toHaveLength(1)
  })

  it('of a session is that of its token; a JWT has none', async () => {
    const { lastUsed, written, minute } = someUses()
    lastUsed.used({ kind: 'session', tokenId: 'a' }, '::1')
    lastUsed.used({ kind: 'jwt', tokenId: 'jwt_corp' }, '::1')
    await minute()
    expect(written).toMatchObject([[{ id: 'a' }]])
    expect(written[0]).toHaveLength(1)
  })

  it.each([
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8::1', '2001:db8::1'],
    ['unknown', null],
    ['<script>', null],
    ['', null],
  ])('from %j is kept as from %j', async (address, kept) => {
    const { lastUsed, written, minute } = someUses()
    lastUsed.used(token('a'), address)
    await minute()
    expect(written).toMatchObject([[{ address: kept }]])
  })

  it('that could not be written is written a minute later, the latest alone', async () => {
    const { lastUsed, written, errors, state, minute } = someUses({ isBroken: true })
    lastUsed.used(token('a'), '::1')
    lastUsed.used(token('b'), '::1')
    await minute()
    expect([errors.length, written]).toEqual([1, []])
    state.isBroken = false
    lastUsed.used(token('a'), '::2')
    await minute()
    expect(written).toEqual([
      [
        { id: 'a', at: START + MINUTE, address: '::2' },
        { id: 'b', at: START, address: '::1' },
      ],
    ])
  })

  it('is written at the end, and nothing is planned after it', async () => {
    const { lastUsed, written, isPlanned } = someUses()
    lastUsed.used(token('a'), '::1')
    await lastUsed.close()
    expect([written.length, isPlanned()]).toEqual([1, false])
  })
})
