import { describe, expect, it } from 'vitest'
import { Call } from '../../src/call.ts'
import { Billing } from '../../src/metering/billing.ts'
import { Entry } from '../../src/metering/entry.ts'
import { Estimator } from '../../src/metering/estimate.ts'
import { SHIPPED_PRICES } from '../../src/minimax/prices.ts'
import { GatewayError } from '../../src/errors.ts'
import type { LedgerChange, RequestSettlement } from '../../src/store/store.ts'

const clock = { now: () => Date.UTC(2026, 9, 1), monotonic: () => 5 }
const prices = { list: SHIPPED_PRICES, listAt: () => SHIPPED_PRICES }
const operation = { name: 'chat.openai', modality: 'chat', dialect: 'openai' } as const

function anEntry(model: string, request: string, refusal: GatewayError | null = null) {
  const changes: LedgerChange[] = []
  const call = new Call('r', operation, '127.0.0.1', clock, () => undefined)
  call.model = model
  call.firstByteAt = 6
  const entry = new Entry(
    {
      ledger: {
        write(change, done) {
          changes.push(change)
          done?.(change.kind === 'open' ? refusal : null, true)
        },
      },
      billing: new Billing({
        prices,
        currency: 'USD',
        unknown: 'refuse',
        multiplier: '1',
        planMultipliers: {},
      }),
      estimator: new Estimator({ prices, currency: 'USD', unknown: 'refuse', holdOutputTokens: 8192 }),
      clock,
      taskOf: () => undefined,
      beforeDelete: () => Promise.resolve(),
      observe: () => undefined,
    },
    call,
    '1',
    Buffer.from(request),
    '',
  )
  return { entry, call, changes }
}

function settled(changes: readonly LedgerChange[]): RequestSettlement {
  const [change] = changes.filter((one) => one.kind === 'settle')
  if (change === undefined) throw new Error('nothing was settled')
  return change.settlement
}

function listPrice(request: string, answer: string): bigint {
  const { entry, changes } = anEntry('MiniMax-M3', request)
  entry.open(() => undefined)
  entry.push(Buffer.from(answer))
  entry.settle({ outcome: 'ok', failure: undefined, document: null }, () => undefined)
  return settled(changes).list
}

const USAGE = '"usage":{"prompt_tokens":1000000,"completion_tokens":0,"total_tokens":1000000}'
const request = (tier: string): string => `{"model":"MiniMax-M3",${tier}"messages":[]}`
const answer = (tier: string): string => `{"model":"MiniMax-M3",${tier}"choices":[],${USAGE}}`
const PRIORITY = '"service_tier":"priority",'
const STANDARD = '"service_tier":"standard",'

describe('the entry of a call', () => {
  it('is billed by the service tier that the answer names, else by the one that was asked for', () => {
    const plain = listPrice(request(''), answer(''))
    expect(plain).toBeGreaterThan(0n)
    const dearer = (plain * 3n) / 2n
    expect(listPrice(request(PRIORITY), answer(''))).toBe(dearer)
    expect(listPrice(request(PRIORITY), answer(PRIORITY))).toBe(dearer)
    expect(listPrice(request(''), answer(PRIORITY))).toBe(dearer)
    expect(listPrice(request(PRIORITY), answer(STANDARD))).toBe(plain)
  })

  it('opens a row before it may be sent, and settles it with what was charged', () => {
    const { entry, call, changes } = anEntry('MiniMax-M2.7', request(''))
    const told: unknown[] = []
    entry.open((error) => told.push(error))
    entry.push(
      Buffer.from('{"model":"MiniMax-M2.7","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":2}}'),
    )
    entry.settle({ outcome: 'ok', failure: undefined, document: null }, () => told.push('settled'))
    expect(told).toEqual([null, 'settled'])
    expect(changes.map(({ kind }) => kind)).toEqual(['open', 'settle'])
    expect(settled(changes).usage).toEqual({ input_tokens: 10, output_tokens: 2 })
    expect(call.charged).toMatch(/^0\.\d+$/)
  })

  it('is refused without a row when its model has no price', () => {
    const { entry, changes } = anEntry('nobody-knows', request(''))
    expect(() => entry.check()).toThrow(expect.objectContaining({ code: 'price_unknown' }))
    expect(changes).toEqual([])
  })

  it('settles nothing when the ledger did not take its opening', () => {
    const { entry, changes } = anEntry('MiniMax-M2.7', request(''), new GatewayError('store_unavailable'))
    entry.open(() => undefined)
    entry.settle({ outcome: 'gateway_unavailable', failure: undefined, document: null }, () => undefined)
    expect(changes.map(({ kind }) => kind)).toEqual(['open'])
  })
})

/** What a hold is told, in words. */
function watchedHold() {
  const told: string[] = []
  return {
    told,
    extend: () => void told.push('extend'),
    settle: ({ charged }: { charged: bigint }) => void told.push(`settle ${charged}`),
    release: (isRefunded: boolean) => void told.push(isRefunded ? 'refund' : 'release'),
    keep: () => void told.push('keep'),
  }
}

describe('what was held for a call', () => {
  const REQUEST = '{"model":"MiniMax-M3"}'
  const ok = { outcome: 'ok', failure: undefined, document: null } as const
  const busy = { code: 1002, outcome: 'provider_rate_limited', notAccepted: true } as const

  it.each([
    ['is settled by the bill', 5, ok, 'settle 0'],
    ['is settled when the caller has left', 5, { ...ok, outcome: 'caller_gone' as const }, 'settle 0'],
    [
      'is given back with the request when nothing was sent',
      0,
      { ...ok, outcome: 'gateway_overloaded' as const },
      'refund',
    ],
    [
      'counts as a request of a caller who left before it was sent',
      0,
      { ...ok, outcome: 'caller_gone' as const },
      'settle 0',
    ],
    [
      'is given back with the request when MiniMax did not take it on',
      5,
      { outcome: 'provider_rate_limited' as const, failure: busy, document: null },
      'refund',
    ],
  ])('%s', (_, sentAt, ending, told) => {
    const { entry, call } = anEntry('MiniMax-M3', REQUEST)
    const hold = watchedHold()
    entry.hold = hold
    call.sentAt = sentAt
    entry.open(() => undefined)
    entry.settle(ending, () => undefined)
    expect(hold.told).toEqual([told])
  })

  it('is given back when the call could not be written down', () => {
    const { entry } = anEntry('MiniMax-M3', REQUEST, new GatewayError('store_unavailable'))
    const hold = watchedHold()
    entry.hold = hold
    entry.open(() => undefined)
    entry.settle({ ...ok, outcome: 'gateway_unavailable' }, () => undefined)
    expect(hold.told).toEqual(['refund'])
  })
})
