import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SecretForms } from '../../src/proxy/secrets.ts'

const KEY = 'sk-api-Zb3kD9fQ7hX1mN5pR8tV2wY4'
const secrets = new SecretForms([KEY])

test('a secret may be in any bytes that have one of its forms, wherever it stands', () => {
  const texts = secrets.forms.map(({ text }) => text)
  fc.assert(
    fc.property(
      fc.string(),
      fc.constantFrom(...texts),
      fc.string(),
      fc.nat(200),
      (before, form, after, pad) => {
        expect(secrets.mayBeIn(Buffer.from(' '.repeat(pad) + before + form + after))).toBe(true)
      },
    ),
  )
})

test.each(['{"choices":[{"index":0,"delta":{"content":"And then the fox said"}}]}', '', 'sk-api-'])(
  'it is certainly not in %j',
  (text) => {
    expect(secrets.mayBeIn(Buffer.from(text))).toBe(false)
  },
)

test('a text is masked in all its forms, and it is told how often', () => {
  const { text, masked } = secrets.maskText(`Bearer ${KEY}, ${encodeURIComponent(KEY)}`)
  expect(text).toBe(`Bearer ${'*'.repeat(KEY.length)}, ${'*'.repeat(KEY.length)}`)
  expect(masked).toBe(2)
})
