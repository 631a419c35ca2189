import fc from 'fast-check'
import { describe, it } from 'vitest'
import { MemoryLimiter } from '../../src/limits/memory.ts'
import { LimiterModel } from './limiter-model.ts'
import { jumpingSteps, steadySteps, type Step } from './limiter-steps.ts'

/** So few subjects that they are forgotten and read again all the time, or enough of them. */
const maxSubjects = fc.constantFrom(1, 2, 100)

/** Of each property; so many that they take some seconds, and on a busy machine many more. */
const RUNS = 5_200
const SLOW = 120_000

async function run(steps: readonly Step[], most: number, isSteady: boolean): Promise<void> {
  const model = new LimiterModel((parts) => new MemoryLimiter({ ...parts, maxSubjects: most }))
  for (const step of steps) {
    if (isSteady && step.kind === 'reserve') await model.step({ ...step, isFree: false })
    else await model.step(step)
    if (isSteady) model.checkBudgets()
  }
  await model.finish()
}

describe('a limiter, whatever happens, whenever the books answer or fail', () => {
  it(
    'never spends and holds more than a hard budget, and holds nothing in the end',
    async () => {
      await fc.assert(
        fc.asyncProperty(steadySteps, maxSubjects, async (steps, most) => run(steps, most, true)),
        { numRuns: RUNS },
      )
    },
    SLOW,
  )

  it(
    'decides by what the books and the calls under way say, also when the clock steps',
    async () => {
      await fc.assert(
        fc.asyncProperty(jumpingSteps, maxSubjects, async (steps, most) => run(steps, most, false)),
        { numRuns: RUNS },
      )
    },
    SLOW,
  )
})
