import { describe, expect, it } from 'vitest'
import { createSharedThrottle } from '../../src/auth/shared-throttle.ts'
import { movableClock } from './helper.ts'

function underAttack() {
  const clock = movableClock()
  const throttle = createSharedThrottle(clock, { max: 3, windowMs: 60_000 })
  const attack = () => {
    for (let count = 0; count < 3; count++) throttle.failed()
  }
  return { clock, throttle, attack }
}

describe('failures of all addresses together', () => {
  it('shut strangers out for the rest of the minute once they are too many', () => {
    const { clock, throttle, attack } = underAttack()
    throttle.failed()
    throttle.failed()
    expect(throttle.isShut('192.0.2.1')).toBe(false)
    throttle.failed()
    expect(throttle.isShut('192.0.2.1')).toBe(true)
    clock.move(59_999)
    expect(throttle.isShut('192.0.2.1')).toBe(true)
    clock.move(1)
    expect(throttle.isShut('192.0.2.1')).toBe(false)
    attack()
    expect(throttle.isShut('192.0.2.1')).toBe(true)
  })

  it('are forgotten when they are slow', () => {
    const { clock, throttle } = underAttack()
    for (let minute = 0; minute < 10; minute++) {
      throttle.failed()
      throttle.failed()
      clock.move(60_000)
    }
    expect(throttle.isShut('192.0.2.1')).toBe(false)
  })

  it.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])(
    'never shut out this machine, %s, so that an operator can always get in',
    (address) => {
      const { throttle, attack } = underAttack()
      attack()
      expect(throttle.isShut(address)).toBe(false)
    },
  )

  it.each([
    ['192.0.2.1', '192.0.2.1', false],
    ['192.0.2.1', '192.0.2.2', true],
    ['2001:db8::1', '2001:db8::2', false],
    ['2001:db8::1', '2001:db8:0:0:a:b:c:d', false],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::', false],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', true],
    ['2001:db8::1', '2001:db8:1::', true],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.2', true],
  ])('where %s was let in, find %s shut out: %s', (known, address, isShut) => {
    const { throttle, attack } = underAttack()
    throttle.succeeded(known)
    attack()
    expect(throttle.isShut(address)).toBe(isShut)
  })

  it('find an address a stranger again after 30 days', () => {
    const { clock, throttle, attack } = underAttack()
    throttle.succeeded('192.0.2.1')
    clock.move(30 * 24 * 3_600_000)
    attack()
    expect(throttle.isShut('192.0.2.1')).toBe(false)
    clock.move(60_001)
    attack()
    expect(throttle.isShut('192.0.2.1')).toBe(true)
  })
})
