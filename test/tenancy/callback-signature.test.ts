import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCallbackSecrets, signatureOf } from '../../src/tenancy/callback-signature.ts'

describe('the secret of a user', () => {
  const secretOf = createCallbackSecrets('pepper')

  it('is the same each time, and 43 characters of base64url', () => {
    expect(secretOf('ada')).toBe(createCallbackSecrets(Buffer.from('pepper'))('ada'))
    expect(secretOf('ada')).toMatch(/^[\w-]{43}$/)
  })

  it('is that of no other user and of no other gateway', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        fc.pre(a !== b)
        expect(secretOf(a)).not.toBe(secretOf(b))
        expect(secretOf(a)).not.toBe(createCallbackSecrets('other')(a))
      }),
    )
  })
})

describe('a signature', () => {
  it('is that of the example in docs/callbacks.md', () => {
    const secret = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG'
    const body = Buffer.from('{"task_id":"106916112212032","status":"success"}')
    expect(signatureOf(secret, 1_790_000_000, body)).toBe(
      'v1=b70a795c6e02b26416c9cbdc0c8e8b97e3043801682170be79c78bbe5ad22051',
    )
  })

  it('changes with the secret, the time and each byte', () => {
    const all = [
      signatureOf('a', 1, Buffer.from('23')),
      signatureOf('b', 1, Buffer.from('23')),
      signatureOf('a', 2, Buffer.from('23')),
      signatureOf('a', 1, Buffer.from('24')),
      signatureOf('a', 12, Buffer.from('3')),
    ]
    expect(new Set(all).size).toBe(all.length)
  })
})
