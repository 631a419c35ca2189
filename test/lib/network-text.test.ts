import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { networkFrom } from '../../src/lib/network-text.ts'
import { networkTest } from '../../src/lib/networks.ts'

const v4 = fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 }))
const v6 = fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 128 }))

describe('the one form of a network', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7/32'],
    ['203.0.113.7/24', '203.0.113.0/24'],
    ['10.255.0.0/9', '10.128.0.0/9'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:DB8::1', '2001:db8::1/128'],
    ['2001:db8:0:0:1::/48', '2001:db8::/48'],
    ['2001:db8::ffff:ffff/33', '2001:db8::/33'],
    ['::/0', '::/0'],
    ['::1', '::1/128'],
    ['::ffff:10.1.2.3', '10.1.2.3/32'],
    ['::ffff:10.1.2.3/104', '10.0.0.0/8'],
    ['::ffff:0a01:0203/128', '10.1.2.3/32'],
    ['64:ff9b::192.0.2.1/96', '64:ff9b::/96'],
  ])('of %s is %s', (text, network) => {
    expect(networkFrom(text)).toBe(network)
  })

  it.each([
    '',
    '10',
    '10.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0.0/08x',
    ' 10.0.0.0/8',
    '010.0.0.0/8',
    '2001:db8::/129',
    '[2001:db8::]/32',
    'fe80::1%eth0',
    '::ffff:10.0.0.256',
    'example.com',
    'localhost/8',
    '10.0.0.0/255.0.0.0',
  ])('is none of %j', (text) => {
    expect(networkFrom(text)).toBeUndefined()
  })

  it('holds the same addresses as the text, and is its own form', () => {
    fc.assert(
      fc.property(fc.oneof(v4, v6), fc.oneof(fc.ipV4(), fc.ipV6()), ([address, length], other) => {
        const network = networkFrom(`${address}/${length}`) ?? 'none'
        expect(networkFrom(network)).toBe(network)
        const [written, normal] = [networkTest([`${address}/${length}`]), networkTest([network])]
        expect(normal(address)).toBe(true)
        // What is of IPv4 within IPv6 is written as IPv4; nothing else may change its family.
        if (isIP(other) === isIP(address)) expect(normal(other)).toBe(written(other))
      }),
      { numRuns: 2_000 },
    )
  })
})
