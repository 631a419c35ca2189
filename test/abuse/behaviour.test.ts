import { describe, expect, it } from 'vitest'
import { loadBehaviour, type Behaviour } from '../../src/abuse/behaviour.ts'
import type { CallEvent } from '../../src/abuse/event.ts'
import { call, DAY, MINUTE, reader, START } from './identity-kit.ts'

const made = (saved?: unknown) => loadBehaviour(saved, reader())

/** An ordinary past: a call each ten minutes. @returns the end of it */
function past(behaviour: Behaviour, days: number): number {
  const end = START + days * DAY
  for (let at = START; at < end; at += 10 * MINUTE) behaviour.observe(call({ at }))
  return end
}

function repeat(
  behaviour: Behaviour,
  count: number,
  at: number,
  change: (turn: number) => Partial<CallEvent>,
): void {
  for (let turn = 0; turn < count; turn++) behaviour.observe(call({ at, ...change(turn) }))
}

function strengthOf(behaviour: Behaviour, signal: string, now: number): number | undefined {
  return behaviour.look({ now, strikes: 0 }).find((found) => found.signal === signal)?.strength
}

type Case = readonly [
  signal: string,
  few: number,
  many: number,
  strength: number,
  change: (turn: number) => Partial<CallEvent>,
]

const CASES: readonly Case[] = [
  [
    'denials',
    5,
    6,
    0.5,
    (turn) => ({ refusal: 'model_forbidden', outcome: 'caller_forbidden', model: `m${turn}` }),
  ],
  ['foreign_objects', 4, 5, 0.25, () => ({ refusal: 'object_not_found', outcome: 'caller_not_found' })],
  ['content_refusals', 9, 10, 0.5, () => ({ providerCode: 1026, outcome: 'provider_rejected' })],
  ['repetition', 29, 30, 0.25, () => ({ contentHash: 7 })],
]

describe('the behaviour of a token', () => {
  it.each(CASES)('tells of %s: %i are not enough, %i are', (signal, few, many, strength, change) => {
    const behaviour = made()
    const at = past(behaviour, 8)
    repeat(behaviour, few, at, change)
    expect(strengthOf(behaviour, signal, at)).toBeUndefined()
    repeat(behaviour, many - few, at, (turn) => change(few + turn))
    expect(strengthOf(behaviour, signal, at)).toBe(strength)
    expect(strengthOf(behaviour, signal, at + 2 * DAY)).toBeUndefined()
  })

  it('is nothing to tell of while it is ordinary', () => {
    const behaviour = made()
    expect(behaviour.look({ now: past(behaviour, 25), strikes: 0 })).toEqual([])
  })

  it('tells of a probe from a new network that a dear call follows', () => {
    const behaviour = made()
    const at = past(behaviour, 8)
    const address = '203.0.113.9'
    behaviour.observe(call({ at, address, outcome: 'caller_invalid', charged: 0n }))
    expect(strengthOf(behaviour, 'probe_sequence', at)).toBeUndefined()
    behaviour.observe(call({ at: at + 5 * MINUTE, address, modality: 'video', charged: 400_000_000n }))
    expect(strengthOf(behaviour, 'probe_sequence', at + 5 * MINUTE)).toBe(0.5)
  })

  it('tells of a dear modality that is new', () => {
    const behaviour = made()
    const at = past(behaviour, 8)
    behaviour.observe(call({ at, modality: 'video', charged: 2_000_000n }))
    expect(strengthOf(behaviour, 'modality_shift', at)).toBe(0.25)
  })

  it('tells of errors far beyond the usual, and of none that are usual', () => {
    const behaviour = made()
    const at = past(behaviour, 8)
    for (let hour = 0; hour < 4; hour++) {
      repeat(behaviour, 10, at + hour * 60 * MINUTE, () => ({ outcome: 'caller_invalid' }))
    }
    expect(strengthOf(behaviour, 'error_mix', at + 240 * MINUTE)).toBe(0.5)
  })

  it('tells of money in hours that were always quiet', () => {
    const behaviour = made()
    for (let day = 0; day < 22; day++) {
      repeat(behaviour, 100, START + day * DAY + 600 * MINUTE, () => ({}))
    }
    const at = START + 22 * DAY + 180 * MINUTE
    repeat(behaviour, 50, at, () => ({}))
    expect(strengthOf(behaviour, 'off_hours', at)).toBe(0.25)
  })

  it('is the same after it was saved and loaded', () => {
    const behaviour = made()
    const at = past(behaviour, 8)
    repeat(behaviour, 10, at, () => ({ providerCode: 1026, outcome: 'provider_rejected' }))
    const again = made(JSON.parse(JSON.stringify(behaviour.save())))
    expect(again.look({ now: at, strikes: 0 })).toEqual(behaviour.look({ now: at, strikes: 0 }))
    expect(again.save()).toEqual(behaviour.save())
  })

  it('begins with nothing from anything else', () => {
    for (const saved of [null, 'x', [], { version: 1, costs: 3, repeats: { usual: ['x'] } }]) {
      expect(made(saved).save()).toEqual(made().save())
    }
  })
})
