import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Accepted } from '../../emulator/accepts.ts'
import type { BookRow } from './agreement.ts'
import { reconcileBooks } from './books.ts'
import { describeDifferences, reconcile } from './reconcile.ts'

const ACCEPTED: Accepted = {
  seq: 1,
  at: 0,
  operation: 'chat.openai',
  asked: 'MiniMax-M3',
  model: 'MiniMax-M3',
  marker: '',
  usage: { input_tokens: 9, output_tokens: 4 },
  told: true,
  failure: null,
  sent: 'whole',
  task: null,
}
const ROW: BookRow = {
  requestId: 'a',
  operation: 'chat.openai',
  model: 'MiniMax-M3',
  outcome: 'ok',
  usage: { output_tokens: 4, input_tokens: 9 },
  charged: '0.0000123',
  estimated: false,
  state: 'settled',
}
const NOTHING = { usage: {}, charged: '0' }
const FAILED = { failure: { code: 1026, status: 200 }, usage: {} }
const video = (state: NonNullable<Accepted['task']>['state']): Partial<Accepted> => ({
  operation: 'video.create',
  usage: { videos: 1 },
  task: { id: '1', state },
})
const FILMED: Partial<BookRow> = { operation: 'video.create', usage: { videos: 1 } }

function counts(
  accepts: readonly Accepted[],
  rows: readonly BookRow[],
  markers?: Map<string, string>,
): number[] {
  const { missing, doubled, differing } = reconcile(accepts, rows, markers)
  return [missing.length, doubled.length, differing.length]
}

const usages = fc.record({
  input_tokens: fc.integer({ min: 1, max: 3 }),
  output_tokens: fc.integer({ min: 1, max: 3 }),
})
const operations = fc.constantFrom('chat.openai', 'chat.native', 'chat.anthropic')
const books = fc
  .array(fc.tuple(operations, usages, fc.constantFrom('ok', 'failed', 'left')), {
    minLength: 1,
    maxLength: 40,
  })
  .map((calls) => ({
    accepts: calls.map(([operation, usage, end], at): Accepted => ({
      ...ACCEPTED,
      seq: at + 1,
      operation,
      usage,
      ...(end === 'failed' ? FAILED : {}),
      ...(end === 'left' ? { sent: 'part' } : {}),
    })),
    rows: calls.map(([operation, usage, end], at): BookRow => ({
      ...ROW,
      requestId: `r${at}`,
      operation,
      usage,
      ...(end === 'failed' ? { ...NOTHING, outcome: 'provider_rejected' } : {}),
      ...(end === 'left' ? { outcome: 'caller_gone', estimated: true, usage: { input_tokens: 50 } } : {}),
    })),
  }))
  .chain(({ accepts, rows }) =>
    fc.record({
      accepts: fc.constant(accepts),
      rows: fc.shuffledSubarray(rows, { minLength: rows.length, maxLength: rows.length }),
      at: fc.nat({ max: rows.length - 1 }),
    }),
  )

describe('whatever was called, in whatever order it is listed', () => {
  test('books that are right have no differences', () => {
    fc.assert(
      fc.property(books, ({ accepts, rows }) => {
        expect(counts(accepts, rows)).toEqual([0, 0, 0])
      }),
    )
  })

  test('a row that is dropped is missing', () => {
    fc.assert(
      fc.property(books, ({ accepts, rows, at }) => {
        expect(counts(accepts, rows.toSpliced(at, 1))).toEqual([1, 0, 0])
      }),
    )
  })

  test('a row that stands twice is doubled', () => {
    fc.assert(
      fc.property(books, ({ accepts, rows, at }) => {
        const twice = rows.slice(at, at + 1)
        expect(counts(accepts, [...rows, ...twice])).toEqual([0, 1, 0])
      }),
    )
  })

  test('a call that is counted twice under two ids is doubled', () => {
    fc.assert(
      fc.property(books, ({ accepts, rows, at }) => {
        const [row] = rows.slice(at)
        if (row?.outcome !== 'ok') return
        expect(counts(accepts, [...rows, { ...row, requestId: 'again' }])).toEqual([0, 1, 0])
      }),
    )
  })

  test('a usage that is changed is differing', () => {
    fc.assert(
      fc.property(books, ({ accepts, rows, at }) => {
        const changed = rows.map((row, index) =>
          index === at ? { ...row, usage: { output_tokens: 77 } } : row,
        )
        const isTold = rows[at]?.estimated === false
        expect(counts(accepts, changed)).toEqual([0, 0, isTold ? 1 : 0])
      }),
    )
  })
})

