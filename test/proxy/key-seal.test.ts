import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encryptionKeysOf, encryptionKeysProblem } from '../../src/config/encryption-keys.ts'
import { KeySeal, SealError } from '../../src/proxy/key-seal.ts'

const OLD = randomBytes(32)
const NEW = randomBytes(32)
const MAIN = { name: 'main', account: 'acme' }

describe('a seal', () => {
  const seal = new KeySeal([OLD])

  it('gives back what was sealed, and shows nothing of it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 8, maxLength: 200 }), (text) => {
        const sealed = seal.seal(MAIN, text)
        expect(sealed).toMatch(/^v1\.[0-9a-f]{8}\.[A-Za-z0-9_-]+$/)
        expect(sealed).not.toContain(text)
        expect(seal.open(MAIN, sealed)).toBe(text)
      }),
    )
  })

  it('is another one each time', () => {
    expect(seal.seal(MAIN, 'key')).not.toBe(seal.seal(MAIN, 'key'))
  })

  it.each([
    ['another name', { name: 'spare', account: 'acme' }],
    ['another account', { name: 'main', account: 'evil' }],
  ])('does not open for %s', (_, other) => {
    expect(() => seal.open(other, seal.seal(MAIN, 'sk-secret-text'))).toThrow(SealError)
  })

  it('does not open when any character of it is changed', () => {
    const sealed = seal.seal(MAIN, 'sk-secret-text')
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.constantFrom('A', 'z', '0', '.'), (at, character) => {
        const changed = sealed.slice(0, at) + character + sealed.slice(at + 1)
        // The last character of base64url may carry bits that mean nothing.
        fc.pre(
          !Buffer.from(changed, 'base64url').equals(Buffer.from(sealed, 'base64url')) &&
            at < sealed.length - 1,
        )
        expect(() => seal.open(MAIN, changed)).toThrow(SealError)
      }),
    )
  })

  it('tells nothing of the key in its error', () => {
    const sealed = seal.seal(MAIN, 'sk-secret-text')
    expect(() => new KeySeal([NEW]).open(MAIN, sealed)).toThrow(/KEY_ENCRYPTION_KEY has not/)
    expect(() => seal.open({ ...MAIN, name: 'x' }, sealed)).toThrow(
      /^the seal is damaged, or of another key$/,
    )
  })
})

describe('keys for sealing', () => {
  it('can be exchanged: the first seals, all open', () => {
    const before = new KeySeal([OLD]).seal(MAIN, 'key')
    const both = new KeySeal([NEW, OLD])
    expect(both.open(MAIN, before)).toBe('key')
    expect([both.isCurrent(before), both.isCurrent(both.seal(MAIN, 'key'))]).toEqual([false, true])
    expect(() => new KeySeal([NEW]).open(MAIN, before)).toThrow(SealError)
  })

  it('are read as base64, base64url and hexadecimal', () => {
    const written = [OLD.toString('base64'), NEW.toString('hex'), OLD.toString('base64url')]
    for (const text of written) expect(encryptionKeysProblem(text)).toBeUndefined()
    expect(encryptionKeysOf(`${written[0] ?? ''},${written[1] ?? ''}`)).toEqual([OLD, NEW])
  })

  it.each(['', 'short', 'x'.repeat(43) + '!', 'a'.repeat(63), 'a'.repeat(65)])(
    'are not read from %j',
    (text) => {
      const problem = encryptionKeysProblem(text)
      expect(problem).toMatch(/^entry 1 is not 32 bytes/)
      if (text !== '') expect(problem).not.toContain(text)
    },
  )

  it('stand there once each', () => {
    const text = OLD.toString('hex')
    expect(encryptionKeysProblem(`${text},${text}`)).toMatch(/twice/)
  })
})
