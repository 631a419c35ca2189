import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/errors.ts'
import { checkCallbackUrl, type CallbackPolicy } from '../../src/tenancy/callback-url.ts'

const OPEN: CallbackPolicy = { mode: 'relay', allowedHosts: [], ownHost: 'gateway.example.com' }

function refusalOf(text: string, policy: CallbackPolicy = OPEN): GatewayError | undefined {
  try {
    expect(checkCallbackUrl(text, policy)).toBe(text)
    return undefined
  } catch (error) {
    if (error instanceof GatewayError) return error
    throw error
  }
}

const GOOD = [
  'https://hooks.example.com',
  'https://hooks.example.com/',
  'https://hooks.example.com:443/minimax?user=1&sign=a%2Fb',
  'https://hooks.example.com?x=1',
  'HTTPS://Hooks.Example.COM/Path',
  'https://xn--bcher-kva.example.org/',
  'https://a.b-c.example.co/x/../y',
  'https://abc.ngrok-free.app/cb',
  'https://1.example.net/',
  `https://example.com/${'x'.repeat(2048 - 'https://example.com/'.length)}`,
]

/** What reaches a private network, or is read differently by two parsers, or may be. */
const ATTACKS = [
  // addresses of this machine and of private networks
  'https://127.0.0.1/',
  'https://127.1/',
  'https://127.0.1/',
  'https://0/',
  'https://0.0.0.0/',
  'https://2130706433/',
  'https://017700000001/',
  'https://0177.0.0.1/',
  'https://0x7f.0.0.1/',
  'https://0x7f000001/',
  'https://0x7f.1/',
  'https://127.0.0.0x1/',
  'https://10.0.0.1/',
  'https://192.168.1.1/',
  'https://172.16.0.1/',
  'https://100.100.100.200/',
  'https://8.8.8.8/',
  'https://4294967296/',
  'https://256.256.256.256/',
  // metadata services
  'https://169.254.169.254/latest/meta-data/',
  'https://2852039166/',
  'https://0xa9fea9fe/',
  'https://0251.0376.0251.0376/',
  'https://169.254.43518/',
  'https://metadata.google.internal/computeMetadata/v1/',
  'https://metadata/',
  // IPv6
  'https://[::1]/',
  'https://[::]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:7f00:1]/',
  'https://[0:0:0:0:0:ffff:a9fe:a9fe]/',
  'https://[fd00:ec2::254]/',
  'https://[fe80::1%25eth0]/',
  'https://[64:ff9b::7f00:1]/',
  'https://[2606:4700:4700::1111]/',
  // names of private networks
  'https://localhost/',
  'https://LOCALHOST/',
  'https://localhost./',
  'https://app.localhost/',
  'https://printer.local/',
  'https://db.internal/',
  'https://kubernetes.default.svc/',
  'https://router.lan/',
  'https://nas.home.arpa/',
  'https://1.0.0.127.in-addr.arpa/',
  'https://hidden.onion/',
  'https://intranet/',
  'https://hooks.example.com./',
  'https://hooks.example.com..',
  'https://.example.com/',
  'https://-a.example.com/',
  'https://hooks..example.com/',
  'https://ho_oks.example.com/',
  'https://127.0.0.1.0x7f/',
  'https://example.123/',
  // letters that become others
  'https://①②⑦.⓪.⓪.①/',
  'https://ｌocalhost/',
  'https://127。0。0。1/',
  'https://exa\u00admple.com/',
  'https://bücher.example.org/',
  'https://xn--a.example.com.xn--/',
  'https://xn--.example.com/',
  'https://%31%32%37.0.0.1/',
  'https://hooks%2eexample.com/',
  'https://hooks.example.com%00.evil.com/',
  // parts that are read differently
  'https://hooks.example.com@127.0.0.1/',
  'https://user:password@hooks.example.com/',
  'https://@hooks.example.com/',
  'https://hooks.example.com\\@127.0.0.1/',
  'https://127.0.0.1\\@hooks.example.com/',
  'https://127.0.0.1#@hooks.example.com/',
  'https://127.0.0.1?@hooks.example.com/',
  'https://hooks.example.com/#fragment',
  'https:\\\\hooks.example.com/',
  'https:hooks.example.com',
  'https:/hooks.example.com/',
  'https:///hooks.example.com/',
  '//hooks.example.com/',
  ' https://hooks.example.com/',
  'https://hooks.example.com/ x',
  'https://hooks.example.com/\r\nHost: 127.0.0.1',
  'ht\ntps://hooks.example.com/',
  'https://hooks.exam\tple.com/',
  'https://hooks.example.com/\u0000',
  'https://hooks.example.com/\u2028',
  // other ports and schemes
  'https://hooks.example.com:8443/',
  'https://hooks.example.com:22/',
  'https://hooks.example.com:0/',
  'https://hooks.example.com:0443/',
  'https://hooks.example.com:/',
  'https://hooks.example.com:443:22/',
  'http://hooks.example.com/',
  'http://127.0.0.1:8081/admin/v1/users',
  'ftp://hooks.example.com/',
  'file:///etc/passwd',
  'gopher://127.0.0.1:6379/_FLUSHALL',
  'data:application/json,{}',
  'javascript:alert(1)',
  'wss://hooks.example.com/',
  'unix:/var/run/docker.sock',
  'hooks.example.com',
  '',
  // the gateway itself
  'https://gateway.example.com/callbacks/x',
  'https://GATEWAY.example.com:443/',
  // no end
  `https://example.com/${'x'.repeat(2049 - 'https://example.com/'.length)}`,
  `https://${'a'.repeat(64)}.example.com/`,
  `https://${'a.'.repeat(130)}com/`,
]

