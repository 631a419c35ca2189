import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Renamer } from '../../src/lib/rename.ts'

const FROM = 'uaab_name'
const text = fc
  .array(fc.constantFrom(FROM, 'u', 'ua', 'uaa', '_name', 'x', '"'))
  .map((parts) => parts.join(''))

test('bytes are replaced wherever they stand, however the answer is cut', () => {
  fc.assert(
    fc.property(text, fc.array(fc.nat(80)), (whole, cuts) => {
      const renamer = new Renamer({ from: Buffer.from(FROM), to: Buffer.from('mine') })
      const edges = [0, ...cuts.map((cut) => Math.min(cut, whole.length)).sort((a, b) => a - b), whole.length]
      const parts = edges
        .slice(1)
        .map((end, at) => Buffer.from(renamer.push(Buffer.from(whole.slice(edges[at], end)))).toString())
      expect(parts.join('') + renamer.end(Buffer.alloc(0)).toString()).toBe(whole.replaceAll(FROM, 'mine'))
    }),
    { numRuns: 500 },
  )
})

test('a piece without them is passed on as it is', () => {
  const renamer = new Renamer({ from: Buffer.from(FROM), to: Buffer.from('mine') })
  const piece = Buffer.from('{"status":2}')
  expect(renamer.push(piece)).toBe(piece)
})
