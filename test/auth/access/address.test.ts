import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressFrom, boxOf } from '../../../src/auth/access/address.ts'
import { isMailAddress } from '../../../src/mail.ts'

describe('an address', () => {
  it.each([
    ['Eve@Example.COM', 'eve@example.com'],
    ["eve.o'neil+a_b-c@mail.example.co.uk", "eve.o'neil+a_b-c@mail.example.co.uk"],
    ['eve@bücher.example', 'eve@xn--bcher-kva.example'],
    ['eve@例え.テスト', 'eve@xn--r8jz45g.xn--zckzah'],
    ['1@2.example', '1@2.example'],
  ])('%j is kept as %j', (typed, kept) => {
    expect(addressFrom(typed)).toBe(kept)
  })

  it.each([
    '',
    'eve',
    '@example.com',
    'eve@',
    'eve@localhost',
    'eve@127.0.0.1',
    'eve@[127.0.0.1]',
    'eve@0x7f.1',
    'eve@１２７.０.０.１',
    'eve@example.com.',
    'eve@.example.com',
    'eve@-example.com',
    'eve@exa mple.com',
    'eve@exa%6dple.com',
    'eve@example.com:25',
    'eve@example.com/x',
    'eve@a@example.com',
    '"eve"@example.com',
    '"a b"@example.com',
    'eve@other.example%example.com',
    'eve%other.example@example.com',
    'other.example!eve@example.com',
    '|cmd@example.com',
    '`id`@example.com',
    '$(id)@example.com',
    '-oQ/tmp@example.com',
    '.eve@example.com',
    'eve.@example.com',
    'e..e@example.com',
    'éve@example.com',
    'Eve <eve@example.com>',
    'eve@example.com, adam@example.com',
    'eve@example.com\r\nBcc: adam@example.com',
    'eve@example.com\nRCPT TO:<adam@example.com>',
    'eve\r\n@example.com',
    'eve\0@example.com',
    'eve\u2028@example.com',
    'eve@example.com\u0000',
    'eve@exam\u00adple.com\r\n',
    `${'e'.repeat(65)}@example.com`,
    `eve@${'e'.repeat(64)}.example`,
    `eve@${'e.'.repeat(130)}example`,
  ])('is not %j', (typed) => {
    expect(addressFrom(typed)).toBeUndefined()
  })

  it('is always one that a mail can be sent to, in one way of writing', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.emailAddress(),
      fc.constantFrom('@', '.', '\r\n', ',', '<', 'xn--', 'é', '%'),
    )
    const typed = fc.oneof(
      fc.emailAddress(),
      fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('')),
    )
    fc.assert(
      fc.property(typed, (text) => {
        const address = addressFrom(text)
        if (address === undefined) return
        expect(address).toMatch(/^[a-z0-9_+'=&~.-]{1,64}@[a-z0-9.-]+\.[a-z0-9-]+$/)
        expect(isMailAddress(address)).toBe(true)
        expect(addressFrom(address)).toBe(address)
        expect(boxOf(boxOf(address))).toBe(boxOf(address))
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('the box of an address', () => {
  it.each([
    ['eve@example.com', 'eve@example.com'],
    ['eve+shop@example.com', 'eve@example.com'],
    ['e.v.e@example.com', 'e.v.e@example.com'],
    ['e.v.e+a+b@gmail.com', 'eve@gmail.com'],
    ['eve@googlemail.com', 'eve@gmail.com'],
  ])('of %s is %s', (address, box) => {
    expect(boxOf(address)).toBe(box)
  })
})
