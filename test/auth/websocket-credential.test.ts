import { describe, expect, it } from 'vitest'
import { webSocketCredentialOf } from '../../src/auth/credential.ts'
import { GatewayError } from '../../src/errors.ts'

const PROTOCOL = 'Sec-WebSocket-Protocol'

function codeOf(rawHeaders: string[], url: string): string | undefined {
  try {
    webSocketCredentialOf(rawHeaders, url)
    return undefined
  } catch (error) {
    return error instanceof GatewayError ? error.code : String(error)
  }
}

describe('the credential of a WebSocket handshake', () => {
  it.each<[string, string[], string, string | null, string | null]>([
    ['the header', ['Authorization', 'Bearer x'], '/ws', 'x', null],
    ['the subprotocol', [PROTOCOL, 'mmg.token.x'], '/ws', 'x', 'mmg.token.x'],
    ['the query', [], '/ws?model=m&token=x', 'x', null],
    ['the Authorization of the query', [], '/ws?Authorization=Bearer%20x', 'x', null],
    ['the Authorization of the query with a plus', [], '/ws?authorization=bearer+x', 'x', null],
    ['an escaped query', [], '/ws?%74oken=%78', 'x', null],
    [
      'every channel, when they agree',
      ['x-api-key', 'x', PROTOCOL, 'mmg.token.x'],
      '/?token=x&token=x',
      'x',
      'mmg.token.x',
    ],
    ['nothing', [], '/ws', null, null],
    ['nothing, when empty', [PROTOCOL, 'mmg.token.'], '/ws?token=&Authorization=', null, 'mmg.token.'],
  ])('is in %s', (_, rawHeaders, url, credential, protocol) => {
    expect(webSocketCredentialOf(rawHeaders, url)).toEqual({ credential, protocol })
  })

  it.each<[string, string[], string]>([
    ['header and query', ['Authorization', 'Bearer x'], '/?token=y'],
    ['header and subprotocol', ['x-api-key', 'x', PROTOCOL, 'mmg.token.y'], '/'],
    ['two subprotocols', [PROTOCOL, 'mmg.token.x, mmg.token.y'], '/'],
    ['two lines of subprotocols', [PROTOCOL, 'mmg.token.x', PROTOCOL.toLowerCase(), 'mmg.token.y'], '/'],
    ['a repeated parameter', [], '/?token=x&token=y'],
    ['two parameters', [], '/?token=x&Authorization=Bearer%20y'],
  ])('is refused when it differs between %s', (_, rawHeaders, url) => {
    expect(codeOf(rawHeaders, url)).toBe('ambiguous_credentials')
  })

  it('is refused when it is too long, in any channel', () => {
    const long = 'x'.repeat(8_193)
    expect(codeOf([], `/?token=${long}`)).toBe('token_invalid')
    expect(codeOf([PROTOCOL, `mmg.token.${long}`], '/')).toBe('token_invalid')
    expect(codeOf([], `/?Authorization=${long}`)).toBe('token_invalid')
  })
})

describe('the subprotocol of the answer', () => {
  it.each<[string, string | null]>([
    ['chat, mmg.token.x', 'chat'],
    ['mmg.token.x, chat, other', 'chat'],
    ['mmg.token.x', 'mmg.token.x'],
    ['chat', 'chat'],
    [' , ', null],
  ])('for the offer "%s" is %s', (offer, protocol) => {
    expect(webSocketCredentialOf([PROTOCOL, offer], '/').protocol).toBe(protocol)
  })
})
