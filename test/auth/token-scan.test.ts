import { readFileSync } from 'node:fs'
import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newToken } from '../../src/auth/token.ts'
import { createTokenScanner, type TokenFind } from '../../src/auth/token-scan.ts'

/** Looks through pieces of one text. @param cuts where it is cut, in bytes */
function scan(text: string | Buffer, cuts: readonly number[] = [], prefix = 'mmg'): TokenFind[] {
  const bytes = Buffer.from(text)
  const scanner = createTokenScanner(prefix)
  const places = [0, ...[...cuts].sort((a, b) => a - b), bytes.length].map((at) => Math.min(at, bytes.length))
  const finds = places.slice(1).flatMap((end, index) => scanner.push(bytes.subarray(places[index], end)))
  return [...finds, ...scanner.end()]
}

function aSession(claims: object = { v: 1, id: '0123456789ab', t: 'AAAAAAAAAAAA' }): string {
  const signed = `mmgs_${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
  return `${signed}.${createHmac('sha256', 'a key').update(signed).digest('base64url')}`
}

/** Anything but what would make a token the middle of a word, and no token itself. */
const beside = fc.string({ maxLength: 40 }).map((text) => text.replaceAll(/[0-9A-Za-z_\\%-]/g, '.'))

describe('the scanner', () => {
  it('finds a token wherever it stands, and however the text is cut', () => {
    const token = fc.constantFrom(newToken('mmg').text, newToken('mmgo').text, aSession())
    const filler = fc.constantFrom('', 'x\n'.repeat(40_000), '\0\xff'.repeat(50_000))
    fc.assert(
      fc.property(
        filler,
        beside,
        token,
        beside,
        fc.array(fc.nat(90_000)),
        (far, before, text, after, cuts) => {
          const [find, ...more] = scan(`${far} ${before} ${text} ${after} ${far}`, cuts)
          expect(more).toEqual([])
          expect(find).toMatchObject({ isWhole: true, text })
        },
      ),
      { numRuns: 60 },
    )
  })

  it('finds it when every byte comes by itself', () => {
    const { id, text } = newToken('mmg')
    const all = `one\ntwo ${text}`
    expect(
      scan(
        all,
        Array.from(all, (_, at) => at),
      ),
    ).toEqual([{ kind: 'server', id, isWhole: true, text, line: 2, column: 5 }])
  })

  it('tells a token with any one character changed from one that is whole', () => {
    const { text } = newToken('mmg')
    const place = fc.nat(text.length - 1)
    fc.assert(
      fc.property(place, fc.integer({ min: 0, max: 255 }), (at, code) => {
        const other = String.fromCharCode(code)
        fc.pre(other !== text.charAt(at))
        const changed = Buffer.from(text.slice(0, at) + other + text.slice(at + 1), 'latin1')
        expect(scan(changed).filter(({ isWhole }) => isWhole)).toEqual([])
      }),
      { numRuns: 2_000 },
    )
  })

  it.each(['a', 'Z', '0', '_'])('takes %j beside it for a part of a word', (character) => {
    const { text } = newToken('mmg')
    expect(scan(character + text)).toEqual([])
    expect(scan(text + character)).toEqual([])
  })

  it.each(['%20', '\\n', '\\u0022', '\\x22', '\u001b[31m', '"', '=', '/', ':'])(
    'finds it after %j',
    (before) => {
      expect(scan(`x${before}${newToken('mmg').text}`)).toHaveLength(1)
    },
  )

  it('says where it stands, over many pieces', () => {
    const { text } = newToken('mmg')
    const lines = Array.from({ length: 9_000 }, (_, index) => `line ${index + 1}`)
    lines[7_000] = `here: ${text}`
    lines[8_999] = text
    const places = scan(lines.join('\n'), [100, 50_000, 70_000]).map(({ line, column }) => [line, column])
    expect(places).toEqual([
      [7_001, 7],
      [9_000, 1],
    ])
  })

  it('tells one whose checksum does not hold, with its id', () => {
    const { id, text } = newToken('mmg')
    const broken = text.slice(0, -1) + (text.endsWith('0') ? '1' : '0')
    expect(scan(broken)).toMatchObject([{ kind: 'server', id, isWhole: false }])
  })

  it.each([
    ['what is not JSON', `mmgs_AAAA.${'A'.repeat(43)}`],
    ['another claim', aSession({ sub: 'x' })],
    ['an id that is none', aSession({ id: '<script>' })],
  ])('takes a session of %s for none', (_, text) => {
    expect(scan(text)).toMatchObject([{ kind: 'session', id: '', isWhole: false }])
  })

  it('knows the prefix of another gateway, and not its own then', () => {
    expect(scan(newToken('acme').text, [], 'acme')).toMatchObject([{ kind: 'server', isWhole: true }])
    expect(scan(newToken('mmg').text, [], 'acme')).toEqual([])
  })

  it('keeps a bounded part of an endless text', () => {
    const scanner = createTokenScanner('mmg')
    const piece = Buffer.from('mmg_mmgs_'.repeat(8_000))
    for (let round = 0; round < 200; round++) expect(scanner.push(piece)).toEqual([])
    expect(scanner.end()).toEqual([])
  })
})

describe('the regular expressions for other scanners', () => {
  it('find what they say', () => {
    const page = readFileSync('docs/credentials.md', 'utf8')
    const patterns = [...page.matchAll(/\| `(\\b.+?)` +\|$/gm)].map(([, pattern = '']) => pattern)
    const texts = [newToken('mmg').text, aSession(), newToken('mmgo').text]
    expect(patterns).toHaveLength(3)
    for (const [index, text] of texts.entries()) {
      const found = patterns.map((pattern) => new RegExp(pattern).exec(`key="${text}"`)?.[0])
      expect(found).toEqual(patterns.map((_, other) => (other === index ? text : undefined)))
    }
  })
})
