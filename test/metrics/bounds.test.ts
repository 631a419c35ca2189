import { expect, it } from 'vitest'
import { Call } from '../../src/call.ts'
import { OUTCOMES } from '../../src/errors.ts'
import { Metrics } from '../../src/metrics/metrics.ts'
import { OPERATIONS } from '../../src/minimax/catalog.ts'
import { MODELS } from '../../src/minimax/models.ts'
import { UNITS } from '../../src/minimax/units.ts'

const JUNK = 100_000
const clock = { now: () => 0, monotonic: () => 0 }
const KNOWN = [...MODELS]

/** The value of a series or family: how much of it there is over all labels. */
function sum(lines: readonly string[], family: string): number {
  return lines
    .filter((line) => line.startsWith(`minimax_gateway_${family}{`))
    .reduce((all, line) => all + Number(line.slice(line.lastIndexOf(' '))), 0)
}

it('100,000 junk models, users and tokens leave at most 5,000 series, and no count is lost', async () => {
  const metrics = new Metrics()
  for (let at = 0; at < JUNK; at++) {
    const operation = OPERATIONS[at % OPERATIONS.length] ?? OPERATIONS[0]
    if (operation === undefined) throw new Error('there are no operations')
    const call = new Call('r', operation, '', clock, (ended) => metrics.finish(ended))
    // Half is made up; the other half is everything that is known, in every combination.
    call.model = at % 2 === 0 ? `junk-${at}` : (KNOWN[at % KNOWN.length] ?? '')
    call.caller = {
      userId: `user-${at % 3 === 0 ? at : at % 60}`,
      tokenId: `token-${at}`,
      kind: 'server',
      sessionId: '',
      endUser: '',
      expiresAt: Infinity,
    }
    call.providerCode = at
    const usage = { [UNITS[at % UNITS.length] ?? '']: 1 }
    call.bill = { usage, list: 2n, charged: 1n, currency: 'USD', estimated: false }
    metrics.begin(operation.name)
    call.finish(OUTCOMES[Math.floor(at / 7) % OUTCOMES.length] ?? 'ok')
  }
  const lines = (await metrics.exposition()).text.split('\n').filter((line) => /^[a-z]/.test(line))
  expect(lines.length).toBeLessThanOrEqual(5_000)
  expect(sum(lines, 'usage_total')).toBe(JUNK)
  expect(sum(lines, 'requests_total')).toBe(JUNK)
  expect(sum(lines, 'charged_usd_total')).toBeCloseTo(JUNK / 1e9, 12)
})
