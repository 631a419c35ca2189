import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { credentialOf } from '../../src/auth/credential.ts'
import { GatewayError } from '../../src/errors.ts'

function resultOf(rawHeaders: readonly string[]): string | null {
  try {
    return credentialOf(rawHeaders)
  } catch (error) {
    return error instanceof GatewayError ? `! ${error.code}` : 'not an error of ours'
  }
}

const mixed = (text: string) => fc.mixedCase(fc.constant(text)).map((name) => name)
const credentials = fc.stringMatching(/^[\x21-\x7e]{1,512}$/)

describe('the credential of a request', () => {
  it.each<[string, string[], string | null]>([
    ['a bearer token', ['Authorization', 'Bearer x'], 'x'],
    ['an API key', ['X-Api-Key', 'x'], 'x'],
    ['a scheme in another case', ['authorization', 'bEARER x'], 'x'],
    ['both, when they are equal', ['Authorization', 'Bearer x', 'x-api-key', 'x'], 'x'],
    ['one, when the other is empty', ['Authorization', '', 'x-api-key', 'x'], 'x'],
    ['nothing', ['Host', 'h', 'Accept', '*/*'], null],
    ['nothing, when empty', ['Authorization', ''], null],
    ['nothing, when the scheme stands alone', ['Authorization', 'Bearer', 'x-api-key', ''], null],
    ['no other scheme', ['Authorization', 'Basic eDp5'], '! token_invalid'],
    ['no token without a scheme', ['Authorization', 'x'], '! token_invalid'],
    ['no token after two spaces', ['Authorization', 'Bearer  x'], '! token_invalid'],
    ['no token after a tab', ['Authorization', 'Bearer\tx'], '! token_invalid'],
    ['no token before junk', ['Authorization', 'Bearer x y'], '! token_invalid'],
    ['no token longer than 8,192', ['Authorization', `Bearer ${'x'.repeat(8_193)}`], '! token_invalid'],
    ['no key longer than 8,192', ['x-api-key', 'x'.repeat(10_240)], '! token_invalid'],
    ['not one of two', ['Authorization', 'Bearer x', 'x-api-key', 'y'], '! ambiguous_credentials'],
    ['not by case', ['Authorization', 'Bearer x', 'x-api-key', 'X'], '! ambiguous_credentials'],
    [
      'no repeated Authorization',
      ['Authorization', 'Bearer x', 'AUTHORIZATION', 'Bearer x'],
      '! ambiguous_header',
    ],
    ['no repeated key', ['x-api-key', 'x', 'X-API-Key', 'x'], '! ambiguous_header'],
    ['no repeated empty header', ['Authorization', '', 'Authorization', 'Bearer x'], '! ambiguous_header'],
    ['no repeated Host', ['Host', 'a', 'Authorization', 'Bearer x', 'host', 'a'], '! ambiguous_header'],
    ['no header of almost that name', ['Authorisation', 'Bearer x', 'x_api_key', 'y'], null],
  ])('is %s', (_, rawHeaders, expected) => {
    expect(resultOf(rawHeaders)).toBe(expected)
  })

  it('is found among any headers, in any case', () => {
    const others = fc.array(fc.tuple(fc.stringMatching(/^[a-z]{1,3}-[a-z]{1,8}$/), fc.string()))
    const channels = fc.oneof(
      fc.tuple(
        mixed('authorization'),
        mixed('bearer').map((scheme) => `${scheme} `),
      ),
      fc.tuple(mixed('x-api-key'), fc.constant('')),
    )
    fc.assert(
      fc.property(others, others, channels, credentials, (before, after, [name, scheme], credential) => {
        const headers = [...before, [name, scheme + credential], ...after].flat()
        expect(credentialOf(headers)).toBe(credential)
      }),
      { numRuns: 2000 },
    )
  })

  it('is never chosen between two', () => {
    fc.assert(
      fc.property(credentials, credentials, (one, other) => {
        const result = resultOf(['Authorization', `Bearer ${one}`, 'x-api-key', other])
        expect(result).toBe(one === other ? one : '! ambiguous_credentials')
      }),
      { numRuns: 2000 },
    )
  })

  it('is a text, nothing, or a refusal of ours, whatever the headers say', () => {
    const names = fc.oneof(fc.constantFrom('Authorization', 'x-api-key', 'Host'), fc.string())
    fc.assert(
      fc.property(fc.array(fc.tuple(names, fc.string())), (headers) => {
        expect(resultOf(headers.flat())).not.toBe('not an error of ours')
      }),
      { numRuns: 2000 },
    )
  })
})
