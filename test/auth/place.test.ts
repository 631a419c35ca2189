import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { placeRule } from '../../src/auth/place.ts'

const APP = 'https://app.example.com'
const ADMIN = 'https://admin.example.com'
const ELSEWHERE = 'https://evil.example'
const HERE = '203.0.113.7'

describe('where a credential may be used', () => {
  it.each<[what: string, origins: readonly string[] | null, origin: string | undefined, isLetIn: boolean]>([
    ['bound to no origin, by what is no page', null, undefined, true],
    ['bound to no origin, from a page that the operator lets in', null, APP, true],
    ['bound to no origin, from another page', null, ELSEWHERE, false],
    ['bound to an origin, from its page', [ADMIN], ADMIN, true],
    ['bound to an origin, from a page that the operator lets in', [ADMIN], APP, false],
    ['bound to an origin, from another page', [ADMIN], ELSEWHERE, false],
    ['bound to an origin, by what is no page', [ADMIN], undefined, false],
    ['bound to none of all origins, from a page', [], APP, false],
    ['bound to no origin, from a page without one', null, 'null', false],
    ['bound to no origin, with an empty one', null, '', false],
    ['bound to an origin, written otherwise', [ADMIN], `${ADMIN}/`, false],
    ['bound to an origin, in another case', [ADMIN], ADMIN.toUpperCase(), false],
    ['bound to an origin, with its port', [ADMIN], `${ADMIN}:443`, false],
    ['bound to an origin, within another', [ADMIN], `${ADMIN}.evil.example`, false],
    ['bound to an origin, one of two in a header', [ADMIN], `${ADMIN}, ${ELSEWHERE}`, false],
  ])('%s', (_, origins, origin, isLetIn) => {
    const rule = placeRule(null, origins, new Set([APP]))
    expect(rule({ address: HERE, origin })).toBe(isLetIn ? null : 'origin_forbidden')
  })

  it.each<[networks: readonly string[] | null, address: string, isInside: boolean]>([
    [null, HERE, true],
    [null, 'nonsense', true],
    [[], HERE, false],
    [['203.0.113.0/24'], '203.0.113.0', true],
    [['203.0.113.0/24'], '203.0.113.255', true],
    [['203.0.113.0/24'], '203.0.114.0', false],
    [['203.0.113.7/32'], '203.0.113.7', true],
    [['203.0.113.7/32'], '203.0.113.8', false],
    [['203.0.113.0/24'], '::ffff:203.0.113.7', true],
    [['203.0.113.0/24'], '::ffff:198.51.100.1', false],
    [['2001:db8::/32'], '2001:db8:1::1', true],
    [['2001:db8::/32'], '2001:db9::1', false],
    [['2001:db8::/32'], HERE, false],
    [['198.51.100.0/24', '2001:db8::/32'], '2001:db8::', true],
    [['203.0.113.0/24'], '', false],
    [['203.0.113.0/24'], '203.0.113.7%eth0', false],
    [['203.0.113.0/24'], '203.0.113.7, 198.51.100.1', false],
  ])('within %s from %s', (networks, address, isInside) => {
    const rule = placeRule(networks, null, new Set())
    expect(rule({ address, origin: undefined })).toBe(isInside ? null : 'address_forbidden')
  })

  it('within a network is what has its first bits, for every address of IPv4', () => {
    const bits = fc.integer({ min: 0, max: 0xffffffff })
    const text = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')
    fc.assert(
      fc.property(bits, bits, fc.integer({ min: 1, max: 32 }), (network, address, prefix) => {
        const rule = placeRule([`${text(network)}/${prefix}`], null, new Set())
        const isSame = (network ^ address) >>> (32 - prefix) === 0
        expect(rule({ address: text(address), origin: undefined })).toBe(isSame ? null : 'address_forbidden')
      }),
      { numRuns: 2_000 },
    )
  })
})
