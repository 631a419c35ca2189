import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isBefore, NOWHERE, Priority, type Ranked } from '../../src/lib/priority.ts'

type Step =
  | { readonly kind: 'push'; readonly rank: number }
  | { readonly kind: 'remove' | 'move'; readonly which: number; readonly rank: number }

const rank = fc.integer({ min: 0, max: 20 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('push' as const), rank }),
  fc.record({ kind: fc.constantFrom('remove' as const, 'move' as const), which: fc.nat(), rank }),
)

it('the first is always the one of the least rank, and of equals the one that came first', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new Priority<Ranked>()
      const items: Ranked[] = []
      steps.forEach((given, order) => {
        if (given.kind === 'push') {
          const item = { rank: given.rank, order, place: NOWHERE }
          items.push(item)
          heap.push(item)
        } else {
          const at = given.which % Math.max(1, items.length)
          const item = items[at]
          if (item === undefined) return
          if (given.kind === 'remove') {
            heap.remove(item)
            heap.remove(item)
            items.splice(at, 1)
          } else {
            item.rank = given.rank
            heap.moved(item)
          }
        }
        expect(heap.first).toBe([...items].sort((a, b) => (isBefore(a, b) ? -1 : 1))[0])
      })
    }),
    { numRuns: 1_000 },
  )
})
