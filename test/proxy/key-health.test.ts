import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../src/errors.ts'
import { KeyHealth } from '../../src/proxy/key-health.ts'

const heard = (health: KeyHealth, upstreamKey: string, providerCode: number, outcome: Outcome): void =>
  health.heard({ upstreamKey, providerCode, outcome })

describe('the health of an upstream key', () => {
  it.each([1004, 1008, 2049, 2056])('is down after %d, until a call with it succeeds', (code) => {
    const health = new KeyHealth(['one', 'two'])
    heard(health, 'one', code, 'provider_account')
    expect(health.states).toEqual([
      { name: 'one', isUp: false },
      { name: 'two', isUp: true },
    ])
    heard(health, 'two', 0, 'ok')
    heard(health, 'one', 1000, 'provider_error')
    expect(health.states[0]).toEqual({ name: 'one', isUp: false })
    heard(health, 'one', 0, 'ok')
    expect(health.states[0]).toEqual({ name: 'one', isUp: true })
  })

  it.each([1002, 1000, 2013, 2061, 0])('is not changed by %d', (code) => {
    const health = new KeyHealth(['one'])
    heard(health, 'one', code, 'provider_error')
    expect(health.states).toEqual([{ name: 'one', isUp: true }])
  })

  it('is not kept of calls that no key of ours was used for', () => {
    const health = new KeyHealth(['one'])
    heard(health, '', 1004, 'provider_account')
    heard(health, 'gone', 1004, 'provider_account')
    expect(health.states).toEqual([{ name: 'one', isUp: true }])
  })
})
