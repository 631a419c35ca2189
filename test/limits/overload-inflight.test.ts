import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/errors.ts'
import { Overload } from '../../src/limits/overload.ts'

function overloadOf(maxInflight: number): { readonly overload: Overload; readonly refusals: string[] } {
  const refusals: string[] = []
  const overload = new Overload({
    maxInflight,
    delayMs: 0,
    clock: { now: () => 0, monotonic: () => 0 },
    refused: (kind) => void refusals.push(kind),
  })
  return { overload, refusals }
}

/** @returns the error with which a request is refused; null: it is not */
function tryOne(overload: Overload): GatewayError | null {
  overload.begin(0)
  try {
    overload.checkInflight()
    return null
  } catch (error) {
    overload.end()
    if (error instanceof GatewayError) return error
    throw error
  }
}

describe('requests under way', () => {
  it('are as many as allowed and not one more', () => {
    const { overload, refusals } = overloadOf(3)
    expect(Array.from({ length: 5 }, () => tryOne(overload) === null)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ])
    expect(refusals).toEqual(['inflight', 'inflight'])
    overload.end()
    expect([tryOne(overload), tryOne(overload)?.code]).toEqual([null, 'overloaded'])
  })

  it('have no limit where it is 0', () => {
    const { overload } = overloadOf(0)
    for (let count = 0; count < 100_000; count++) expect(tryOne(overload)).toBeNull()
  })

  it('are refused with 503 and the seconds after which to come back', () => {
    const { overload } = overloadOf(1)
    tryOne(overload)
    const errors = Array.from({ length: 200 }, () => tryOne(overload))
    for (const error of errors) expect([error?.status, error?.outcome]).toEqual([503, 'gateway_overloaded'])
    // Not all after the same time, or they would come back together.
    expect([...new Set(errors.map((error) => error?.retryAfter))].sort()).toEqual([1, 2, 3, 4])
  })
})
