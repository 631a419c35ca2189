import fc from 'fast-check'
import { DAY, HOUR, type LimiterKit } from './limiter-kit.ts'

/** What the gateway does to a limiter, and what happens around it. */
export type Step =
  | {
      readonly kind: 'reserve'
      readonly token: number
      readonly amount: number
      readonly images: number
      readonly isPrepaid: boolean
      readonly isFree: boolean
    }
  | { readonly kind: 'settle' | 'extend' | 'keep'; readonly which: number; readonly amount: number }
  | { readonly kind: 'release' | 'end' | 'again'; readonly which: number }
  | { readonly kind: 'reads'; readonly how: LimiterKit['reads'] }
  | { readonly kind: 'answer'; readonly isAnswered: boolean; readonly count: number }
  | { readonly kind: 'give' | 'pass' | 'jump'; readonly amount: number }

const amount = fc.nat(5)
const which = fc.nat(30)

const reserve = fc.record({
  kind: fc.constant('reserve' as const),
  token: fc.nat(2),
  amount,
  images: fc.nat(2),
  isPrepaid: fc.boolean(),
  isFree: fc.boolean(),
})

const steady: fc.WeightedArbitrary<Step>[] = [
  { weight: 8, arbitrary: reserve },
  {
    weight: 7,
    arbitrary: fc.record({ kind: fc.constantFrom('settle' as const, 'extend', 'keep'), which, amount }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('release' as const, 'end', 'again'), which }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('reads' as const),
      how: fc.constantFrom('answer' as const, 'wait', 'wait', 'fail'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      isAnswered: fc.boolean(),
      count: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('give' as const), amount }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      amount: fc.constantFrom(1, HOUR / 3, HOUR, DAY),
    }),
  },
]

const jump: fc.WeightedArbitrary<Step> = {
  weight: 2,
  arbitrary: fc.record({
    kind: fc.constant('jump' as const),
    amount: fc.constantFrom(-31 * DAY, -DAY, -HOUR, -1, HOUR, DAY, 31 * DAY),
  }),
}

export const steadySteps = fc.array(fc.oneof(...steady), { maxLength: 30 })
export const jumpingSteps = fc.array(fc.oneof(...steady, jump), { maxLength: 30 })
