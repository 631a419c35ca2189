import fc from 'fast-check'
import type { LedgerChange } from '../../src/store/store.ts'
import { aBill, anEnd, anOpening, aSettlement, aTask, HOUR, START } from './ledger-kit.ts'

/** Enough of them that many are settled in one sequence, early and late. */
const CALLS = 24

const KINDS = ['open', 'open', 'progress', 'settle', 'settle', 'pend', 'end', 'poll'] as const

/** One change of one of a few calls, some time after the one before. */
interface Step {
  readonly kind: (typeof KINDS)[number]
  readonly call: number
  readonly minutes: number
  readonly quantity: number
  readonly charged: bigint
  readonly outcome: 'ok' | 'caller_gone' | 'provider_error'
  readonly endsBatch: boolean
}

/** Changes of calls in any order, over a few days, in batches of any size. */
export function sequences(): fc.Arbitrary<readonly Step[]> {
  const step = fc.record({
    kind: fc.constantFrom(...KINDS),
    call: fc.integer({ min: 0, max: CALLS - 1 }),
    minutes: fc.oneof(fc.constant(0), fc.integer({ min: -90, max: 200 }), fc.integer({ min: 0, max: 2000 })),
    quantity: fc.integer({ min: 0, max: 1_000_000_000 }),
    charged: fc.bigInt({ min: 0n, max: 2n ** 56n }),
    outcome: fc.constantFrom('ok', 'caller_gone', 'provider_error'),
    endsBatch: fc.boolean(),
  })
  return fc.array(step, { maxLength: 80 })
}

function idOf(call: number): string {
  return `${START.toString(16).padStart(12, '0')}700080000000000000${call.toString(16).padStart(2, '0')}`
}

function ownerOf(call: number) {
  return {
    userId: `user ${call % 3}`,
    tokenId: `token ${call % 5}`,
    sessionId: call % 4 === 0 ? '' : `session ${call % 4}`,
    // A name may have slashes, and two users' apps may give the same.
    endUser: call % 2 === 0 ? '' : `end/user ${call % 3 === 0 ? 0 : 1}`,
    model: `model ${call % 2}`,
    currency: call === 0 ? 'CNY' : 'USD',
  }
}

function changeFrom({ kind, call, quantity, charged, outcome }: Step, at: number): LedgerChange {
  const requestId = idOf(call)
  const owner = ownerOf(call)
  const bill = aBill({
    usage: { input_tokens: quantity, audio_seconds: quantity / 1000 },
    charged,
    list: charged * 2n,
    currency: owner.currency,
    estimated: quantity % 2 === 1,
  })
  const settlement = aSettlement({ ...bill, ...owner, requestId, outcome, settledAt: at })
  const name = { taskId: `task ${call % 4}`, upstreamKey: 'main' }
  switch (kind) {
    case 'open':
      return { kind, opening: anOpening({ ...owner, requestId, at: START }) }
    case 'progress':
      return { kind, requestId, bill }
    case 'settle':
      return { kind, settlement }
    case 'pend':
      return { kind, settlement, task: aTask({ ...owner, ...name, requestId, bill }) }
    case 'end':
      return anEnd({ ...name, bill, outcome, at })
    case 'poll':
      return { kind, ...name, polls: quantity, nextPollAt: at }
  }
}

/** A call of its own, opened and settled. */
function wholeCall(call: number, at: number): readonly LedgerChange[] {
  const requestId = idOf(call)
  return [
    { kind: 'open', opening: anOpening({ requestId }) },
    { kind: 'settle', settlement: aSettlement({ requestId, settledAt: at }) },
  ]
}

/**
 * The changes in the batches in which they are written. Some calls are open from the beginning; at the end one is settled
 * hours after all others, so that every hour before it is over and what came late stands in a table of totals.
 */
export function changesFrom(steps: readonly Step[]): readonly (readonly LedgerChange[])[] {
  const batches: LedgerChange[][] = [
    Array.from({ length: CALLS / 2 }, (_, half) => ({
      kind: 'open',
      opening: anOpening({ ...ownerOf(half * 2), requestId: idOf(half * 2) }),
    })),
  ]
  let at = START + HOUR
  let latest = at
  for (const step of steps) {
    at += step.minutes * 60_000
    latest = Math.max(latest, at)
    batches.at(-1)?.push(changeFrom(step, at))
    if (step.endsBatch) batches.push([])
  }
  for (const [index, hours] of [3, 1, 6].entries())
    batches.push([...wholeCall(CALLS + index, latest + hours * HOUR)])
  return batches
}
