import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fingerprintOf, idempotencyKeyOf } from '../../src/idempotency/keys.ts'

/** A request as Node gives it: a header that stands twice is one value with a comma in it. */
function request(...values: string[]) {
  const rawHeaders = values.flatMap((value) => ['Idempotency-Key', value])
  const joined = values.length === 0 ? {} : { 'idempotency-key': values.join(', ') }
  return { headers: joined, rawHeaders: ['Host', 'idempotency-key', ...rawHeaders] }
}

const asked = { method: 'POST', url: '/v1/x?a=1', body: Buffer.from('{}'), contentLength: '2' }

describe('the key of a request', () => {
  it('is none where no header stands', () => {
    expect(idempotencyKeyOf(request())).toBeNull()
  })

  it('is any 1 to 255 visible characters, as they came', () => {
    const visible = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code))
    fc.assert(
      fc.property(fc.string({ unit: visible, minLength: 1, maxLength: 255 }), (key) => {
        expect(idempotencyKeyOf(request(key))).toBe(key)
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['nothing', ''],
    ['too much', 'k'.repeat(256)],
    ['a space', 'a b'],
    ['a tab', 'a\tb'],
    ['a letter beyond ASCII', 'kéy'],
    ['a control character', 'a\u007f'],
  ])('is not %s', (_, key) => {
    expect(() => idempotencyKeyOf(request(key))).toThrow(
      expect.objectContaining({ code: 'idempotency_key_invalid', status: 400 }),
    )
  })

  it('may hold a comma, but stands once', () => {
    expect(idempotencyKeyOf(request('a,b'))).toBe('a,b')
    expect(() => idempotencyKeyOf(request('a', 'b'))).toThrow(
      expect.objectContaining({ code: 'ambiguous_header', status: 400 }),
    )
    expect(() => idempotencyKeyOf(request('a', 'a'))).toThrow(
      expect.objectContaining({ code: 'ambiguous_header' }),
    )
  })
})

describe('the fingerprint of a request', () => {
  it('is the same for the same request', () => {
    expect(fingerprintOf(asked)).toBe(fingerprintOf({ ...asked, body: Buffer.from('{}') }))
    expect(fingerprintOf(asked)).toMatch(/^[0-9a-f]{64}$/)
  })

  it.each([
    ['path', { url: '/v1/y?a=1' }],
    ['query', { url: '/v1/x?a=2' }],
    ['method', { method: 'PUT' }],
    ['body', { body: Buffer.from('{ }') }],
    ['kind of body', { body: null }],
  ])('differs with the %s', (_, other) => {
    expect(fingerprintOf({ ...asked, ...other })).not.toBe(fingerprintOf(asked))
  })

  it('takes nothing of a body for a part of the address', () => {
    const one = fingerprintOf({ ...asked, url: '/a', body: Buffer.from('b') })
    expect(fingerprintOf({ ...asked, url: '/', body: Buffer.from('ab') })).not.toBe(one)
  })

  it('of a form tells its length', () => {
    const form = { ...asked, body: null }
    expect(fingerprintOf(form)).not.toBe(fingerprintOf({ ...form, contentLength: '3' }))
    expect(fingerprintOf(form)).not.toBe(fingerprintOf({ ...form, contentLength: undefined }))
  })
})
