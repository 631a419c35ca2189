import { expect, test } from 'vitest'
import { crash } from './run.ts'

const LIMIT_MS = 150_000

test(
  'a gateway that is killed under load loses no answer and counts none twice',
  async () => {
    const seed = Date.now() % 1_000_000_007
    const lines: string[] = []
    const result = await crash({ kills: 8, seconds: 40, seed, workers: 8 }, (line) => lines.push(line))
    expect(result.breaches, `seed ${seed}\n${lines.join('\n')}`).toEqual([])
    expect(result.kills).toBeGreaterThan(0)
    expect(result.whole).toBeGreaterThan(0)
    expect(result.rows).toBeGreaterThanOrEqual(result.whole)
  },
  LIMIT_MS,
)
