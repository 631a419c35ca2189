import type { Outcome } from '../errors.ts'
import { estimate, type Billing, type CallFacts, type Reading } from '../minimax/meters.ts'
import type { Usage } from '../minimax/units.ts'

/** What a call is billed for. */
export interface Consumption {
  readonly usage: Usage
  readonly estimated: boolean
}

const NOTHING: Consumption = { usage: {}, estimated: false }

/** Ends in which MiniMax itself said no: it bills nothing for them. */
const REFUSALS: ReadonlySet<Outcome> = new Set([
  'provider_rejected',
  'provider_rate_limited',
  'provider_account',
  'provider_error',
])

/** What decides about a consumption. */
export interface Consumed {
  readonly billing: Billing
  readonly outcome: Outcome
  readonly reading: Reading
  /** Whether several things were asked for one after the other: each was billed when it was done. */
  readonly isSession: boolean
  /** Whether any of the answer has come. */
  readonly hasBegun: boolean
  /** What the request says about its cost; read only where the answer does not say enough. */
  readonly facts: () => CallFacts
}

/** Whether an answer was whole and had nothing in it: no document, no event. */
function isEmpty({ usage, delivered, isReadable }: Reading): boolean {
  return usage === null && delivered.frames === 0 && delivered.bytes === 0 && isReadable
}

/**
 * What a call is billed for (DESIGN 6): the usage that MiniMax reported. Where it reported none, an answer that was
 * whole or that its caller left is estimated, since MiniMax bills these, unless there was nothing in it at all; every
 * other end without a report costs nothing, and so does whatever MiniMax refused; of a session, only what had not been
 * done before. A session that ends by its caller's doing is billed what was sent, or it would be cheap to end it so.
 */
export function consumptionOf({
  billing,
  outcome,
  reading,
  isSession,
  hasBegun,
  facts,
}: Consumed): Consumption {
  if (billing === 'nothing' || billing === 'state') return NOTHING
  if (reading.failure !== undefined || REFUSALS.has(outcome)) {
    return isSession && reading.usage !== null ? { usage: reading.usage, estimated: false } : NOTHING
  }
  if (outcome === 'ok' && isEmpty(reading)) return NOTHING
  if (reading.usage !== null && reading.isComplete) return { usage: reading.usage, estimated: false }
  const isCallers = isSession ? outcome.startsWith('caller_') : outcome === 'caller_gone' && hasBegun
  if (outcome === 'ok' || isCallers) {
    const usage = estimate(reading, facts())
    return { usage, estimated: Object.keys(usage).length > 0 }
  }
  return { usage: reading.usage ?? {}, estimated: false }
}
