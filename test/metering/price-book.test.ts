import {
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openPriceBook, PriceFileError, type PriceBook } from '../../src/metering/price-book.ts'
import { SHIPPED_PRICES } from '../../src/minimax/prices.ts'
import { movableClock, START } from '../auth/helper.ts'

function aFile(text?: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-prices-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'prices.json')
  if (text !== undefined) writeFileSync(path, text)
  return path
}

/** An operator's file in which a call of M3 costs so much for a token of input. */
function pricesAt(price: string, version = 'mine'): string {
  return JSON.stringify({
    version,
    currencies: {
      USD: [{ models: ['MiniMax-M3'], modality: 'chat', rates: { input_tokens: { price } } }],
    },
  })
}

function priceIn({ list }: Pick<PriceBook, 'list'>): string | undefined {
  const query = { operation: 'chat.native', model: 'MiniMax-M3', at: START, currency: 'USD' } as const
  return list.priceOf(query)?.prices.get('input_tokens')?.text
}

async function aBook(path: string | undefined) {
  const clock = movableClock()
  const infos: object[] = []
  const errors: object[] = []
  const reloads: string[] = []
  const book = await openPriceBook({
    path,
    clock,
    log: {
      info: (line: object) => void infos.push(line),
      error: (line: object) => void errors.push(line),
    },
    onReload: (result) => reloads.push(result),
    intervalMs: 3_600_000,
  })
  onTestFinished(() => book.close())
  return { book, clock, infos, errors, reloads }
}

async function problemsOf(path: string): Promise<readonly string[]> {
  try {
    await aBook(path)
    return []
  } catch (error) {
    if (error instanceof PriceFileError) return error.problems
    throw error
  }
}

describe('a price book', () => {
  it('holds the shipped list when the operator has none', async () => {
    const { book } = await aBook(undefined)
    await book.refresh()
    expect(book.list).toBe(SHIPPED_PRICES)
    expect(book.listAt(0)).toBe(SHIPPED_PRICES)
  })

  it("holds the operator's prices over the shipped ones, and says so in its version", async () => {
    const { book } = await aBook(aFile(pricesAt('7')))
    expect(priceIn(book)).toBe('7')
    expect(book.list.version).toMatch(/^2026-10-31\.[0-9a-f]{8}\+mine\.[0-9a-f]{8}$/)
    const query = { operation: 'chat.native', model: 'MiniMax-M2.7', at: START, currency: 'USD' } as const
    expect(book.list.priceOf(query)?.prices.get('input_tokens')?.text).toBe('0.3')
  })

  it('takes the example of the documentation', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/prices.md'), 'utf8')
    const [, example] = /```json\n(.*?)```/s.exec(page) ?? []
    const { book } = await aBook(aFile(example))
    expect(book.list.version).toContain('+2026-11.')
  })

  it('reads a file that begins with a byte order mark', async () => {
    expect(priceIn((await aBook(aFile(`\uFEFF${pricesAt('7')}`))).book)).toBe('7')
  })
})

describe('at the start', () => {
  it.each<[string, string, RegExp]>([
    ['is empty', '', /is not JSON/],
    ['is cut short', pricesAt('7').slice(0, 60), /is not JSON/],
    ['is a list', '[]', /the price list is not/],
    ['is too large', ' '.repeat(1024 * 1024 + 1), /more than 1048576 bytes/],
  ])('a file that %s is refused in one line', async (_, text, expected) => {
    const path = aFile(text)
    const problems = await problemsOf(path)
    expect(problems[0]).toMatch(expected)
    expect(problems[0]?.startsWith(`PRICES_FILE (${path}): `)).toBe(true)
  })

  it('every problem of a file is told, with its place', async () => {
    const path = aFile(
      JSON.stringify({
        version: 'mine',
        currency: {},
        currencies: {
          USD: [
            { models: ['m'], modality: 'chat', rates: { input_tokens: { price: 7 } } },
            { operations: ['chat.unheard'], rates: { requests: { price: '-1' } } },
            { models: ['n'], modality: 'chat' },
          ],
        },
      }),
    )
    expect((await problemsOf(path)).map((line) => line.replace(`PRICES_FILE (${path}): `, ''))).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^currency is not known here\.$/),
        expect.stringMatching(/^currencies\.USD\[0\]\.rates\.input_tokens\.price is not a decimal number/),
        expect.stringMatching(/^currencies\.USD\[1\]\.rates\.requests\.price is not a decimal number/),
        expect.stringMatching(/^currencies\.USD\[2\] must have exactly one of/),
      ]),
    )
  })

  it.each([
    ['is not there', () => aFile(), /cannot be read \(ENOENT\)/],
    ['is a folder', () => join(aFile(), '..'), /is not a file|EISDIR/],
  ])('a file that %s is refused', async (_, path, expected) => {
    expect(await problemsOf(path())).toEqual([expect.stringMatching(expected)])
  })

  it('nothing of a file that is something else is repeated', async () => {
    for (const text of ['sk-secret', '{"a":"sk-secret" x', '["sk-secret"', 'sk', '{"sk-secret']) {
      expect((await problemsOf(aFile(text))).join()).not.toContain('sk')
    }
  })
})

