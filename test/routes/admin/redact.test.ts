import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newToken } from '../../../src/auth/token.ts'
import { redacted, REMOVED } from '../../../src/routes/admin/redact.ts'

describe('what the audit log keeps', () => {
  it.each(['key', 'api_key', 'token', 'secret', 'client_secret', 'password', 'hash', 'code', 'link', 'keys'])(
    'has no text of the field %s, wherever it stands',
    (name) => {
      const value = { a: [{ [name]: 'needle' }], [name]: ['needle', { [name]: 'needle' }] }
      expect(JSON.stringify(redacted(value))).not.toContain('needle')
    },
  )

  it.each([
    newToken('mmg').text,
    newToken('mmgo').text,
    `mmgs_${'eyJhIjoxfQ'.repeat(3)}.${'A'.repeat(43)}`,
    `eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.${'A'.repeat(86)}`,
    'sk-api-0123456789abcdef',
    'MMGC-0000-AAAA-BBBB-CCCC-DDDD',
  ])('has nothing that looks like %s, whatever field it was typed into', (secret) => {
    const text = JSON.stringify(redacted({ name: secret, reason: `leaked: ${secret}!`, list: [secret] }))
    expect(text).not.toContain(secret.slice(-12))
    expect(text).toContain(REMOVED)
  })

  it('has the fields that a route names', () => {
    expect(redacted({ pass: 'x', name: 'y' }, ['pass'])).toEqual({ pass: REMOVED, name: 'y' })
  })

  it('has all the rest as it was: ids, numbers, names, money', () => {
    const value = {
      token: 'Ab3dEf6hIj9k',
      name: 'Ada',
      operations: ['chat.*'],
      limits: { requests_per_minute: 10, tokens_per_minute: 5, budgets: [{ amount: '5', hard: true }] },
      signals: null,
      status: 'active',
      user_id: 'ada',
    }
    expect(redacted(value)).toEqual(value)
    expect(redacted({ amount: 5n })).toEqual({ amount: '5' })
  })

  it('is JSON whatever comes, and never a token of ours', () => {
    const token = newToken('mmg').text
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 20 }), fc.string(), (value, around) => {
        const text = JSON.stringify(redacted({ value, typed: around + token + around }))
        expect(() => JSON.parse(text) as unknown).not.toThrow()
        expect(text).not.toContain(token.slice(20))
      }),
    )
  })
})