describe('takes', () => {
  it.each(GOOD)('%s', (text) => {
    expect(refusalOf(text)).toBeUndefined()
    expect(refusalOf(text, { ...OPEN, mode: 'allow' })).toBeUndefined()
  })
})

describe(`refuses each of ${ATTACKS.length} attacks`, () => {
  it.each(ATTACKS)('%j', (text) => {
    for (const mode of ['allow', 'relay'] as const) {
      expect(refusalOf(text, { ...OPEN, mode })).toMatchObject({
        code: 'callback_forbidden',
        status: 400,
        outcome: 'caller_invalid',
        path: 'callback_url',
      })
    }
  })
})

describe('when it is switched off', () => {
  it.each(GOOD)('%s is refused, and the message says what to do', (text) => {
    expect(refusalOf(text, { ...OPEN, mode: 'off' })?.message).toMatch(/switched off.*leave it out/)
  })
})

describe('with a list of hosts', () => {
  const listed: CallbackPolicy = { ...OPEN, allowedHosts: ['hooks.example.com', '*.apps.example.com'] }

  it.each(['https://hooks.example.com/x', 'https://HOOKS.example.com/x', 'https://a.b.apps.example.com/'])(
    '%s is on it',
    (text) => {
      expect(refusalOf(text, listed)).toBeUndefined()
    },
  )

  it.each([
    'https://example.com/',
    'https://a.hooks.example.com/',
    'https://apps.example.com/',
    'https://evilapps.example.com/',
    'https://hooks.example.com.evil.org/',
  ])('%s is not', (text) => {
    expect(refusalOf(text, listed)?.message).toMatch(/not allowed/)
  })
})

describe('whatever is taken', () => {
  const piece = fc.constantFrom(
    'https://',
    'a.com',
    '127.0.0.1',
    '@',
    ':',
    '443',
    '/',
    '\\',
    '#',
    '?',
    '.',
    '[',
    ']',
    '%2e',
    '::1',
    '\t',
    'é',
  )

  it('is read alike by the rules of URLs: https, the same public name, nothing else', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 8 }), (rest) => {
        const text = `https://${rest.join('')}`
        if (refusalOf(text) !== undefined) return
        const url = new URL(text)
        expect([url.protocol, url.port, url.username, url.password, url.hash]).toEqual([
          'https:',
          '',
          '',
          '',
          '',
        ])
        expect(url.hostname).toMatch(/^([a-z0-9-]+\.)+([a-z]+|xn--[a-z0-9-]+)$/)
        expect(text.toLowerCase().startsWith(`https://${url.hostname}`)).toBe(true)
      }),
      { numRuns: 5000 },
    )
  })
})