describe('a file that changes', () => {
  it('takes effect, whichever way it was written', async () => {
    const path = aFile(pricesAt('1'))
    const { book, reloads, infos } = await aBook(path)
    writeFileSync(path, pricesAt('2'))
    await book.refresh()
    expect(priceIn(book)).toBe('2')
    writeFileSync(`${path}.new`, pricesAt('3'))
    renameSync(`${path}.new`, path)
    await book.refresh()
    expect(priceIn(book)).toBe('3')
    unlinkSync(path)
    writeFileSync(`${path}.v4`, pricesAt('4'))
    symlinkSync(`${path}.v4`, path)
    await book.refresh()
    expect(priceIn(book)).toBe('4')
    await book.refresh()
    expect(reloads).toEqual(['applied', 'applied', 'applied'])
    expect(infos).toHaveLength(3)
  })

  it('is noticed by itself', async () => {
    const path = aFile(pricesAt('1'))
    const applied = Promise.withResolvers<string>()
    const book = await openPriceBook({
      path,
      clock: movableClock(),
      log: { info: () => undefined, error: () => undefined },
      onReload: applied.resolve,
      intervalMs: 5,
    })
    onTestFinished(() => book.close())
    writeFileSync(path, pricesAt('2'))
    expect(await applied.promise).toBe('applied')
    expect(priceIn(book)).toBe('2')
  })

  it('changes nothing while it is gone or half-written, and nobody is told', async () => {
    const path = aFile(pricesAt('1'))
    const { book, reloads, errors } = await aBook(path)
    unlinkSync(path)
    await book.refresh()
    writeFileSync(path, '')
    await book.refresh()
    writeFileSync(path, pricesAt('2').slice(0, 50))
    await book.refresh()
    expect([priceIn(book), reloads, errors]).toEqual(['1', [], []])
    writeFileSync(path, pricesAt('2'))
    await book.refresh()
    expect([priceIn(book), reloads, errors]).toEqual(['2', ['applied'], []])
  })

  it.each<[string, (path: string) => void, RegExp]>([
    ['wrong', (path) => writeFileSync(path, pricesAt('-2')), /currencies\.USD\[0\].*is not a decimal/],
    ['no JSON', (path) => writeFileSync(path, '{'), /is not JSON/],
    ['gone', (path) => unlinkSync(path), /ENOENT/],
  ])(
    'and stays %s is refused once, with every problem, and the list before holds',
    async (_, spoil, told) => {
      const path = aFile(pricesAt('1'))
      const { book, reloads, errors } = await aBook(path)
      const before = book.list
      spoil(path)
      for (let looks = 0; looks < 4; looks++) await book.refresh()
      expect(book.list).toBe(before)
      expect(reloads).toEqual(['refused'])
      expect(errors).toEqual([{ problems: [expect.stringMatching(told)] }])
      writeFileSync(path, pricesAt('2'))
      await book.refresh()
      expect([priceIn(book), reloads]).toEqual(['2', ['refused', 'applied']])
    },
  )

  it('leaves the calls that have begun the prices of their beginning', async () => {
    const path = aFile(pricesAt('1'))
    const { book, clock } = await aBook(path)
    for (let version = 2; version <= 20; version++) {
      clock.move(1000)
      writeFileSync(path, pricesAt(String(version)))
      await book.refresh()
    }
    const priceAt = (at: number) => priceIn({ list: book.listAt(at) })
    expect(priceAt(START + 19_000)).toBe('20')
    expect(priceAt(START + 18_999)).toBe('19')
    expect(priceAt(START + 17_000)).toBe('18')
    expect(priceAt(START)).toBe('13')
  })
})
