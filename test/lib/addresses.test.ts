import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPublicAddress } from '../../src/lib/addresses.ts'

const PUBLIC = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.0.1.0',
  '192.0.3.0',
  '192.88.98.255',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '203.0.112.255',
  '223.255.255.255',
  '::ffff:8.8.8.8',
  '::ffff:808:808',
  '2001:200::1',
  '2001:db7:ffff::1',
  '2001:db9::1',
  '2003::1',
  '2606:4700:4700::1111',
  '2a00:1450:4001:80e::200e',
]

const SPECIAL = [
  '0.0.0.0',
  '0.255.255.255',
  '10.0.0.0',
  '10.255.255.255',
  '100.64.0.0',
  '100.100.100.200',
  '100.127.255.255',
  '127.0.0.1',
  '127.255.255.255',
  '169.254.0.0',
  '169.254.169.254',
  '169.254.170.2',
  '172.16.0.0',
  '172.31.255.255',
  '192.0.0.1',
  '192.0.0.192',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.0.0',
  '192.168.255.255',
  '198.18.0.0',
  '198.19.255.255',
  '198.51.100.1',
  '203.0.113.255',
  '224.0.0.1',
  '239.255.255.255',
  '240.0.0.0',
  '255.255.255.255',
  '::',
  '::1',
  '::127.0.0.1',
  '::8.8.8.8',
  '::ffff:0.0.0.0',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::FFFF:a9fe:a9fe',
  '0:0:0:0:0:ffff:10.0.0.1',
  '::ffff:0:127.0.0.1',
  '64:ff9b::127.0.0.1',
  '64:ff9b::8.8.8.8',
  '64:ff9b:1::1',
  '64:ff9b:1:ffff::1',
  '100::1',
  '2001::1',
  '2001:0:53aa:64c:0:7ffe:f5ff:fffe',
  '2001:1ff:ffff::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '2002:a9fe:a9fe::1',
  '3fff::1',
  '4000::1',
  '5f00::1',
  'fc00::1',
  'fd00:ec2::254',
  'fdff:ffff::1',
  'fe80::1',
  'fe80::1%eth0',
  '2a00::1%eth0',
  'febf::1',
  'fec0::1',
  'ff02::1',
  'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
]

const NO_ADDRESSES = [
  '',
  ' 8.8.8.8',
  '8.8.8.8 ',
  '8.8.8',
  '0x8.8.8.8',
  '010.8.8.8',
  '134744072',
  '[2a00::1]',
  'example.com',
]

describe('an address is public', () => {
  it.each(PUBLIC)('%s', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })
})

describe('an address is not public', () => {
  it.each([...SPECIAL, ...NO_ADDRESSES])('%j', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })
})

/** Written once more, as arithmetic. */
function isSpecialV4(value: number): boolean {
  const within = (base: string, bits: number) => {
    const start = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
    return value >= start && value < start + 2 ** (32 - bits)
  }
  return (
    within('0.0.0.0', 8) ||
    within('10.0.0.0', 8) ||
    within('100.64.0.0', 10) ||
    within('127.0.0.0', 8) ||
    within('169.254.0.0', 16) ||
    within('172.16.0.0', 12) ||
    within('192.0.0.0', 24) ||
    within('192.0.2.0', 24) ||
    within('192.31.196.0', 24) ||
    within('192.52.193.0', 24) ||
    within('192.88.99.0', 24) ||
    within('192.168.0.0', 16) ||
    within('192.175.48.0', 24) ||
    within('198.18.0.0', 15) ||
    within('198.51.100.0', 24) ||
    within('203.0.113.0', 24) ||
    value >= 224 * 2 ** 24
  )
}

const dotted = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')

/** Anywhere, or close to the special ranges, of which several are small. */
const v4 = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  fc
    .tuple(
      fc.constantFrom(...SPECIAL.filter((one) => /^[\d.]+$/.test(one))),
      fc.integer({ min: -600, max: 600 }),
    )
    .map(
      ([near, by]) =>
        (near.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) + by + 2 ** 32) % 2 ** 32,
    ),
)

describe('for every address of IPv4', () => {
  it('the list agrees with the arithmetic, in both ways to write it', () => {
    fc.assert(
      fc.property(v4, (value) => {
        const hex = value.toString(16).padStart(8, '0')
        const expected = !isSpecialV4(value)
        expect(isPublicAddress(dotted(value))).toBe(expected)
        expect(isPublicAddress(`::ffff:${dotted(value)}`)).toBe(expected)
        expect(isPublicAddress(`::ffff:${hex.slice(0, 4)}:${hex.slice(4)}`)).toBe(expected)
      }),
      { numRuns: 2000 },
    )
  })

  it('no other address of IPv6 that holds it is public, unless it is in 2000::/3', () => {
    fc.assert(
      fc.property(v4, (value) => {
        for (const form of [
          '::',
          '::ffff:0:',
          '64:ff9b::',
          '64:ff9b:1::',
          'fe80::5efe:',
          '2001:db8::',
          '100::',
        ])
          expect(isPublicAddress(`${form}${dotted(value)}`)).toBe(false)
      }),
    )
  })
})
