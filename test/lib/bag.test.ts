import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bag } from '../../src/lib/bag.ts'

interface Item {
  slot: number
  readonly name: number
}

const item = (name: number): Item => ({ slot: -1, name })

function contents(bag: Bag<Item>): number[] {
  const seen: number[] = []
  bag.forEach(({ name }) => seen.push(name))
  return seen.sort((a, b) => a - b)
}

describe('a bag', () => {
  it('holds what a set would, whatever comes and goes in whatever order', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(20))), (steps) => {
        const items = Array.from({ length: 21 }, (_, name) => item(name))
        const bag = new Bag<Item>()
        const set = new Set<Item>()
        for (const [isAdding, at] of steps) {
          const one = items[at]
          if (one === undefined) continue
          if (isAdding) {
            bag.add(one)
            set.add(one)
          } else expect(bag.delete(one)).toBe(set.delete(one))
          expect(bag.size).toBe(set.size)
        }
        expect(contents(bag)).toEqual([...set].map(({ name }) => name).sort((a, b) => a - b))
      }),
    )
  })

  it('visits each item once, also when the visit takes it out', () => {
    const bag = new Bag<Item>()
    for (let name = 0; name < 5; name++) bag.add(item(name))
    const seen: number[] = []
    bag.forEach((one) => {
      seen.push(one.name)
      bag.delete(one)
    })
    expect(seen.sort()).toEqual([0, 1, 2, 3, 4])
    expect(bag.size).toBe(0)
  })

  it('leaves alone an item of another bag', () => {
    const mine = new Bag<Item>()
    const other = new Bag<Item>()
    const one = item(1)
    other.add(one)
    expect(mine.delete(one)).toBe(false)
    expect(other.size).toBe(1)
  })
})
