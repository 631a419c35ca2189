import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { GitHubKeys } from '../../src/abuse/github-keys.ts'
import { GitHubScanning } from '../../src/abuse/github.ts'
import type { Leak } from '../../src/abuse/reports.ts'
import { GatewayError } from '../../src/errors.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const wide = generateKeyPairSync('ec', { namedCurve: 'P-384' })

const pemOf = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' })

function documentOf(keys: Readonly<Record<string, KeyObject>>): string {
  return JSON.stringify({
    public_keys: Object.entries(keys).map(([id, key]) => ({
      key_identifier: id,
      key: pemOf(key),
      is_current: true,
    })),
  })
}

/** The example of GitHub's documentation of the program, with its key. */
const EXAMPLE = {
  id: 'bcb53661c06b4728e59d897fb6165d5c9cda0fd9cdf9d09ead458168deb7518c',
  key: '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYAGMWO8XgCamYKMJS6jc/qgvSlAd\nAjPuDPRcXU22YxgBrz+zoN19MzuRyW87qEt9/AmtoNP5GrobzUvQSyJFVw==\n-----END PUBLIC KEY-----\n',
  signature:
    'MEQCIQDaMKqrGnE27S0kgMrEK0eYBmyG0LeZismAEz/BgZyt7AIfXt9fErtRS4XaeSt/AO1RtBY66YcAdjxji410VQV4xg==',
  body: '[{"source":"commit","token":"some_token","type":"some_type","url":"https://example.com/base-repo-url/"}]',
}

/** Keys that are read from a text, and a scanning that knows the tokens `known` and `known2` of `ada`. */
function aScanning(text: string | (() => string) = documentOf({ one: pair.publicKey })) {
  const clock = { time: 0, now: (): number => clock.time }
  const reads: number[] = []
  const errors: unknown[] = []
  const leaks: Leak[] = []
  const keys = new GitHubKeys({
    url: 'https://keys.example',
    clock,
    failed: (error) => errors.push(error),
    read: async () => {
      reads.push(clock.time)
      return typeof text === 'string' ? text : text()
    },
  })
  const scanning = new GitHubScanning({
    keys,
    findToken: async (token) =>
      token.startsWith('known') ? { tokenId: `id of ${token}`, userId: 'ada' } : undefined,
    report: async (leak) => void leaks.push(leak),
  })
  return { clock, reads, errors, leaks, scanning, keys }
}

function signed(matches: unknown, key = pair.privateKey, keyId = 'one') {
  const body = Buffer.from(typeof matches === 'string' ? matches : JSON.stringify(matches))
  return { keyId, signature: sign('sha256', body, key).toString('base64'), body }
}

const match = (token: string, more: object = {}) => ({
  token,
  type: 'mmg',
  url: 'https://github.com/a/b',
  source: 'Commit',
  ...more,
})

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'ok'
  } catch (error) {
    if (error instanceof GatewayError) return error.code
    throw error
  }
}

