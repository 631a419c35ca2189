import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Chain, type Link } from '../../src/lib/chain.ts'

describe('a chain', () => {
  it('keeps what it holds in order, as a list does', () => {
    const step = fc.oneof(fc.constant(null), fc.constant('rotate' as const), fc.nat({ max: 50 }))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const chain = new Chain<number>()
        const links: Link<number>[] = []
        const model: number[] = []
        for (const given of steps) {
          if (given === null) {
            model.push(links.length)
            links.push(chain.push(links.length))
          } else if (given === 'rotate') {
            chain.rotate()
            model.push(...model.splice(0, 1))
          } else {
            const link = links[given]
            // Some are out already, which is nothing.
            if (link !== undefined) chain.remove(link)
            const at = model.indexOf(given)
            if (at >= 0) model.splice(at, 1)
          }
          expect([chain.size, chain.first]).toEqual([model.length, model[0]])
        }
        for (const item of model) {
          expect(chain.first).toBe(item)
          const link = links[item]
          if (link !== undefined) chain.remove(link)
        }
        expect([chain.size, chain.first]).toEqual([0, undefined])
      }),
    )
  })
})