describe('a row and an accepted call', () => {
  const cases: readonly [string, Partial<Accepted>, Partial<BookRow>, boolean][] = [
    [
      'of an answer cut short may cost nothing',
      { sent: 'part' },
      { ...NOTHING, outcome: 'provider_disconnected' },
      true,
    ],
    [
      'of an answer cut short may cost a part',
      { sent: 'part' },
      { usage: { input_tokens: 9 }, outcome: 'gateway_interrupted' },
      true,
    ],
    [
      'of an answer cut short may book the prompt as cached',
      { sent: 'part' },
      { usage: { cached_tokens: 9 }, outcome: 'gateway_interrupted' },
      true,
    ],
    [
      'never cost more than was told',
      { sent: 'part' },
      { usage: { input_tokens: 10 }, outcome: 'gateway_interrupted' },
      false,
    ],
    ['of an answer that told its usage is not estimated', {}, { estimated: true }, false],
    [
      'of an answer that told nothing is estimated',
      { told: false },
      { estimated: true, usage: { input_tokens: 8 } },
      true,
    ],
    ['of a failure cost nothing', FAILED, { ...NOTHING, outcome: 'provider_rejected' }, true],
    ['of a failure are not ok', FAILED, NOTHING, false],
    ['of a failure are not charged', FAILED, { usage: {}, outcome: 'provider_rejected' }, false],
    ['of two models are not one', {}, { model: 'MiniMax-M2.7' }, false],
    ['may name the model that was asked for', { model: 'MiniMax-M3', asked: 'x' }, { model: 'x' }, true],
    ['that is open is not settled', {}, { state: 'open', outcome: null }, false],
    ['of nothing used is not charged', { usage: {} }, { usage: {} }, false],
    ['of a task that succeeded cost what it makes', video('succeeded'), FILMED, true],
    ['of a task wait for it', video('running'), { ...FILMED, ...NOTHING, state: 'pending' }, true],
    ['of a task are not charged before its end', video('running'), FILMED, false],
    ['of a task are not charged while they wait', video('running'), { ...FILMED, state: 'pending' }, false],
    [
      'of a task that failed cost nothing',
      video('failed'),
      { ...FILMED, ...NOTHING, outcome: 'provider_error' },
      true,
    ],
    [
      'of a task that failed are not charged',
      video('failed'),
      { ...FILMED, outcome: 'provider_error' },
      false,
    ],
    ['without a task do not wait', {}, { ...NOTHING, state: 'pending' }, false],
  ]

  test.each(cases)('%s', (_name, accepted, row, isRight) => {
    expect(counts([{ ...ACCEPTED, ...accepted }], [{ ...ROW, ...row }])).toEqual([0, 0, isRight ? 0 : 1])
  })
})

test('a row of nothing that was accepted is right only where the call may not have arrived, and costs nothing', () => {
  expect(counts([], [{ ...ROW, ...NOTHING, outcome: 'gateway_interrupted' }])).toEqual([0, 0, 0])
  expect(counts([], [{ ...ROW, outcome: 'gateway_interrupted' }])).toEqual([0, 1, 0])
  expect(counts([], [{ ...ROW, ...NOTHING, outcome: 'caller_over_budget' }])).toEqual([0, 1, 0])
  expect(counts([], [ROW])).toEqual([0, 1, 0])
})

test('a call that MiniMax did not take on and that was sent again has one row', () => {
  const first: Accepted = { ...ACCEPTED, failure: { code: 1002, status: 429 }, usage: {} }
  expect(counts([first, { ...ACCEPTED, seq: 2 }], [ROW])).toEqual([0, 0, 0])
  expect(counts([first], [])).toEqual([1, 0, 0])
})

test("the gateway's own questions about tasks have no rows", () => {
  expect(counts([{ ...ACCEPTED, operation: 'video.query', usage: {} }], [])).toEqual([0, 0, 0])
})

test('where it is known which row is whose, a swap of two usages shows', () => {
  const other = { usage: { input_tokens: 1 } }
  const accepts = [
    { ...ACCEPTED, marker: 'mark-1' },
    { ...ACCEPTED, seq: 2, marker: 'mark-2', ...other },
  ]
  const rows = [
    { ...ROW, ...other },
    { ...ROW, requestId: 'b' },
  ]
  expect(counts(accepts, rows)).toEqual([0, 0, 0])
  const known = new Map([
    ['a', 'mark-1'],
    ['b', 'mark-2'],
  ])
  expect(counts(accepts, rows, known)).toEqual([0, 0, 2])
})

test('differences are told in a line each, and not without end', () => {
  const lines = describeDifferences(reconcile([ACCEPTED], []))
  expect(lines).toEqual(['missing: #1 chat.openai MiniMax-M3 {input_tokens=9 output_tokens=4} whole'])
  const many = Array.from({ length: 30 }, (_, at) => ({ ...ROW, requestId: `r${at}` }))
  expect(describeDifferences(reconcile([], many)).at(-1)).toBe('and 10 more')
})

test('rows that are open are waited for, and not for ever', async () => {
  const open = { ...ROW, state: 'open', outcome: null, usage: {} }
  let reads = 0
  const rows = (): Promise<BookRow[]> => Promise.resolve([++reads < 3 ? open : ROW])
  const differences = await reconcileBooks({ rows, accepts: () => [ACCEPTED] })
  expect(describeDifferences(differences)).toEqual([])
  expect(reads).toBe(3)
  const never = reconcileBooks({ rows: () => Promise.resolve([open]), accepts: () => [], timeoutMs: 30 })
  await expect(never).rejects.toThrow('1 rows are still open')
})

test('a row that may stand alone takes no accepted call from one that may not', () => {
  const upload = { operation: 'files.upload', asked: '', model: '', usage: {}, told: false } as const
  const row = { ...ROW, ...NOTHING, operation: 'files.upload', model: '' }
  const interrupted = { ...row, requestId: 'a', outcome: 'gateway_interrupted' }
  expect(counts([{ ...ACCEPTED, ...upload }], [interrupted, { ...row, requestId: 'b' }])).toEqual([0, 0, 0])
})