describe('a report of GitHub', () => {
  it('is verified as the documentation shows', async () => {
    const { scanning } = aScanning(
      JSON.stringify({ public_keys: [{ key_identifier: EXAMPLE.id, key: EXAMPLE.key, is_current: true }] }),
    )
    const { id: keyId, signature, body } = EXAMPLE
    expect(await scanning.receive({ keyId, signature, body: Buffer.from(body) })).toEqual([
      { token_raw: 'some_token', token_type: 'some_type', label: 'false_positive' },
    ])
    const changed = Buffer.from(body.replace('some_token', 'same_token'))
    expect(await codeOf(scanning.receive({ keyId, signature, body: changed }))).toBe('invalid_request')
  })

  it('reports what is a token, once each, and labels all', async () => {
    const { scanning, leaks } = aScanning()
    const matches = [match('known'), match('other'), match('known', { url: '' }), match('known2')]
    expect((await scanning.receive(signed(matches))).map(({ label }) => label)).toEqual([
      'true_positive',
      'false_positive',
      'true_positive',
      'true_positive',
    ])
    expect(leaks).toEqual([
      { tokenId: 'id of known', userId: 'ada', url: 'https://github.com/a/b', source: 'github/commit' },
      { tokenId: 'id of known2', userId: 'ada', url: 'https://github.com/a/b', source: 'github/commit' },
    ])
  })

  it.each([
    ['the token itself', { url: 'https://github.com/a/known.txt' }, null, 'github/commit'],
    ['no address', { url: 'javascript:alert(1)' }, null, 'github/commit'],
    ['more than one line', { url: 'https://github.com/a\nb' }, null, 'github/commit'],
    ['nothing', { url: undefined, source: undefined }, null, 'github'],
    ['strange words', { source: '<!channel>' }, 'https://github.com/a/b', 'github'],
    ['numbers', { url: 7, source: 7 }, null, 'github'],
  ])('whose place holds %s shows none of it', async (_, more, url, source) => {
    const { scanning, leaks } = aScanning()
    await scanning.receive(signed([match('known', more)]))
    expect(leaks).toEqual([{ tokenId: 'id of known', userId: 'ada', url, source }])
  })

  it('leaves out what cannot be read', async () => {
    const { scanning, leaks } = aScanning()
    const labels = await scanning.receive(signed([null, 7, {}, { token: 7, type: 'x' }, match('known')]))
    expect([labels.length, leaks.length]).toEqual([1, 1])
  })

  it('may hold thousands', async () => {
    const { scanning } = aScanning()
    const matches = Array.from({ length: 8_000 }, (_, index) => match(`other${index}`))
    expect(await scanning.receive(signed(matches))).toHaveLength(8_000)
  })

  it.each<[string, ReturnType<typeof signed> | object]>([
    ['without a signature', { ...signed([match('known')]), signature: undefined }],
    ['without the name of a key', { ...signed([match('known')]), keyId: undefined }],
    ['of another key', signed([match('known')], foreign.privateKey)],
    ['of an unknown key', signed([match('known')], foreign.privateKey, 'two')],
    ['of a key that has no name to be', signed([match('known')], pair.privateKey, '../x')],
    ['with a signature that is none', { ...signed([match('known')]), signature: 'x'.repeat(40) }],
    ['with an empty signature', { ...signed([match('known')]), signature: '' }],
    ['with another body', { ...signed([match('known')]), body: Buffer.from('[]') }],
    [
      'in another form of signature',
      {
        ...signed([]),
        signature: sign('sha256', Buffer.from('[]'), {
          key: pair.privateKey,
          dsaEncoding: 'ieee-p1363',
        }).toString('base64'),
      },
    ],
  ])('%s is refused, and nothing is done', async (_, report) => {
    const { scanning, leaks } = aScanning()
    expect(await codeOf(scanning.receive({ ...signed([]), ...report }))).toBe('invalid_request')
    expect(leaks).toEqual([])
  })

  it.each([
    ['no JSON', '[{', 'invalid_json'],
    ['nothing', '', 'invalid_json'],
    ['no list', '{}', 'invalid_request'],
  ])('that is %s is refused though it is signed', async (_, body, code) => {
    const { scanning } = aScanning()
    expect(await codeOf(scanning.receive(signed(body)))).toBe(code)
  })
})

describe('the keys of GitHub', () => {
  it('are read once an hour', async () => {
    const { scanning, clock, reads } = aScanning()
    for (const time of [0, 30 * MINUTE, HOUR, HOUR + MINUTE]) {
      clock.time = time
      await scanning.receive(signed([]))
    }
    expect(reads).toEqual([0, HOUR])
  })

  it('are read for an unknown one at most once a minute', async () => {
    let text = documentOf({ one: pair.publicKey })
    const { scanning, clock, reads } = aScanning(() => text)
    await scanning.receive(signed([]))
    const other = signed([], foreign.privateKey, 'two')
    clock.time = MINUTE - 1
    expect(await codeOf(scanning.receive(other))).toBe('invalid_request')
    text = documentOf({ one: pair.publicKey, two: foreign.publicKey })
    clock.time = MINUTE
    expect(await codeOf(scanning.receive(other))).toBe('ok')
    expect(reads).toEqual([0, MINUTE])
  })

  it('are read once for many who ask at the same time', async () => {
    const { keys, reads } = aScanning()
    const found = await Promise.all([keys.find('one'), keys.find('one'), keys.find('two')])
    expect([found.map((key) => key !== undefined), reads]).toEqual([[true, true, false], [0]])
  })

  it.each([
    ['cannot be read', '<html>'],
    ['are no list', '{"public_keys":{}}'],
    ['are none', '{"public_keys":[]}'],
    ['are no keys', '{"public_keys":[{"key_identifier":"one","key":"x"},null,7,{}]}'],
    ['are of another curve', documentOf({ one: wide.publicKey })],
  ])('that %s let nothing in', async (_, text) => {
    const { scanning, leaks, errors } = aScanning(text)
    expect(await codeOf(scanning.receive(signed([match('known')])))).toBe('store_unavailable')
    expect([leaks, errors.length]).toEqual([[], 1])
  })

  it('serve for a day while they cannot be read again, and no longer', async () => {
    let isThere = true
    const { scanning, clock, errors } = aScanning(() => {
      if (!isThere) throw new Error('GitHub is down')
      return documentOf({ one: pair.publicKey })
    })
    await scanning.receive(signed([]))
    isThere = false
    clock.time = 24 * HOUR - 1
    expect(await codeOf(scanning.receive(signed([])))).toBe('ok')
    clock.time = 24 * HOUR + MINUTE
    expect(await codeOf(scanning.receive(signed([])))).toBe('store_unavailable')
    expect(errors).toHaveLength(2)
  })
})
